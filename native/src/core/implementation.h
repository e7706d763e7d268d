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
    bool adds_bias = false;         // adds the bias itself
    bool accumulates = false;       // can add to its result instead of overwriting it
    bool accumulates_bias = false;  // can add itself and the bias to its result
    bool activates = false;         // can apply the layer's activation to its result
    std::string name;
  };

  // What a call does besides: each only where the pass's info says that it can.
  struct Extras {
    bool add = false;
    bool activate = false;
    const float* bias = nullptr;  // in logical order
  };

  virtual ~Implementation() = default;

  const PassInfo& info(Pass pass) const { return infos_[static_cast<int>(pass)]; }

  // Computes the pass's result from its two other operands. Thread-safe; runs with the threads it was made with.
  virtual void run(Pass pass, const Extras& extras, void* const operands[kOperands], char* scratch) const = 0;

 protected:
  PassInfo infos_[3];
};

}  // namespace conv4j

#endif  // CONV4J_CORE_IMPLEMENTATION_H_
