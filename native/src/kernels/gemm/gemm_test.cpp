#include <gtest/gtest.h>

#include "test/isa.h"
#include "test/tile.h"

namespace conv4j {
namespace {

const test::TileKernel kGemm = {&Kernels::gemm,
                                [](const Tile& t, int64_t row, int64_t column, int64_t k, int64_t) -> test::Term {
                                  return {row * t.a_row + k, k * t.b_step + column};
                                },
                                [](Tile& t, int64_t longest) {
                                  t.a_row = longest;
                                  t.b_step = t.columns;
                                }};

const test::TileKernel kGemmT = {&Kernels::gemm_t,
                                 [](const Tile& t, int64_t row, int64_t column, int64_t k, int64_t) -> test::Term {
                                   return {k * t.a_row + row, k * t.b_step + column};
                                 },
                                 [](Tile& t, int64_t) {
                                   t.a_row = t.rows;
                                   t.b_step = t.columns;
                                 }};

const test::TileKernel kGemmPairs = {
    &Kernels::gemm_pairs,
    [](const Tile& t, int64_t row, int64_t column, int64_t k, int64_t length) -> test::Term {
      const bool alone = k + 1 == length && k % 2 == 0;
      return {row * t.a_row + k, k / 2 * t.b_step + (alone ? column : 2 * column + k % 2)};
    },
    [](Tile& t, int64_t longest) {
      t.a_row = longest;
      t.b_step = 2 * t.columns;
    },
    false, true};

class GemmTest : public test::IsaTest {};

// Rows and columns are cut into other blocks where sums are long.
void check_short_and_long_sums(const Kernels& kernels, const test::TileKernel& kernel) {
  test::check_every_size(kernels, kernel, {9, 2});
  test::check_every_size(kernels, kernel, {64});
}

TEST_P(GemmTest, RowsOfAMatchDoublesForEveryNumberOfRowsAndColumns) { check_short_and_long_sums(kernels(), kGemm); }

TEST_P(GemmTest, RowsOfAMatchDoublesForEverySumStepAndInit) {
  test::check_every_sum(kernels(), kGemm, test::segment_lists());
}

TEST_P(GemmTest, RowsOfAAndBf16MatchDoublesForEveryNumberOfRowsAndColumns) {
  check_short_and_long_sums(kernels(), kGemm.on_bf16(&Kernels::gemm_bf16));
}

TEST_P(GemmTest, RowsOfAAndBf16MatchDoublesForEverySumStepAndInit) {
  test::check_every_sum(kernels(), kGemm.on_bf16(&Kernels::gemm_bf16), test::segment_lists());
}

TEST_P(GemmTest, ColumnsOfAMatchDoublesForEveryNumberOfRowsAndColumns) { check_short_and_long_sums(kernels(), kGemmT); }

TEST_P(GemmTest, ColumnsOfAMatchDoublesForEverySumStepAndInit) {
  test::check_every_sum(kernels(), kGemmT, test::segment_lists());
}

// Where terms are few, rows are computed one by one.
TEST_P(GemmTest, ColumnsOfAMatchDoublesForFewTerms) {
  for (int64_t terms = 1; terms <= 17; ++terms) test::check_every_sum(kernels(), kGemmT, {{terms}});
  for (int64_t terms : {1, 5, 8, 9, 16}) test::check_every_size(kernels(), kGemmT, {terms});
}

TEST_P(GemmTest, ColumnsOfAMatchDoublesForFewTermsOfSeveralSegments) {
  test::check_every_sum(kernels(), kGemmT, {{3, 3, 3}, {1, 1}, {0, 2, 0, 5, 0}, {4, 4, 4, 4}, {2, 1, 7}, {1, 1, 1, 1}});
  test::check_every_size(kernels(), kGemmT, {3, 2, 3});
}

TEST_P(GemmTest, PairsOfTermsMatchDoublesForEveryNumberOfRowsAndColumns) {
  test::check_every_size(kernels(), kGemmPairs, {9, 2});
  test::check_every_size(kernels(), kGemmPairs, {8});
}

TEST_P(GemmTest, PairsOfTermsMatchDoublesForEverySumStepAndInit) {
  test::check_every_sum(kernels(), kGemmPairs, test::segment_lists());
}

INSTANTIATE_TEST_SUITE_P(Isas, GemmTest, test::every_isa(), test::name_of_isa);

}  // namespace
}  // namespace conv4j
