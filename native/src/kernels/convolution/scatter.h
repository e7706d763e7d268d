// diff_src of layers whose kernels few positions share.
#ifndef CONV4J_KERNELS_CONVOLUTION_SCATTER_H_
#define CONV4J_KERNELS_CONVOLUTION_SCATTER_H_

#include <memory>

#include "kernels/convolution/pass.h"

namespace conv4j {

// Uses of a weight that make up for turning it, and input channels that leave lanes empty.
constexpr int64_t kManyUses = 32;
constexpr int64_t kFewInputs = 8;

// Reads the kernels in the order in memory, once. Null where another way is faster.
std::unique_ptr<KernelPass> make_scatter_backward_data(const Problem& problem);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_SCATTER_H_
