#include <gtest/gtest.h>

#include "test/isa.h"
#include "test/tile.h"

namespace conv4j {
namespace {

const test::TileKernel kChannelwise = {&Kernels::channelwise,
                                       [](const Tile& t, int64_t row, int64_t column, int64_t) -> test::Term {
                                         return {row * t.a_row + column, column};
                                       },
                                       [](Tile& t, int64_t) { t.a_row = t.columns; }};

const test::TileKernel kChannelwiseT = {&Kernels::channelwise_t,
                                        [](const Tile& t, int64_t row, int64_t column, int64_t k) -> test::Term {
                                          return {k * t.a_row + row * t.a_step + column, k * t.b_step + column};
                                        },
                                        [](Tile& t, int64_t) {
                                          t.a_step = t.b_step = t.columns;
                                          t.a_row = t.rows * t.columns;
                                          t.line_rows = t.rows;
                                        }};

class ChannelwiseTest : public test::IsaTest {};

TEST_P(ChannelwiseTest, TapsMatchDoublesForEveryNumberOfRowsAndColumns) {
  test::check_every_size(kernels(), kChannelwise, {1, 1, 1});
}

TEST_P(ChannelwiseTest, TapsMatchDoublesForEverySumStepAndInit) {
  test::check_every_sum(kernels(), kChannelwise, {{}, {1}, {1, 1}, {1, 1, 1}, std::vector<int64_t>(25, 1)});
}

TEST_P(ChannelwiseTest, TapsOfBf16MatchDoublesForEveryNumberOfRowsAndColumns) {
  test::check_every_size(kernels(), kChannelwise.on_bf16(&Kernels::channelwise_bf16), {1, 1, 1});
}

TEST_P(ChannelwiseTest, TapsOfBf16MatchDoublesForEverySumStepAndInit) {
  test::check_every_sum(kernels(), kChannelwise.on_bf16(&Kernels::channelwise_bf16),
                        {{}, {1}, {1, 1}, {1, 1, 1}, std::vector<int64_t>(25, 1)});
}

TEST_P(ChannelwiseTest, PositionsMatchDoublesForEveryNumberOfRowsAndColumns) {
  test::check_every_size(kernels(), kChannelwiseT, {9, 2});
}

TEST_P(ChannelwiseTest, PositionsMatchDoublesForEverySumStepAndInit) {
  test::check_every_sum(kernels(), kChannelwiseT, test::segment_lists());
}

INSTANTIATE_TEST_SUITE_P(Isas, ChannelwiseTest, test::every_isa(), test::name_of_isa);

}  // namespace
}  // namespace conv4j
