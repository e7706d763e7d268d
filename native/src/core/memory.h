// Aligned memory, counted: what Java sees as tensors, and the workspaces of plans.
#ifndef CONV4J_CORE_MEMORY_H_
#define CONV4J_CORE_MEMORY_H_

#include <cstdint>

#include "core/pool.h"

namespace conv4j {

// Zeros, aligned to 64 bytes; from 2 MB on by pages of their own, huge ones where the system grants them (15-30 % more
// RAM bandwidth on one thread). Throws Error(kOutOfMemory).
void* allocate_memory(int64_t size_bytes);
void free_memory(void* address, int64_t size_bytes) noexcept;
int64_t live_bytes() noexcept;

constexpr int64_t kAlignment = 64;

constexpr int64_t align(int64_t size_bytes) { return (size_bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Head of a workspace, one alignment long.
struct WorkspaceBlock {
  struct Free {
    void operator()(WorkspaceBlock* block) const { free_memory(block, block->size_bytes); }
  };

  int64_t size_bytes;
};

// A few workspaces kept between calls; calls beyond those allocate and free their own.
class WorkspacePool {
 public:
  // By a lease of so many bytes.
  static int64_t taken_bytes(int64_t size_bytes) { return size_bytes == 0 ? 0 : size_bytes + kAlignment; }

  class Lease {
   public:
    Lease(WorkspacePool& pool, int64_t size_bytes);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    // Null where no byte was asked for.
    char* data() const { return block_ == nullptr ? nullptr : reinterpret_cast<char*>(block_.get()) + kAlignment; }

   private:
    WorkspacePool& pool_;
    Pool<WorkspaceBlock, WorkspaceBlock::Free>::Object block_;
  };

 private:
  Pool<WorkspaceBlock, WorkspaceBlock::Free> blocks_;
};

}  // namespace conv4j

#endif  // CONV4J_CORE_MEMORY_H_
