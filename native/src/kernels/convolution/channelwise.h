// Passes of groups of few channels, whose weights lie with the output channels of all groups innermost: channels are
// the lanes of both factors.
#ifndef CONV4J_KERNELS_CONVOLUTION_CHANNELWISE_H_
#define CONV4J_KERNELS_CONVOLUTION_CHANNELWISE_H_

#include <memory>

#include "kernels/convolution/pass.h"

namespace conv4j {

std::unique_ptr<KernelPass> make_channelwise_forward(const Problem& problem);
std::unique_ptr<KernelPass> make_channelwise_backward_data(const Problem& problem);
std::unique_ptr<KernelPass> make_channelwise_backward_weights(const Problem& problem);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_CHANNELWISE_H_
