#include <gtest/gtest.h>

#include "test/isa.h"
#include "test/tile.h"

namespace conv4j {
namespace {

const test::TileKernel kDot = {&Kernels::dot,
                               [](const Tile& t, int64_t row, int64_t column, int64_t k, int64_t) -> test::Term {
                                 return {row * t.a_row + k, column * t.b_step + k};
                               },
                               [](Tile& t, int64_t longest) { t.a_row = t.b_step = longest; }};

class DotTest : public test::IsaTest {};

TEST_P(DotTest, MatchesDoublesForEveryNumberOfRowsAndColumns) { test::check_every_size(kernels(), kDot, {17, 2}); }

TEST_P(DotTest, MatchesDoublesForEverySumStepAndInit) { test::check_every_sum(kernels(), kDot, test::segment_lists()); }

TEST_P(DotTest, WithBf16MatchesDoublesForEveryNumberOfRowsAndColumns) {
  test::check_every_size(kernels(), kDot.on_bf16(&Kernels::dot_bf16), {17, 2});
}

TEST_P(DotTest, WithBf16MatchesDoublesForEverySumStepAndInit) {
  test::check_every_sum(kernels(), kDot.on_bf16(&Kernels::dot_bf16), test::segment_lists());
}

INSTANTIATE_TEST_SUITE_P(Isas, DotTest, test::every_isa(), test::name_of_isa);

}  // namespace
}  // namespace conv4j
