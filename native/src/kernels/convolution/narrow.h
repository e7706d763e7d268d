// Layers of which one side has few channels, or a group few, and the other one fills the lanes.
#ifndef CONV4J_KERNELS_CONVOLUTION_NARROW_H_
#define CONV4J_KERNELS_CONVOLUTION_NARROW_H_

#include <memory>

#include "kernels/convolution/pass.h"

namespace conv4j {

// Null where the shape does not fit, or another way is faster. The wide side is read in the order of memory, the narrow
// one from a copy with zeros round it, in which what a position meets under a line of taps lies side by side (8 images,
// t2_oc1 on a Cascade Lake: 0.64 of the time, t2_oc3 0.8, t2_ic1 0.85, t2_ic3 0.92, t2_c3_32 0.88, t2_groups4 0.8).
std::unique_ptr<KernelPass> make_narrow_backward_weights(const Problem& problem);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_NARROW_H_
