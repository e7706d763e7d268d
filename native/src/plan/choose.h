// THE decision: who computes each pass of a layer.
#ifndef CONV4J_PLAN_CHOOSE_H_
#define CONV4J_PLAN_CHOOSE_H_

#include <array>

#include "core/cpu.h"
#include "core/geometry.h"

namespace conv4j {

enum class Choice {
  kAuto,
  kOneDnn,
  kKernels
};  // numbered as in conv4j.h

// By pass; for all batches of a layer the same. None is kAuto.
using Choices = std::array<Choice, 3>;

Choices choose(const Geometry& geometry, Choice wanted, Isa isa);

}  // namespace conv4j

#endif  // CONV4J_PLAN_CHOOSE_H_
