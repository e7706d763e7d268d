// Convolution with any sharing by own kernels: which tiles there are, and who computes them.
#ifndef CONV4J_KERNELS_CONVOLUTION_CONVOLUTION_H_
#define CONV4J_KERNELS_CONVOLUTION_CONVOLUTION_H_

#include <memory>

#include "core/cpu.h"
#include "core/implementation.h"
#include "core/layout.h"

namespace conv4j {

// Activations are channels-last; the order of the weights follows from the channel counts. The gradient of standard
// weights comes as they do in another implementation, `weights`, or nearly so, where that is panels and pays.
std::unique_ptr<Implementation> make_kernel_convolution(const Geometry& geometry, DataType weights_type, Isa isa,
                                                        int threads, const Layout& weights);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_CONVOLUTION_H_
