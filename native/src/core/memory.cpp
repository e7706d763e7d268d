#include "core/memory.h"

#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "core/error.h"

namespace conv4j {

namespace {

constexpr int64_t kHugePage = int64_t{2} << 20;

std::atomic<int64_t> live{0};

// Pages of their own are zero when they come, and cost nothing until touched. The range is cut to start on a huge page.
void* map_pages(int64_t size_bytes) {
  const size_t mapped = static_cast<size_t>(size_bytes + kHugePage);
  void* raw = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  const auto begin = reinterpret_cast<uintptr_t>(raw);
  const auto aligned = (begin + kHugePage - 1) / kHugePage * kHugePage;
  if (aligned > begin) munmap(raw, aligned - begin);
  const uintptr_t end = aligned + static_cast<uintptr_t>(size_bytes);
  const uintptr_t page_end = (end + 4095) / 4096 * 4096;
  if (begin + mapped > page_end) munmap(reinterpret_cast<void*>(page_end), begin + mapped - page_end);
  void* address = reinterpret_cast<void*>(aligned);
  madvise(address, static_cast<size_t>(size_bytes), MADV_HUGEPAGE);
  return address;
}

bool has_own_pages(int64_t size_bytes) { return size_bytes >= kHugePage; }

}  // namespace

void* allocate_memory(int64_t size_bytes) {
  void* address = nullptr;
  if (size_bytes < 0 || size_bytes > INT64_MAX - kHugePage) {
    // More than an address space holds.
  } else if (has_own_pages(size_bytes)) {
    address = map_pages(size_bytes);
  } else {
    const size_t rounded = static_cast<size_t>(align(size_bytes > 0 ? size_bytes : 1));
    address = std::aligned_alloc(kAlignment, rounded);
    if (address != nullptr) std::memset(address, 0, rounded);
  }
  if (address == nullptr) {
    throw Error(Status::kOutOfMemory, "native memory: " + std::to_string(size_bytes) + " bytes could not be allocated");
  }
  live += size_bytes;
  return address;
}

void free_memory(void* address, int64_t size_bytes) noexcept {
  if (address == nullptr) return;
  if (has_own_pages(size_bytes)) {
    munmap(address, static_cast<size_t>(size_bytes));
  } else {
    std::free(address);
  }
  live -= size_bytes;
}

int64_t live_bytes() noexcept { return live; }

WorkspacePool::Lease::Lease(WorkspacePool& pool, int64_t size_bytes) : pool_(pool) {
  if (size_bytes == 0) return;
  const int64_t total = taken_bytes(size_bytes);
  block_ = pool_.blocks_.take();
  if (block_ != nullptr && block_->size_bytes >= total) return;
  block_ = nullptr;  // Too small: it grows.
  block_.reset(static_cast<WorkspaceBlock*>(allocate_memory(total)));
  block_->size_bytes = total;
}

WorkspacePool::Lease::~Lease() {
  if (block_ != nullptr) pool_.blocks_.give(std::move(block_));
}

}  // namespace conv4j
