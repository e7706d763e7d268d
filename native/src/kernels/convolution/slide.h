// Forward and backward_data of layers whose neighbouring positions share what they meet, and few kernels.
#ifndef CONV4J_KERNELS_CONVOLUTION_SLIDE_H_
#define CONV4J_KERNELS_CONVOLUTION_SLIDE_H_

#include <memory>

#include "kernels/convolution/pass.h"

namespace conv4j {

// Whether a pass that computes so many sums, channels of a group, for each position is best computed so.
bool slides(const Problem& problem, int64_t sums);
std::unique_ptr<KernelPass> make_slide_forward(const Problem& problem);
std::unique_ptr<KernelPass> make_slide_backward_data(const Problem& problem);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_SLIDE_H_
