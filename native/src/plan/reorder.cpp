#include "plan/reorder.h"

#include <cstring>

#include "core/memory.h"
#include "core/parallel.h"

namespace conv4j {

void reorder(const Dims& dims, const float* from, const Layout& from_layout, float* to, const Layout& to_layout,
             int threads) {
  if (elements(dims) == 0) return;
  if (from_layout == to_layout) {
    std::memcpy(to, from, static_cast<size_t>(size_bytes(from_layout, dims)));
    return;
  }
  ScopedThreads scope(threads);
  const Reorder copy(from_layout, to_layout, dims, false);
  WorkspacePool pool;
  const WorkspacePool::Lease scratch(pool, copy.scratch_bytes());
  copy.run(from, to, scratch.data());
}

}  // namespace conv4j
