// A convolution with the numbers that its passes share.
#ifndef CONV4J_KERNELS_CONVOLUTION_PROBLEM_H_
#define CONV4J_KERNELS_CONVOLUTION_PROBLEM_H_

#include <algorithm>
#include <cstdint>

#include "core/cpu.h"
#include "core/geometry.h"
#include "core/layout.h"
#include "kernels/kernels.h"

namespace conv4j {

// Steps of channels-last activations, in elements.
struct Steps {
  int64_t axis[3];
  int64_t image;
};

// Three axes: those that the convolution lacks come first and have size 1.
struct Problem {
  using Order = Layout::Order;

  Problem(const Geometry& geometry, DataType weights_type, Isa isa, int threads, int64_t panel);

  int64_t kernel_index(int64_t depth, int64_t height, int64_t width) const {
    return (depth * axes[1].kernels() + height) * axes[2].kernels() + width;
  }
  int64_t tap_index(int64_t depth, int64_t height, int64_t width) const {
    return (depth * axes[1].kernel + height) * axes[2].kernel + width;
  }
  // Positions of an axis, or of all, that share a kernel.
  int64_t positions(int axis) const { return std::max<int64_t>(axes[axis].output / axes[axis].kernels(), 1); }
  int64_t positions() const { return positions(0) * positions(1) * positions(2); }
  bool repeats() const { return axes[0].repeats() && axes[1].repeats() && axes[2].repeats(); }
  bool strides() const { return axes[0].stride * axes[1].stride * axes[2].stride > 1; }
  int64_t kernel_count() const { return axes[0].kernels() * axes[1].kernels() * axes[2].kernels(); }
  int64_t weights_size() const { return kernel_count() * taps * geometry.oc * ic; }

  // An element of weights of any type.
  const void* weights_at(const float* weights, int64_t element) const {
    return reinterpret_cast<const char*>(weights) + element * weight_bytes;
  }

  Geometry geometry;
  DataType weights_type;
  int64_t weight_bytes;
  const Kernels& kernels;
  void (*gemm)(const Tile& tile);  // for weights of their type as B
  void (*dot)(const Tile& tile);
  void (*dot_slide)(const Tile& tile);
  void (*channelwise)(const Tile& tile);
  void (*channelwise_slide)(const Tile& tile);
  bool dots_keep_up;  // with products that take one factor as broadcasts
  int threads;
  Axis axes[3];
  int64_t n, groups;
  int64_t ic, oc;  // of a group
  int64_t taps;
  Steps src, dst;
  Order order;  // of the weights, and their steps from kernel to kernel, group to group, tap to tap
  int64_t weights_kernel, weights_group, weights_tap;
  int64_t panel;  // output channels of the panels that diff_weights are wanted in; 0: none
};

// How full the lanes are when `channels` lie in them.
inline double fullness(int64_t channels, int64_t lanes) {
  return static_cast<double>(channels) / static_cast<double>(ceil_div(channels, lanes) * lanes);
}

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_PROBLEM_H_
