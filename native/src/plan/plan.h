// A layer made ready: it runs who was chosen for a pass on operands of any layout, staging those that come in another
// than the pass computes in.
#ifndef CONV4J_PLAN_PLAN_H_
#define CONV4J_PLAN_PLAN_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <tuple>

#include "core/activation.h"
#include "core/cpu.h"
#include "core/data_type.h"
#include "core/geometry.h"
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
  int64_t layout(Pass pass, Operand operand) const { return layout_id(info(pass).layouts[operand]); }
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
      staged_bytes += bytes;
      reserve(reorder.scratch_bytes());
    }
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
  const Dims& dims(Operand operand) const { return dims_[operand]; }
  void check(Operand operand, const Operands& operands) const;
  void check(Pass pass, const Operands& operands) const;
  void run(Pass pass, bool add, const Operands& operands) const;
  void run_backward_bias(bool add, const Operands& operands) const;
  void add_bias(const Layout& layout, float* result, const float* bias, char* scratch) const;
  int64_t add_bias_scratch_bytes(const Layout& layout) const;
  Layout layout_given(Operand operand, const Operands& operands) const;
  const Reorder& reorder(const Layout& from, const Layout& to, const Dims& dims, bool add) const;
  const Reorder& staged(Pass pass, Operand operand, const Operands& operands, bool add) const;
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
  Layout layouts_[kOperands];
  int64_t layout_ids_[kOperands];
  int64_t own_bytes_[kOperands];
  bool computes_in_own_[3][kOperands];  // [pass][operand]
  int64_t logical_bias_bytes_ = 0;

  mutable WorkspacePool workspaces_;
  mutable std::shared_mutex reorders_mutex_;
  // Of operands in the plan's own layouts, where a pass computes in others: [pass][operand][add].
  mutable std::atomic<const Reorder*> own_reorders_[3][kOperands][2] = {};
  mutable std::map<std::tuple<int64_t, int64_t, Dims, bool>, std::unique_ptr<Reorder>> reorders_;
};

}  // namespace conv4j

#endif  // CONV4J_PLAN_PLAN_H_
