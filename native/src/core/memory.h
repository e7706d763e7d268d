// Aligned memory, counted: what Java sees as tensors, and the workspaces of plans.
#ifndef CONV4J_CORE_MEMORY_H_
#define CONV4J_CORE_MEMORY_H_

#include <atomic>
#include <cstdint>
#include <utility>

namespace conv4j {

// Zeros, aligned to 64 bytes; from 2 MB on by pages of their own, huge ones where the system grants them (15-30 % more
// RAM bandwidth on one thread). Throws Error(kOutOfMemory).
void* allocate_memory(int64_t size_bytes);
void free_memory(void* address, int64_t size_bytes) noexcept;
int64_t live_bytes() noexcept;

constexpr int64_t kAlignment = 64;

constexpr int64_t align(int64_t size_bytes) { return (size_bytes + kAlignment - 1) / kAlignment * kAlignment; }

// A few workspaces kept between calls, as many as fit the slots; calls beyond those allocate and free their own.
class WorkspacePool {
 public:
  class Lease {
   public:
    Lease(WorkspacePool& pool, int64_t size_bytes);
    ~Lease();
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

    char* data() const { return reinterpret_cast<char*>(block_) + kAlignment; }

   private:
    friend class WorkspacePool;
    WorkspacePool& pool_;
    struct Block* block_;
  };

  WorkspacePool() = default;
  ~WorkspacePool();
  WorkspacePool(const WorkspacePool&) = delete;
  WorkspacePool& operator=(const WorkspacePool&) = delete;

 private:
  static constexpr int kSlots = 8;
  std::atomic<struct Block*> slots_[kSlots] = {};
};

}  // namespace conv4j

#endif  // CONV4J_CORE_MEMORY_H_
