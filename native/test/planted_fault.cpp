// Calls that lie about their memory, one for each kind of check that a sanitizer has put into the kernels. Only
// instrumented builds have them, and each ends the process: ci/check-sanitizer runs them one by one.
#include <gtest/gtest.h>

#include <vector>

#include "conv4j/conv4j.h"
#include "test/isa.h"
#include "test/plan.h"

namespace conv4j {
namespace {

using test::memory;
using test::Plan;

class PlantedFault : public test::IsaTest {
 protected:
  static constexpr int64_t kChannels = 64, kPositions = 3;

  void forward(Plan::Memory src, Plan::Memory dst, int64_t weights_shift = 0) {
    c4j_options options = {};
    options.threads = 1;
    options.isa = C4J_ISA_GENERIC + static_cast<int64_t>(GetParam());
    const Plan plan(test::geometry(1, kChannels, kChannels, 1, {test::axis(kPositions, 1, C4J_LOCAL, 1)}), options);
    constexpr int64_t kWeights = kPositions * kChannels * kChannels;
    const std::vector<float> weights(kWeights + 1);
    const Plan::Memory shifted = {memory(weights).first + weights_shift, kWeights * int64_t{sizeof(float)}};
    plan.execute(C4J_FORWARD, C4J_OVERWRITE, src, shifted, {0, 0}, dst);
  }

  std::vector<float> whole_ = std::vector<float>(kPositions * kChannels);
  std::vector<float> short_ = std::vector<float>((kPositions - 1) * kChannels);
};

INSTANTIATE_TEST_SUITE_P(, PlantedFault, test::every_isa(), test::name_of_isa);

TEST_P(PlantedFault, AddressRead) { forward({memory(short_).first, memory(whole_).second}, memory(whole_)); }

TEST_P(PlantedFault, AddressWrite) { forward(memory(whole_), {memory(short_).first, memory(whole_).second}); }

// Of weights: elements of src are copied, of which any alignment is right.
TEST_P(PlantedFault, UndefinedAlignment) { forward(memory(whole_), memory(whole_), 2); }

}  // namespace
}  // namespace conv4j
