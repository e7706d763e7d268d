// Copies between plain layouts and oneDNN's.
#ifndef CONV4J_ONEDNN_REORDER_H_
#define CONV4J_ONEDNN_REORDER_H_

#include <cstdint>
#include <deque>
#include <dnnl.hpp>

#include "core/layout.h"
#include "onednn/runner.h"

namespace conv4j::onednn {

// Bytes of a tensor of this logical shape, padding lanes included.
int64_t size_bytes(const Layout& layout, const Dims& dims);

// Copies one tensor to another of the same logical shape; with `add`, adds to it. Immutable and thread-safe.
class Reorder {
 public:
  Reorder(const Layout& from, const Layout& to, const Dims& dims, bool add);

  int64_t scratch_bytes() const;
  void run(const float* from, float* to, char* scratch) const;

 private:
  struct Step {
    Step(const dnnl::memory::desc& from, const dnnl::memory::desc& to, bool add);
    void run(const float* from, float* to, char* scratch) const;

    dnnl::reorder::primitive_desc desc;
    Runner runner;
  };

  // Between orientations, or between formats that split other groups, the way goes over logical order.
  bool is_direct_;
  bool flips_;
  int64_t kernel_ = 1;  // elements of one kernel plane, which flipping reverses
  int64_t logical_bytes_ = 0;
  std::deque<Step> steps_;  // They stay where they are.
};

}  // namespace conv4j::onednn

#endif  // CONV4J_ONEDNN_REORDER_H_
