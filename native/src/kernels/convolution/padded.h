// Copies of activations with zeros round them, so that taps need no care for borders.
#ifndef CONV4J_KERNELS_CONVOLUTION_PADDED_H_
#define CONV4J_KERNELS_CONVOLUTION_PADDED_H_

#include <array>
#include <cstdint>

#include "kernels/convolution/problem.h"

namespace conv4j {

// Groups lie apart: [image][group][phases][positions][channel]. The positions of an axis whose remainders by `phases`
// are equal lie side by side.
class Padded {
 public:
  // `count` positions from `begin` on, of which those from 0 to size - 1 are copied.
  struct Side {
    int64_t size, begin, count, phases;
  };
  using Sides = std::array<Side, 3>;

  // What the taps of all output positions meet.
  static Side source_side(const Axis& axis, int64_t phases) {
    return {axis.input, -axis.pad_begin, (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1,
            phases};
  }

  // Whether a copy is of the order of what is copied: taps of large dilations reach far beyond.
  static bool is_modest(const Sides& sides) {
    constexpr double kMost = 32;
    double growth = 1;
    for (const Side& side : sides) growth *= static_cast<double>(side.count) / static_cast<double>(side.size);
    return growth <= kMost;
  }

  // Channels of a group, and the distance of positions.
  Padded(const Problem& problem, const Steps& from, const Sides& sides, int64_t channels, int64_t step);

  void copy(const float* from, int64_t images, float* to) const;

  int64_t image() const { return problem_.groups * group_; }
  int64_t group() const { return group_; }
  // From one position of a phase to the next.
  int64_t step(int axis) const { return steps_[axis]; }
  // Of a position, counted from the first one of the copy.
  int64_t offset(int axis, int64_t position) const {
    const int64_t phases = sides_[axis].phases;
    return position % phases * phase_steps_[axis] + position / phases * steps_[axis];
  }

 private:
  const Problem& problem_;
  Steps from_;
  Sides sides_;
  int64_t channels_;
  int64_t steps_[3], phase_steps_[3], group_;
};

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_PADDED_H_
