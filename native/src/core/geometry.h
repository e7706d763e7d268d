// A convolution with every size resolved. Numbers only: the formulas are Java's.
#ifndef CONV4J_CORE_GEOMETRY_H_
#define CONV4J_CORE_GEOMETRY_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/division.h"

namespace conv4j {

using Dims = std::vector<int64_t>;

enum class Sharing {
  kShared,
  kTiled,
  kLocal,
  kBlocks
};  // numbered as in conv4j.h
enum class BiasMode {
  kNone,
  kChannel,
  kKernel,
  kPosition
};  // numbered as in conv4j.h
enum class Pass {
  kForward,
  kBackwardData,
  kBackwardWeights,
  kBackwardBias
};  // numbered as in conv4j.h

// Those that implementations compute.
constexpr Pass kPasses[] = {Pass::kForward, Pass::kBackwardData, Pass::kBackwardWeights};

// The batch for which choices are made, so that they do not depend on the plan's.
constexpr int64_t kCanonicalBatch = 8;

// Positions first, first + step, ... of an axis.
struct Positions {
  int64_t first;
  int64_t step;
  int64_t count;
};

// The source element under tap k of output position x is x * stride - pad_begin + k * dilation.
struct Axis {
  int64_t input;
  int64_t kernel;
  int64_t stride;
  int64_t dilation;
  int64_t pad_begin;
  int64_t pad_end;
  int64_t output;
  Sharing sharing;
  int64_t sharing_size;

  int64_t kernel_index(int64_t position) const {
    switch (sharing) {
      case Sharing::kTiled:
        return remainder(position, sharing_size);
      case Sharing::kLocal:
        return position;
      case Sharing::kBlocks:
        return quotient(position, sharing_size);
      default:
        return 0;
    }
  }

  // Whether positions far apart share kernels, whose number is fixed.
  bool repeats() const { return sharing == Sharing::kShared || sharing == Sharing::kTiled; }

  int64_t kernels() const {
    switch (sharing) {
      case Sharing::kTiled:
        return sharing_size;
      case Sharing::kLocal:
        return output;
      case Sharing::kBlocks:
        return ceil_div(output, sharing_size);
      default:
        return 1;
    }
  }

  // From a position to the next one of the same kernel, where positions far apart share kernels.
  int64_t period() const { return sharing == Sharing::kTiled ? sharing_size : 1; }

  // The output positions that use a kernel.
  Positions positions_of(int64_t kernel_index) const {
    switch (sharing) {
      case Sharing::kTiled:
        return {kernel_index, sharing_size, std::max<int64_t>(ceil_div(output - kernel_index, sharing_size), 0)};
      case Sharing::kLocal:
        return {kernel_index, 1, 1};
      case Sharing::kBlocks: {
        const int64_t first = kernel_index * sharing_size;
        return {first, 1, std::min(sharing_size, output - first)};
      }
      default:
        return {0, 1, output};
    }
  }
};

struct Geometry {
  int64_t n;
  int64_t ic;
  int64_t oc;
  int64_t groups;
  BiasMode bias;
  bool flipped;     // true convolution: the kernel is laid the other way round
  bool transposed;  // mirror of a transposed layer: the bias belongs to src
  std::vector<Axis> axes;

  bool shared() const {
    for (const Axis& axis : axes) {
      if (axis.sharing != Sharing::kShared) return false;
    }
    return true;
  }

  // What a layer's forward pass is.
  Pass main_pass() const { return transposed ? Pass::kBackwardData : Pass::kForward; }

  int spatial() const { return static_cast<int>(axes.size()); }

  // Those that the convolution lacks come first and have size 1.
  std::array<Axis, 3> three_axes() const {
    std::array<Axis, 3> all;
    all.fill({1, 1, 1, 1, 0, 0, 1, Sharing::kShared, 1});
    std::copy(axes.begin(), axes.end(), all.end() - spatial());
    return all;
  }

  Dims src_dims() const {
    Dims dims = {n, ic};
    for (const Axis& axis : axes) dims.push_back(axis.input);
    return dims;
  }

  Dims dst_dims() const {
    Dims dims = {n, oc};
    for (const Axis& axis : axes) dims.push_back(axis.output);
    return dims;
  }

  Dims weights_dims() const {
    Dims dims = {oc};
    if (!shared()) {
      for (const Axis& axis : axes) dims.push_back(axis.kernels());
    }
    dims.push_back(ic / groups);
    for (const Axis& axis : axes) dims.push_back(axis.kernel);
    return dims;
  }

  Dims bias_dims() const {
    Dims dims = {transposed ? ic : oc};
    const bool per_kernel = bias == BiasMode::kKernel;
    if (per_kernel || bias == BiasMode::kPosition) {
      for (const Axis& axis : axes) dims.push_back(per_kernel ? axis.kernels() : axis.output);
    }
    return dims;
  }
};

}  // namespace conv4j

#endif  // CONV4J_CORE_GEOMETRY_H_
