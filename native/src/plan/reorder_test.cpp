#include "plan/reorder.h"

#include <gtest/gtest.h>

#include <vector>

#include "conv4j/conv4j.h"
#include "test/plan.h"
#include "test/random.h"

namespace conv4j {
namespace {

std::vector<float> converted(const Dims& dims, const std::vector<float>& from, const Layout& layout, const Layout& to) {
  std::vector<float> result(static_cast<size_t>(size_bytes(to, dims)) / sizeof(float));
  reorder(dims, from.data(), layout, result.data(), to, 1);
  return result;
}

TEST(ReorderTest, BlockedActivationsAndWeightsOfEveryKindBecomeEachOther) {
  const Dims dims = {16, 24, 3, 3};
  const std::vector<float> numbers = test::random_integers(elements(dims), 1);
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
        const std::vector<float> packed = converted(dims, numbers, logical, weights);
        const std::vector<float> blocks = converted(dims, numbers, logical, blocked);
        EXPECT_EQ(blocks, converted(dims, packed, weights, blocked));
        EXPECT_EQ(packed, converted(dims, blocks, blocked, weights));
      }
    }
  }
}

TEST(ReorderTest, PanelsOfEveryKindBecomeEachOther) {
  const Dims dims = {18, 20, 3, 2};
  const std::vector<float> numbers = test::random_integers(elements(dims), 1);
  std::vector<Layout> all;
  for (Layout::Order order : {Layout::Order::kOcInner, Layout::Order::kIcInner}) {
    for (int block : {8, 16}) {
      for (bool flipped : {false, true}) all.push_back(Layout::panels(order, block, 2, flipped));
    }
  }
  const Layout logical = Layout::channels_first();
  for (const Layout& from : all) {
    const std::vector<float> panels = converted(dims, numbers, logical, from);
    for (const Layout& to : all) {
      EXPECT_EQ(converted(dims, numbers, logical, to), converted(dims, panels, from, to))
          << layout_name(layout_id(from)) << " to " << layout_name(layout_id(to));
    }
  }
}

TEST(ReorderTest, SumsAreOfWhatIsThereAndWhatComes) {
  const Dims dims = {4, 2, 3, 3};  // two kernels along one axis
  const std::vector<float> numbers = test::random_integers(elements(dims), 1);
  std::vector<float> doubled;
  for (float x : numbers) doubled.push_back(2 * x);
  const Layout logical = Layout::channels_first();
  const Layout all[] = {logical, Layout::channels_last(), Layout::packed(Layout::Order::kOcInner, 1, 1, false),
                        Layout::packed(Layout::Order::kIcInner, 1, 1, true)};
  for (const Layout& from : all) {
    for (const Layout& to : all) {
      const std::vector<float> given = converted(dims, numbers, logical, from);
      std::vector<float> sum = converted(dims, numbers, logical, to);
      const Reorder add(from, to, dims, true);
      std::vector<char> scratch(static_cast<size_t>(add.scratch_bytes()), 'A');
      add.run(given.data(), sum.data(), scratch.data());
      EXPECT_EQ(doubled, converted(dims, sum, to, logical))
          << layout_name(layout_id(from)) << " to " << layout_name(layout_id(to));
    }
  }
}

}  // namespace
}  // namespace conv4j
