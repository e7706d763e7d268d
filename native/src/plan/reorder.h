// Copies of tensors between layouts, whoever issued them.
#ifndef CONV4J_PLAN_REORDER_H_
#define CONV4J_PLAN_REORDER_H_

#include <cstdint>
#include <optional>
#include <string>

#include "core/error.h"
#include "core/layout.h"
#include "onednn/reorder.h"

namespace conv4j {

// Bytes of a tensor of this logical shape, padding lanes included.
int64_t size_bytes(const Layout& layout, const Dims& dims);

// Throws if memory has fewer bytes than expected; null has none.
inline void check_size(const char* name, int64_t address, int64_t size_bytes, int64_t expected) {
  const int64_t given = address == 0 ? 0 : size_bytes;
  if (given < expected) {
    throw Error(Status::kInvalidArgument, std::string(name) + ": expected " + std::to_string(expected) +
                                              " bytes but got " + std::to_string(given));
  }
}

// Copies a tensor to another layout; with `add`, adds to what is there. Own weights of several kernels, or in bf16, are
// reached over floats in logical order. Immutable and thread-safe.
class Reorder {
 public:
  Reorder(const Layout& from, const Layout& to, const Dims& dims, bool add);

  int64_t scratch_bytes() const;
  void run(const void* from, void* to, char* scratch) const;

 private:
  Layout from_, to_;
  Dims dims_;
  bool add_;
  bool turns_;                              // panels, the only step
  bool unpacks_, packs_;                    // the first and the last step
  std::optional<onednn::Reorder> between_;  // what is left between them
  int64_t logical_bytes_ = 0;
};

// One copy; `from` and `to` hold size_bytes of their layouts.
void reorder(const Dims& dims, const void* from, const Layout& from_layout, void* to, const Layout& to_layout,
             int threads);

}  // namespace conv4j

#endif  // CONV4J_PLAN_REORDER_H_
