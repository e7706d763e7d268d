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
    bool adds_bias = false;  // the forward pass adds a bias per channel itself
    std::string name;
  };

  virtual ~Implementation() = default;

  const PassInfo& info(Pass pass) const { return infos_[static_cast<int>(pass)]; }

  // Overwrites the pass's result from its two other operands. `bias` is null unless info.adds_bias. Thread-safe; runs
  // with the threads it was made with.
  virtual void run(Pass pass, float* const operands[kOperands], const float* bias, char* scratch) const = 0;

 protected:
  PassInfo infos_[3];
};

}  // namespace conv4j

#endif  // CONV4J_CORE_IMPLEMENTATION_H_
