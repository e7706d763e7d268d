#include "plan/reorder.h"

#include <gtest/gtest.h>

#include <vector>

#include "conv4j/conv4j.h"
#include "test/plan.h"
#include "test/random.h"

namespace conv4j {
namespace {

TEST(ReorderTest, BlockedActivationsAndWeightsOfEveryKindBecomeEachOther) {
  const Dims dims = {16, 24, 3, 3};
  const std::vector<float> numbers = test::random_integers(elements(dims), 1);
  const auto converted = [&](const std::vector<float>& from, const Layout& layout, const Layout& to) {
    std::vector<float> result(static_cast<size_t>(size_bytes(to, dims)) / sizeof(float));
    reorder(dims, from.data(), layout, result.data(), to, 1);
    return result;
  };
  const Layout logical = Layout::channels_first();
  for (int64_t implementation : {C4J_ONEDNN, C4J_KERNELS}) {
    for (int64_t orientation : {C4J_CROSS_CORRELATION, C4J_CONVOLUTION}) {
      c4j_geometry geometry =
          test::geometry(1, 24, 16, 1, {test::axis(6, 3, C4J_SHARED, 1), test::axis(6, 3, C4J_SHARED, 1)});
      geometry.orientation = orientation;
      c4j_options options = {};
      options.implementation = implementation;
      const test::Plan plan(geometry, options);
      ASSERT_EQ(C4J_OK, plan.status()) << c4j_last_error();
      const Layout weights = layout_of(plan.layout(C4J_WEIGHTS));
      for (int block : {8, 16}) {
        const Layout blocked = Layout::blocked(block);
        const std::vector<float> packed = converted(numbers, logical, weights);
        const std::vector<float> blocks = converted(numbers, logical, blocked);
        EXPECT_EQ(blocks, converted(packed, weights, blocked));
        EXPECT_EQ(packed, converted(blocks, blocked, weights));
      }
    }
  }
}

}  // namespace
}  // namespace conv4j
