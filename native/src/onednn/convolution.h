// Standard convolution: oneDNN's primitives behind the plan's interface.
#ifndef CONV4J_ONEDNN_CONVOLUTION_H_
#define CONV4J_ONEDNN_CONVOLUTION_H_

#include <dnnl.hpp>
#include <memory>

#include "core/implementation.h"

namespace conv4j::onednn {

// `like`, when not null, is an implementation of the same geometry for another batch, whose layouts are taken over.
// Takes the ambient number of threads.
std::unique_ptr<Implementation> make_convolution(const Geometry& geometry, const Implementation* like);

// Whether oneDNN computes the layer's forward pass directly, not by a matrix product with copied patches or by its
// reference loops. The same for every batch.
bool is_direct(const Geometry& geometry);

}  // namespace conv4j::onednn

#endif  // CONV4J_ONEDNN_CONVOLUTION_H_
