// A layer made ready: it runs who was chosen for a pass on operands of any layout, staging those that come in another
// than the pass computes in.
#ifndef CONV4J_PLAN_PLAN_H_
#define CONV4J_PLAN_PLAN_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "core/activation.h"
#include "core/cpu.h"
#include "core/data_type.h"
#include "core/geometry.h"
#include "core/growing_list.h"
#include "core/implementation.h"
#include "core/layout.h"
#include "core/memory.h"
#include "kernels/kernels.h"
#include "plan/choose.h"
#include "plan/reorder.h"

namespace conv4j {

struct Operands {
  struct Operand {
    int64_t address;
    int64_t size_bytes;
    int64_t layout;

    void* data() const { return reinterpret_cast<void*>(address); }
    float* floats() const { return static_cast<float*>(data()); }
  };

  Operand of[kOperands];
  Operand bias;
};

struct Options {
  int threads;
  Choice choice;
  Isa isa;  // of own kernels
  DataType weights_type;
  Activation activation;
};

class Plan {
 public:
  Plan(const Geometry& geometry, const Options& options);
  Plan(const Plan& like, int64_t n);

  const Geometry& geometry() const { return geometry_; }
  int64_t layout(Operand operand) const { return layout_ids_[operand]; }
  int64_t layout(Pass pass, Operand operand) const { return computed(pass, operand).layout; }
  const std::string& implementation(Pass pass) const;
  int64_t workspace_bytes(Pass pass, bool add) const;  // operands being in the layouts above

  // Checks sizes and layouts, and throws before anything is written. Thread-safe.
  void execute(Pass pass, bool add, const Operands& operands) const;

 private:
  // What a call takes of the workspace: operands in foreign layouts, a result that is added to and a bias that are
  // copied; behind them the scratch space that the implementation, the reorders and the bias use one after the other.
  struct Staging {
    struct Copy {
      const Reorder* reorder = nullptr;  // null where nothing is copied
      int64_t offset = 0;
    };

    Copy of[kOperands], bias;
    int64_t staged_bytes = 0, scratch_bytes = 0;

    int64_t size_bytes() const { return staged_bytes + scratch_bytes; }
    void reserve(int64_t bytes) { scratch_bytes = std::max(scratch_bytes, bytes); }
    void take(const Reorder& reorder, int64_t bytes, Copy& copy) {
      copy = {&reorder, staged_bytes};
      staged_bytes += align(bytes);
      reserve(reorder.scratch_bytes());
    }
  };

  // What a pass computes in.
  struct Computed {
    int64_t layout, size_bytes;
  };

  struct KeptReorder {
    int64_t from, to;
    const Dims* dims;  // some of this plan's
    bool add;
    Reorder reorder;
  };

  // Of a gradient of the bias, in this order. Without reorders, where it is of channels, scratch space alone.
  struct BiasStaging {
    bool by_kernel = false;
    const Reorder *to_logical = nullptr, *to_given = nullptr;
    int64_t image_bytes = 0, logical_bytes = 0, kernel_bytes = 0, scratch_bytes = 0;

    int64_t size_bytes() const { return image_bytes + logical_bytes + kernel_bytes + scratch_bytes; }
  };

  void prepare(const Implementation* like);
  const Implementation& implementation_of(Pass pass) const { return *implementations_[static_cast<int>(pass)]; }
  const Implementation::PassInfo& info(Pass pass) const { return implementation_of(pass).info(pass); }
  Pass main_pass() const { return geometry_.main_pass(); }
  Operand bias_operand() const { return geometry_.transposed ? kSrc : kDst; }
  const Computed& computed(Pass pass, Operand operand) const { return computed_[static_cast<int>(pass)][operand]; }
  const Dims& dims(Operand operand) const { return dims_[operand]; }
  void check(Operand operand, const Operands& operands) const;
  void check(Pass pass, const Operands& operands) const;
  void run(Pass pass, bool add, const Operands& operands) const;
  void run_backward_bias(bool add, const Operands& operands) const;
  void add_bias(float* result, const float* bias, char* scratch) const;
  int64_t add_bias_scratch_bytes() const;
  Layout layout_given(Operand operand, const Operands& operands) const;
  const Reorder& reorder(int64_t from, int64_t to, const Dims& dims, bool add) const;
  Staging stage(Pass pass, bool add, bool adds_bias, const Operands& operands) const;
  BiasStaging stage_bias(bool add, const Operands& operands) const;

  Geometry geometry_;
  Options options_;
  const Kernels& kernels_;
  Choices choices_;
  std::unique_ptr<Implementation> onednn_, own_;  // null where no pass takes it
  const Implementation* implementations_[3];      // [pass]
  Dims dims_[kOperands];
  Dims bias_dims_;
  Dims bias_image_dims_;
  Computed computed_[3][kOperands];  // [pass][operand]
  Layout layouts_[kOperands];
  int64_t layout_ids_[kOperands];
  int64_t own_bytes_[kOperands];
  int64_t logical_bias_bytes_ = 0;

  mutable WorkspacePool workspaces_;
  mutable GrowingList<KeptReorder> reorders_;
};

}  // namespace conv4j

#endif  // CONV4J_PLAN_PLAN_H_
