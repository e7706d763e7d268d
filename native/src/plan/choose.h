// THE decision: who computes each pass of a layer.
#ifndef CONV4J_PLAN_CHOOSE_H_
#define CONV4J_PLAN_CHOOSE_H_

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/cpu.h"
#include "core/geometry.h"

namespace conv4j {

enum class Choice {
  kAuto,
  kOneDnn,
  kKernels
};  // numbered as in conv4j.h

// For all batches of a layer the same.
struct Choices {
  std::array<Choice, 3> passes;  // none is kAuto
  bool channels_last = false;    // what oneDNN's passes take, or else what they like best

  Choice of(Pass pass) const { return passes[static_cast<size_t>(pass)]; }
  bool has(Choice choice) const { return std::find(passes.begin(), passes.end(), choice) != passes.end(); }
};

Choices choose(const Geometry& geometry, Choice wanted, Isa isa);

}  // namespace conv4j

#endif  // CONV4J_PLAN_CHOOSE_H_
