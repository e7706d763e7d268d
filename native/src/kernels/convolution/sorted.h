// Gradients of tiled kernels of full vectors of output channels.
#ifndef CONV4J_KERNELS_CONVOLUTION_SORTED_H_
#define CONV4J_KERNELS_CONVOLUTION_SORTED_H_

#include <memory>

#include "kernels/convolution/pass.h"

namespace conv4j {

// Null where the shape does not fit, or another way is faster. Both sides are copied, zeros round the source, so that
// positions that meet the same kernels lie side by side: a tap of a kernel goes through one line after the other of
// both, with no care for borders, and each element is copied once. Panels, which are copied for every block of taps,
// took longer (one thread on a Zen 4: t2_c64_56 0.93 of their time, t3_c64_56 0.91, t2_c16_32 0.92, t2_3d 0.93; two
// threads: 0.90, 0.91, 0.96, 0.89).
std::unique_ptr<KernelPass> make_sorted_backward_weights(const Problem& problem);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_SORTED_H_
