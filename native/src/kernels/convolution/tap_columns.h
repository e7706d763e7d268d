// Forward and backward_data of layers whose results have so few channels that these alone would leave lanes empty.
//
// Each position of the other side is multiplied with all taps of a plane at once, [tap][channel] in the lanes. A result
// then adds up what its taps gave, from lines of products that stay in the second-level cache.
#ifndef CONV4J_KERNELS_CONVOLUTION_TAP_COLUMNS_H_
#define CONV4J_KERNELS_CONVOLUTION_TAP_COLUMNS_H_

#include <memory>

#include "kernels/convolution/pass.h"

namespace conv4j {

// Null where that would not be faster.
std::unique_ptr<KernelPass> make_tap_columns_forward(const Problem& problem);
std::unique_ptr<KernelPass> make_tap_columns_backward_data(const Problem& problem);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_TAP_COLUMNS_H_
