#include <gtest/gtest.h>

#include <vector>

#include "test/isa.h"
#include "test/tile.h"

namespace conv4j {
namespace {

const test::TileKernel kDot = {&Kernels::dot,
                               [](const Tile& t, int64_t row, int64_t column, int64_t k, int64_t) -> test::Term {
                                 return {row * t.a_row + k, column * t.b_step + k};
                               },
                               [](Tile& t, int64_t longest) { t.a_row = t.b_step = longest; }};

// Weights of a tap after those of the tap before it, last phase first.
template <int kPhases>
int64_t window(int64_t terms, int64_t phase, int64_t k) {
  return (k * kPhases + kPhases - 1 - phase) * terms;
}

template <int kPhases, int kTerms, int kBefore, int kAfter>
const test::TileKernel kDotSlide = {
    &Kernels::dot_slide,
    [](const Tile& t, int64_t row, int64_t column, int64_t i, int64_t length) -> test::Term {
      const int64_t k = i / t.terms, term = i % t.terms;
      const bool present = t.pad_before <= row + k && row + k < t.rows + length - 1 - t.pad_after;
      return {present ? (row + k) * t.a_row + term : test::kOnPadding,
              window<kPhases>(t.terms, row % kPhases, k) + column * t.b_step + term};
    },
    [](Tile& t, int64_t longest) {
      static std::vector<int64_t> windows;
      windows.clear();
      for (int64_t phase = 0; phase < kPhases; ++phase) {
        for (int64_t k = 0; k < longest; ++k) windows.push_back(window<kPhases>(t.terms, phase, k));
      }
      t.a_row = t.terms;
      t.b_step = longest * kPhases * t.terms;
      t.phases = kPhases;
      t.windows = windows.data();
      t.pad_before = kBefore;
      t.pad_after = kAfter;
    },
    false,
    false,
    kTerms};

template <int kPhases, int kTerms, int kBefore = 0, int kAfter = 0>
void check_slide(const Kernels& kernels) {
  const std::vector<std::vector<int64_t>> lists = {{}, {1}, {2, 2}, {3, 3, 3}, {4}, {5, 5}, {7, 7}};
  const test::TileKernel& floats = kDotSlide<kPhases, kTerms, kBefore, kAfter>;
  for (const test::TileKernel& kernel : {floats, floats.on_bf16(&Kernels::dot_slide_bf16)}) {
    test::check_every_size(kernels, kernel, {3, 3});
    test::check_every_sum(kernels, kernel, lists);
  }
}

class DotTest : public test::IsaTest {};

TEST_P(DotTest, MatchesDoublesForEveryNumberOfRowsAndColumns) { test::check_every_size(kernels(), kDot, {17, 2}); }

TEST_P(DotTest, MatchesDoublesForEverySumStepAndInit) { test::check_every_sum(kernels(), kDot, test::segment_lists()); }

TEST_P(DotTest, WithBf16MatchesDoublesForEveryNumberOfRowsAndColumns) {
  test::check_every_size(kernels(), kDot.on_bf16(&Kernels::dot_bf16), {17, 2});
}

TEST_P(DotTest, WithBf16MatchesDoublesForEverySumStepAndInit) {
  test::check_every_sum(kernels(), kDot.on_bf16(&Kernels::dot_bf16), test::segment_lists());
}

TEST_P(DotTest, SlidesOfEveryNumberOfPhasesMatchDoubles) {
  check_slide<1, 17>(kernels());
  check_slide<2, 16>(kernels());
  check_slide<3, 5>(kernels());
  check_slide<4, 70>(kernels());
}

TEST_P(DotTest, SlidesLeaveOutThePadding) {
  check_slide<1, 17, 2, 0>(kernels());
  check_slide<2, 16, 1, 1>(kernels());
  check_slide<3, 5, 0, 2>(kernels());
  check_slide<2, 33, 7, 8>(kernels());
}

INSTANTIATE_TEST_SUITE_P(Isas, DotTest, test::every_isa(), test::name_of_isa);

}  // namespace
}  // namespace conv4j
