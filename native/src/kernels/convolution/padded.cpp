#include "kernels/convolution/padded.h"

#include <algorithm>

#include "core/division.h"
#include "core/parallel.h"

namespace conv4j {

Padded::Padded(const Problem& problem, const Steps& from, const Sides& sides, int64_t channels, int64_t step)
    : problem_(problem), from_(from), sides_(sides), channels_(channels), group_(step) {
  for (int i : {2, 1, 0}) {
    steps_[i] = group_;
    group_ *= ceil_div(sides[i].count, sides[i].phases);
  }
  for (int i : {2, 1, 0}) {
    phase_steps_[i] = group_;
    group_ *= sides[i].phases;
  }
}

void Padded::copy(const float* from, int64_t images, float* to) const {
  const Side &d = sides_[0], &h = sides_[1], &w = sides_[2];
  const int64_t length = ceil_div(w.count, w.phases), step = steps_[2];
  // A row of one phase is one run.
  const bool is_whole = problem_.groups == 1 && w.phases == 1 && step == channels_;
  parallel_for(images * d.count * h.count, [&](int64_t unit) {
    const int64_t at_height = take_digit(unit, h.count), at_depth = take_digit(unit, d.count);
    const int64_t height = at_height + h.begin, depth = at_depth + d.begin;
    const bool is_inside = height >= 0 && height < h.size && depth >= 0 && depth < d.size;
    const float* const row = from + unit * from_.image + depth * from_.axis[0] + height * from_.axis[1];
    float* const rows = to + unit * image() + offset(0, at_depth) + offset(1, at_height);
    for (int64_t g = 0; g < problem_.groups; ++g) {
      for (int64_t phase = 0; phase < w.phases; ++phase) {
        float* const line = rows + g * group_ + phase * phase_steps_[2];
        const int64_t first = phase + w.begin;  // the line's first position
        const int64_t begin = is_inside ? std::clamp<int64_t>(ceil_div(-first, w.phases), 0, length) : length;
        const int64_t end = is_inside ? std::clamp(ceil_div(w.size - first, w.phases), begin, length) : length;
        const float* const at = row + (first + begin * w.phases) * from_.axis[2] + g * channels_;
        std::fill_n(line, begin * step, 0.0f);
        if (is_whole) {
          std::copy_n(at, (end - begin) * step, line + begin * step);
        } else {
          problem_.kernels.copy(at, w.phases * from_.axis[2], from_.axis[1], end - begin, channels_,
                                line + begin * step, step);
        }
        std::fill(line + end * step, line + length * step, 0.0f);
      }
    }
  });
}

}  // namespace conv4j
