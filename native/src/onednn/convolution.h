// Standard convolution: oneDNN's primitives behind the plan's interface.
#ifndef CONV4J_ONEDNN_CONVOLUTION_H_
#define CONV4J_ONEDNN_CONVOLUTION_H_

#include <dnnl.hpp>
#include <memory>
#include <string>

#include "core/activation.h"
#include "core/cpu.h"
#include "core/implementation.h"

namespace conv4j::onednn {

// `like`, when not null, is an implementation of the same geometry for another batch, whose layouts are taken over.
// Tensors are in the layouts that the main pass likes best, or channels-last. Takes the ambient number of threads.
std::unique_ptr<Implementation> make_convolution(const Geometry& geometry, const Activation& activation,
                                                 const Implementation* like, bool channels_last);

// Whether that is the name of loops over the layer itself, not of a matrix product with copied patches, nor of the
// reference loops.
bool is_direct(const std::string& name);

// Whether that is the name of AVX2 loops over blocked activations.
bool is_blocked_avx2(const std::string& name);

// Whether that is the name of loops for an older instruction set.
bool is_older(const std::string& name, Isa isa);

}  // namespace conv4j::onednn

#endif  // CONV4J_ONEDNN_CONVOLUTION_H_
