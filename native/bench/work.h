// What a pass has to do at least: the arithmetic and the traffic that its roofline counts.
#ifndef CONV4J_BENCH_WORK_H_
#define CONV4J_BENCH_WORK_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "conv4j/conv4j.h"

namespace conv4j::bench {

// Flops of taps inside the source alone; bytes of elements that such a tap touches, each operand read once and each
// result written once. A result counts whole, for all of it is written.
struct Work {
  double flops;
  double read_bytes;
  double result_bytes;

  double bytes() const { return read_bytes + result_bytes; }
};

inline int64_t kernels_of(const c4j_axis& axis) {
  switch (axis.sharing) {
    case C4J_TILED:
      return axis.sharing_size;
    case C4J_LOCAL:
      return axis.output;
    case C4J_BLOCKS:
      return (axis.output + axis.sharing_size - 1) / axis.sharing_size;
    default:
      return 1;
  }
}

inline int64_t kernel_of(const c4j_axis& axis, int64_t x) {
  switch (axis.sharing) {
    case C4J_TILED:
      return x % axis.sharing_size;
    case C4J_LOCAL:
      return x;
    case C4J_BLOCKS:
      return x / axis.sharing_size;
    default:
      return 0;
  }
}

// Whether a tap is inside the source, and what it touches, is a question per axis: counts of axes multiply.
struct AxisCounts {
  int64_t taps = 0;
  int64_t src = 0, weights = 0, dst = 0;  // elements touched
};

inline AxisCounts count(const c4j_axis& axis) {
  AxisCounts counts;
  std::vector<bool> src(static_cast<size_t>(axis.input)), dst(static_cast<size_t>(axis.output)),
      weights(static_cast<size_t>(kernels_of(axis) * axis.kernel));
  for (int64_t x = 0; x < axis.output; ++x) {
    for (int64_t k = 0; k < axis.kernel; ++k) {
      const int64_t i = x * axis.stride - axis.pad_begin + k * axis.dilation;
      if (i < 0 || i >= axis.input) continue;
      ++counts.taps;
      src[static_cast<size_t>(i)] = true;
      dst[static_cast<size_t>(x)] = true;
      weights[static_cast<size_t>(kernel_of(axis, x) * axis.kernel + k)] = true;
    }
  }
  counts.src = std::count(src.begin(), src.end(), true);
  counts.dst = std::count(dst.begin(), dst.end(), true);
  counts.weights = std::count(weights.begin(), weights.end(), true);
  return counts;
}

// `pass` is the plan's: a transposed layer's forward is C4J_BACKWARD_DATA. A weight that is read takes `weight_bytes`.
inline Work work_of(const c4j_geometry& g, int64_t pass, int64_t weight_bytes) {
  const auto number = [](int64_t value) { return static_cast<double>(value); };
  const double pairs = number(g.oc) * number(g.ic / g.groups);
  double taps = 1, src = 1, weights = 1, dst = 1, whole_src = 1, whole_weights = 1, whole_dst = 1;
  for (int i = 0; i < g.spatial; ++i) {
    const AxisCounts counts = count(g.axes[i]);
    taps *= number(counts.taps);
    src *= number(counts.src);
    weights *= number(counts.weights);
    dst *= number(counts.dst);
    whole_src *= number(g.axes[i].input);
    whole_weights *= number(kernels_of(g.axes[i]) * g.axes[i].kernel);
    whole_dst *= number(g.axes[i].output);
  }
  const double n = number(g.n);
  src *= n * number(g.ic);
  dst *= n * number(g.oc);
  weights *= pairs;
  Work work = {2 * n * pairs * taps, 0, 0};
  if (pass == C4J_FORWARD) {
    work.read_bytes = 4 * src + number(weight_bytes) * weights;
    work.result_bytes = 4 * n * number(g.oc) * whole_dst;
  } else if (pass == C4J_BACKWARD_DATA) {
    work.read_bytes = number(weight_bytes) * weights + 4 * dst;
    work.result_bytes = 4 * n * number(g.ic) * whole_src;
  } else {
    work.read_bytes = 4 * (src + dst);
    work.result_bytes = 4 * pairs * whole_weights;
  }
  return work;
}

}  // namespace conv4j::bench

#endif  // CONV4J_BENCH_WORK_H_
