#include "plan/reorder.h"

#include <cstring>

#include "core/error.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "kernels/packing/packing.h"

namespace conv4j {

namespace {

// Whether these are weights that oneDNN has no word for: of several kernels, or bf16.
bool is_packed(const Layout& layout, const Dims& dims) {
  const bool one_kernel = dims.size() == 2 + static_cast<size_t>(layout.spatial);
  return layout.kind == Layout::Kind::kPacked && !(one_kernel && layout.type == DataType::kF32);
}

// Panels of the other channels, for which oneDNN takes 1.7 times as long (512 to 512 channels, 3 x 3, on a Zen 3).
bool are_turned(const Layout& from, const Layout& to) {
  constexpr auto kPanels = Layout::Kind::kPanels;
  return from.kind == kPanels && to.kind == kPanels && from.order != to.order && from.flipped == to.flipped &&
         from.spatial == to.spatial;
}

}  // namespace

int64_t size_bytes(const Layout& layout, const Dims& dims) {
  if (!is_packed(layout, dims)) return onednn::size_bytes(layout, dims);
  check_packed(layout, dims);
  const auto element = static_cast<int64_t>(layout.type == DataType::kBf16 ? sizeof(Bf16) : sizeof(float));
  int64_t size = 0;
  require(!__builtin_mul_overflow(elements(dims), element, &size), "dims: expected at most 2^63 - 1 bytes");
  return size;
}

Reorder::Reorder(const Layout& from, const Layout& to, const Dims& dims, bool add)
    : from_(from),
      to_(to),
      dims_(dims),
      add_(add),
      turns_(are_turned(from, to) && !add),
      unpacks_(is_packed(from, dims)),
      packs_(is_packed(to, dims)) {
  if (turns_) {
    check_panels(from, dims);
    return;
  }
  const Layout logical = Layout::channels_first();
  if (unpacks_) check_packed(from, dims);
  if (packs_) check_packed(to, dims);
  const Layout begin = unpacks_ ? logical : from;
  const Layout end = packs_ ? logical : to;
  if (begin != end || (!unpacks_ && !packs_)) between_.emplace(begin, end, dims, add && !packs_);
  if (unpacks_ || packs_) logical_bytes_ = align(size_bytes(logical, dims));
}

int64_t Reorder::scratch_bytes() const {
  const bool both = unpacks_ && packs_;
  const bool stages = both || (between_ && (unpacks_ || packs_));
  return (stages ? logical_bytes_ : 0) + (between_ ? between_->scratch_bytes() : 0);
}

void Reorder::run(const void* from, void* to, char* scratch) const {
  const float* const floats_from = static_cast<const float*>(from);
  float* const floats_to = static_cast<float*>(to);
  float* const logical = reinterpret_cast<float*>(scratch);
  if (turns_) return turn_panels(from_, to_, dims_, floats_from, floats_to);
  if (!unpacks_ && !packs_) return between_->run(floats_from, floats_to, scratch);
  if (unpacks_ && !packs_ && !between_) return unpack_weights(from_, dims_, from, add_, floats_to);
  if (packs_ && !unpacks_ && !between_) return pack_weights(to_, dims_, floats_from, add_, to);
  if (unpacks_) {
    unpack_weights(from_, dims_, from, false, logical);
    if (between_) return between_->run(logical, floats_to, scratch + logical_bytes_);
  } else {
    between_->run(floats_from, logical, scratch + logical_bytes_);
  }
  pack_weights(to_, dims_, logical, add_, to);
}

void reorder(const Dims& dims, const void* from, const Layout& from_layout, void* to, const Layout& to_layout,
             int threads) {
  if (elements(dims) == 0) return;
  if (from_layout == to_layout) {
    std::memcpy(to, from, static_cast<size_t>(size_bytes(from_layout, dims)));
    return;
  }
  ensure_threads(threads);
  const ScopedThreads scope(threads);
  const Reorder copy(from_layout, to_layout, dims, false);
  WorkspacePool pool;
  const WorkspacePool::Lease scratch(pool, copy.scratch_bytes());
  copy.run(from, to, scratch.data());
}

}  // namespace conv4j
