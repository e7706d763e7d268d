#include "kernels/convolution/problem.h"

#include <algorithm>
#include <array>

#include "kernels/dispatch.h"

namespace conv4j {

namespace {

Steps steps_of(int64_t channels, int64_t depth, int64_t height, int64_t width) {
  return {{height * width * channels, width * channels, channels}, depth * height * width * channels};
}

// Layouts are the same for all instruction sets.
constexpr int64_t kWidest = 16;

// Output channels in the lanes unless input channels fill them clearly better; where groups leave too few of both, all
// channels of all groups.
Layout::Order order_of(const Geometry& geometry) {
  const int64_t ic = geometry.ic / geometry.groups;
  const int64_t oc = geometry.oc / geometry.groups;
  if (geometry.groups > 1 && ic < 8 && oc < 8) return Layout::Order::kGroupsInner;
  const double full = fullness(oc, kWidest);
  return full < 0.7 && fullness(ic, kWidest) > full ? Layout::Order::kIcInner : Layout::Order::kOcInner;
}

}  // namespace

Problem::Problem(const Geometry& g, DataType type, Isa isa, int thread_count, int64_t wanted_panel)
    : geometry(g),
      weights_type(type),
      kernels(kernels_of(isa)),
      threads(thread_count),
      order(order_of(g)),
      panel(wanted_panel) {
  const bool bf16 = weights_type == DataType::kBf16;
  weight_bytes = bf16 ? sizeof(Bf16) : sizeof(float);
  gemm = bf16 ? kernels.gemm_bf16 : kernels.gemm;
  dot = bf16 ? kernels.dot_bf16 : kernels.dot;
  dot_slide = bf16 ? kernels.dot_slide_bf16 : kernels.dot_slide;
  channelwise = bf16 ? kernels.channelwise_bf16 : kernels.channelwise;
  channelwise_slide = bf16 ? kernels.channelwise_slide_bf16 : kernels.channelwise_slide;
  n = std::max<int64_t>(g.n, 1);  // A plan of an empty batch never runs.
  dots_keep_up = loads_keep_up(isa);
  const std::array<Axis, 3> all = g.three_axes();
  std::copy(all.begin(), all.end(), axes);
  groups = g.groups;
  ic = g.ic / groups;
  oc = g.oc / groups;
  taps = axes[0].kernel * axes[1].kernel * axes[2].kernel;
  src = steps_of(g.ic, axes[0].input, axes[1].input, axes[2].input);
  dst = steps_of(g.oc, axes[0].output, axes[1].output, axes[2].output);
  const PackedSteps steps = packed_steps(order, groups, oc, ic, taps);
  weights_kernel = steps.kernel;
  weights_group = steps.group;
  weights_tap = steps.tap;
}

}  // namespace conv4j
