// What the plan asks of whoever computes a convolution.
#ifndef CONV4J_CORE_IMPLEMENTATION_H_
#define CONV4J_CORE_IMPLEMENTATION_H_

#include <cstdint>
#include <string>

#include "core/geometry.h"
#include "core/layout.h"

namespace conv4j {

enum Operand {
  kSrc,
  kWeights,
  kDst,
  kOperands
};

// One way to compute the three passes, each with operands in layouts of its own choice. Immutable.
class Implementation {
 public:
  struct PassInfo {
    Layout layouts[kOperands];
    int64_t scratch_bytes = 0;
    bool adds_bias = false;    // adds the bias itself
    bool accumulates = false;  // can add to its result instead of overwriting it
    std::string name;
  };

  virtual ~Implementation() = default;

  const PassInfo& info(Pass pass) const { return infos_[static_cast<int>(pass)]; }

  // Computes the pass's result from its two other operands. `bias`, in logical order, is null unless info.adds_bias,
  // and `add` false unless info.accumulates. Thread-safe; runs with the threads it was made with.
  virtual void run(Pass pass, bool add, void* const operands[kOperands], const float* bias, char* scratch) const = 0;

 protected:
  PassInfo infos_[3];
};

}  // namespace conv4j

#endif  // CONV4J_CORE_IMPLEMENTATION_H_
