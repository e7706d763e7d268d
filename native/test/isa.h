// Tests that run once for every instruction set.
#ifndef CONV4J_TEST_ISA_H_
#define CONV4J_TEST_ISA_H_

#include <gtest/gtest.h>

#include <string>

#include "core/cpu.h"
#include "kernels/dispatch.h"

namespace conv4j::test {

class IsaTest : public testing::TestWithParam<Isa> {
 protected:
  void SetUp() override {
    if (!cpu_has(GetParam())) GTEST_SKIP() << "this CPU lacks " << isa_name(GetParam());
  }

  const Kernels& kernels() const { return kernels_of(GetParam()); }
};

inline auto every_isa() { return testing::ValuesIn(kIsas); }

inline std::string name_of_isa(const testing::TestParamInfo<Isa>& info) { return isa_name(info.param); }

}  // namespace conv4j::test

#endif  // CONV4J_TEST_ISA_H_
