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

}  // namespace conv4j::onednn

#endif  // CONV4J_ONEDNN_CONVOLUTION_H_
