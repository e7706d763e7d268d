#include "kernels/convolution/start.h"

#include "core/parallel.h"

namespace conv4j {

Start::Start(const Problem& problem) : problem_(problem) {
  const Geometry& geometry = problem.geometry;
  is_turned_ = !geometry.transposed && (geometry.bias == BiasMode::kKernel || geometry.bias == BiasMode::kPosition);
  if (is_turned_) kernels_or_positions_ = elements(geometry.bias_dims()) / geometry.oc;
}

Start::Values Start::of(const Call& call, float* turned) const {
  if (call.add) return {call.dst, 0, 0, true};
  if (call.bias == nullptr || !is_turned_) return {call.bias, 0, 0, false};
  const Geometry& geometry = problem_.geometry;
  const int64_t count = kernels_or_positions_;
  const float* bias = call.bias;
  parallel_for(count, [&](int64_t i) {
    for (int64_t c = 0; c < geometry.oc; ++c) turned[i * geometry.oc + c] = bias[c * count + i];
  });
  const int64_t step = count == 1 ? 0 : geometry.oc;
  const bool per_kernel = geometry.bias == BiasMode::kKernel;
  return {turned, per_kernel ? step : 0, per_kernel ? 0 : step, false};
}

void Start::set(const Values& values, const Where& where, int64_t own, int64_t kernel_step, Tile& tile) const {
  if (values.base == nullptr) return;
  if (values.in_place) {
    tile.init = values.base + own;
    tile.init_row = tile.c_row;
    tile.init_next = tile.c_next;
    return;
  }
  if (values.kernel == 0 && values.position == 0) {
    tile.init = values.base;
    tile.init_row = tile.init_next = 0;
    return;
  }
  const int64_t kernel = problem_.kernel_index(where.axis[0]->kernel, where.axis[1]->kernel, where.axis[2]->kernel);
  const int64_t position = quotient(remainder(own, problem_.dst.image), problem_.geometry.oc);
  tile.init = values.base + kernel * values.kernel + position * values.position;
  const int64_t moves = tile.c_next / problem_.geometry.oc;
  tile.init_next = tile.b_next / kernel_step * values.kernel + moves * values.position;
  tile.init_row = where.rows == 3 ? 0 : tile.c_row / problem_.geometry.oc * values.position;
}

}  // namespace conv4j
