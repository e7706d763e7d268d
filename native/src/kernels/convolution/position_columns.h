// Passes of layers whose few channels would leave most lanes empty: neighbouring positions are columns, too.
#ifndef CONV4J_KERNELS_CONVOLUTION_POSITION_COLUMNS_H_
#define CONV4J_KERNELS_CONVOLUTION_POSITION_COLUMNS_H_

#include <memory>

#include "kernels/convolution/pass.h"

namespace conv4j {

// Null where another pass is faster. `otherwise` makes one, for activations that are not all finite.
using MakePass = std::unique_ptr<KernelPass> (*)(const Problem& problem);
std::unique_ptr<KernelPass> make_position_columns_forward(const Problem& problem, MakePass otherwise);
std::unique_ptr<KernelPass> make_position_columns_backward_data(const Problem& problem, MakePass otherwise);
std::unique_ptr<KernelPass> make_position_columns_backward_weights(const Problem& problem);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_POSITION_COLUMNS_H_
