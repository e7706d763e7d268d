// Copies of tensors between layouts, whoever issued them.
#ifndef CONV4J_PLAN_REORDER_H_
#define CONV4J_PLAN_REORDER_H_

#include <cstdint>
#include <optional>

#include "core/layout.h"
#include "onednn/reorder.h"

namespace conv4j {

// Bytes of a tensor of this logical shape, padding lanes included.
int64_t size_bytes(const Layout& layout, const Dims& dims);

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
