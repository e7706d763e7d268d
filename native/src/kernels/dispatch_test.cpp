#include "kernels/dispatch.h"

#include <gtest/gtest.h>

#include "test/isa.h"

namespace conv4j {
namespace {

TEST(DispatchTest, EveryKernelIsCompiledAnewForEveryInstructionSet) {
  const Isa isas[] = {Isa::kGeneric, Isa::kAvx2, Isa::kAvx512};
  for (Isa one : isas) {
    if (!cpu_has(one)) continue;
    EXPECT_STREQ(isa_name(one), kernels_of(one).isa);
    for (Isa other : isas) {
      if (other == one || !cpu_has(other)) continue;
#define C4J_KERNEL(name, parameters) EXPECT_NE(kernels_of(one).name, kernels_of(other).name) << #name;
#include "kernels/kernels.inc"
#undef C4J_KERNEL
    }
  }
}

}  // namespace
}  // namespace conv4j
