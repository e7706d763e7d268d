// The source where groups have several channels: every output channel has its inputs in its lane.
#ifndef CONV4J_KERNELS_CONVOLUTION_SPREAD_H_
#define CONV4J_KERNELS_CONVOLUTION_SPREAD_H_

#include <cstdint>

#include "kernels/convolution/problem.h"

namespace conv4j {

// [image][position][ic of a group][oc], or the source itself where every channel is a group.
class Spread {
 public:
  explicit Spread(const Problem& problem);

  // Floats that `of` needs.
  int64_t size() const { return is_needed_ ? problem_.n * steps_.image : 0; }
  const Steps& steps() const { return steps_; }
  // `src` itself, or what it puts into `to`.
  const float* of(const float* src, float* to) const;

 private:
  const Problem& problem_;
  bool is_needed_;
  Steps steps_;
};

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_SPREAD_H_
