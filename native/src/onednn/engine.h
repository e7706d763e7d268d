// oneDNN's engine and streams, and how this library's layouts look in oneDNN's terms.
#ifndef CONV4J_ONEDNN_ENGINE_H_
#define CONV4J_ONEDNN_ENGINE_H_

#include <dnnl.hpp>

#include "core/error.h"
#include "core/layout.h"

namespace conv4j::onednn {

using Desc = dnnl::memory::desc;

const dnnl::engine& engine();

// The calling thread's stream.
dnnl::stream& stream();

Error as_error(const dnnl::error& error);

// Runs `body`, turning oneDNN's exceptions into ours.
template <typename Body>
auto guarded(const Body& body) -> decltype(body()) {
  try {
    return body();
  } catch (const dnnl::error& error) {
    throw as_error(error);
  }
}

// User-managed scratchpad, f32 arithmetic whatever the environment says.
dnnl::primitive_attr attributes();

// Activations [n, c, spatial...]. Throws for a layout of weights.
Desc activations_desc(const Layout& layout, const Dims& dims);

// Weights [oc, ic / groups, kernel...], a leading dimension of groups split off when there are any. Own packed ones are
// of one kernel.
Desc weights_desc(const Layout& layout, const Dims& dims, int64_t groups);
Desc any_weights_desc(const Dims& dims, int64_t groups);

// The layout that a descriptor stands for; channels-last where this library has no word for it.
Layout activations_layout(const Desc& desc);
Layout weights_layout(const Desc& desc, const Dims& dims, int64_t groups, bool flipped);

inline dnnl::memory memory(const Desc& desc, const void* data) {
  return dnnl::memory(desc, engine(), const_cast<void*>(data));
}

}  // namespace conv4j::onednn

#endif  // CONV4J_ONEDNN_ENGINE_H_
