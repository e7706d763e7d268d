#include "kernels/convolution/spread.h"

#include "core/parallel.h"

namespace conv4j {

Spread::Spread(const Problem& problem)
    : problem_(problem), is_needed_(problem.ic > 1 || problem.oc > 1), steps_(problem.src) {
  if (!is_needed_) return;
  const int64_t channels = problem.geometry.ic, spread = problem.ic * problem.geometry.oc;
  steps_.image = steps_.image / channels * spread;
  for (int64_t& step : steps_.axis) step = step / channels * spread;
}

const float* Spread::of(const float* src, float* to) const {
  if (!is_needed_) return src;
  const Problem& p = problem_;
  const int64_t width = p.axes[2].input;
  parallel_for(p.n * p.axes[0].input * p.axes[1].input, [&](int64_t row) {
    for (int64_t x = row * width; x < (row + 1) * width; ++x) {
      const float* from = src + x * p.geometry.ic;
      float* next = to + x * steps_.axis[2];
      for (int64_t i = 0; i < p.ic; ++i) {
        for (int64_t g = 0; g < p.groups; ++g) {
          for (int64_t o = 0; o < p.oc; ++o) *next++ = from[g * p.ic + i];
        }
      }
    }
  });
  return to;
}

}  // namespace conv4j
