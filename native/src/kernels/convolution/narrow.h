// Layers of which one side has few channels and the other one fills the lanes.
#ifndef CONV4J_KERNELS_CONVOLUTION_NARROW_H_
#define CONV4J_KERNELS_CONVOLUTION_NARROW_H_

#include <memory>

#include "kernels/convolution/pass.h"

namespace conv4j {

// Null where the shape does not fit, or another way is faster. The wide side is read once, where it lies; of the narrow
// one, what a position meets under all taps is brought together.
std::unique_ptr<KernelPass> make_narrow_backward_weights(const Problem& problem);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_NARROW_H_
