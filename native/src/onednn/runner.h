// A primitive that is run again and again.
#ifndef CONV4J_ONEDNN_RUNNER_H_
#define CONV4J_ONEDNN_RUNNER_H_

#include <dnnl.hpp>
#include <utility>
#include <vector>

#include "core/pool.h"
#include "onednn/engine.h"

namespace conv4j::onednn {

// Keeps the memory objects between calls: making four of them takes longer than all else that a call does beyond its
// native work. Thread-safe.
class Runner {
 public:
  // What the primitive takes, in the order in which `run` gets it.
  using Arguments = std::vector<std::pair<int, Desc>>;

  Runner(const dnnl::primitive& primitive, Arguments arguments);

  // Null for an argument that the primitive is to do without.
  void run(const void* const* data) const;

 private:
  struct Memory {
    int index;
    dnnl::memory memory;
    const void* data;  // that it points to
  };
  using Memories = std::vector<Memory>;

  Pool<Memories>::Object make() const;

  dnnl::primitive primitive_;
  Arguments arguments_;
  mutable Pool<Memories> pool_;
};

}  // namespace conv4j::onednn

#endif  // CONV4J_ONEDNN_RUNNER_H_
