#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "test/isa.h"
#include "test/random.h"
#include "test/tile.h"

namespace conv4j {
namespace {

const test::TileKernel kChannelwise = {&Kernels::channelwise,
                                       [](const Tile& t, int64_t row, int64_t column, int64_t, int64_t) -> test::Term {
                                         return {row * t.a_row + column, column};
                                       },
                                       [](Tile& t, int64_t) { t.a_row = t.columns; }};

const test::TileKernel kChannelwiseT = {
    &Kernels::channelwise_t,
    [](const Tile& t, int64_t row, int64_t column, int64_t k, int64_t) -> test::Term {
      return {k * t.a_row + row * t.a_step + column, k * t.b_step + column};
    },
    [](Tile& t, int64_t) {
      t.a_step = t.b_step = t.columns;
      t.a_row = t.rows * t.columns;
      t.line_rows = t.rows;
    }};

// Weights of a tap after those of the tap before it, last phase first.
template <int kPhases>
int64_t window(int64_t columns, int64_t phase, int64_t k) {
  return (k * kPhases + kPhases - 1 - phase) * columns;
}

template <int kPhases, int kBefore, int kAfter>
const test::TileKernel kSlide = {
    &Kernels::channelwise_slide,
    [](const Tile& t, int64_t row, int64_t column, int64_t k, int64_t length) -> test::Term {
      const bool present = t.pad_before <= row + k && row + k < t.rows + length - 1 - t.pad_after;
      return {present ? (row + k) * t.a_row + column : test::kOnPadding,
              window<kPhases>(t.columns, row % kPhases, k) + column};
    },
    [](Tile& t, int64_t longest) {
      static std::vector<int64_t> windows;
      windows.clear();
      for (int64_t phase = 0; phase < kPhases; ++phase) {
        for (int64_t k = 0; k < longest; ++k) {
          windows.push_back(window<kPhases>(t.columns, phase, k));
        }
      }
      t.a_row = t.columns;
      t.phases = kPhases;
      t.windows = windows.data();
      t.a_last = 1000;
      t.pad_before = kBefore;
      t.pad_after = kAfter;
    }};

// Each phase of a line of taps that overlap, against doubles.
void check_phases(const Kernels& kernels, int64_t phases, int64_t lines, int64_t taps, int64_t columns, bool adds,
                  bool is_near) {
  const std::vector<int64_t> lengths = {phases * 5, phases + 1, phases - 1, 1};
  int64_t positions = 0;
  std::vector<Segment> segments;
  for (int64_t length : lengths) {
    segments.push_back({positions * columns, positions * columns, length});
    positions += length;
  }
  Tile t = {};
  t.segments = segments.data();
  t.segment_count = static_cast<int64_t>(segments.size());
  t.rows = lines * taps;
  t.line_rows = taps;
  t.columns = t.a_row = t.a_step = t.b_step = t.c_row = t.init_row = columns;
  t.a_line = (positions + taps) * columns;
  t.c_line = taps * columns;
  t.phases = phases;
  t.first_phase = phases - 1;
  t.c_phase = lines * taps * columns;
  const std::vector<float> a = test::random_floats(lines * t.a_line, 1), b = test::random_floats(t.a_line, 2);
  const std::vector<float> before = test::random_floats(phases * t.c_phase, 3);
  std::vector<float> c = before;
  t.a = a.data();
  t.b = b.data();
  t.c = c.data();
  if (adds) t.init = t.c;
  t.is_near = is_near;

  kernels.channelwise_t(t);

  for (int64_t phase = 0; phase < phases; ++phase) {
    for (int64_t row = 0; row < t.rows; ++row) {
      for (int64_t column = 0; column < columns; ++column) {
        const auto at = static_cast<size_t>((phase + t.first_phase) % phases * t.c_phase + row * columns + column);
        double sum = adds ? before[at] : 0, magnitude = std::abs(sum);
        for (const Segment& s : segments) {
          for (int64_t k = phase; k < s.length; k += phases) {
            const int64_t from = s.a + row / taps * t.a_line + (k + row % taps) * columns + column;
            const double product = static_cast<double>(a[static_cast<size_t>(from)]) *
                                   static_cast<double>(b[static_cast<size_t>(s.b + k * columns + column)]);
            sum += product;
            magnitude += std::abs(product);
          }
        }
        ASSERT_LE(std::abs(static_cast<double>(c[at]) - sum), test::tolerance(positions + 1, magnitude))
            << phases << " phases, " << lines << " lines, " << taps << " taps, " << columns << " columns: phase "
            << phase << ", row " << row << ", column " << column;
      }
    }
  }
}

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

template <int kPhases, int kBefore = 0, int kAfter = 0>
void check_slide(const Kernels& kernels) {
  const std::vector<std::vector<int64_t>> lists = {{},           {1}, {2, 2}, {3}, {3, 3, 3},
                                                   {3, 3, 3, 3}, {4}, {5, 5}, {6}, {7, 7}};
  const test::TileKernel& floats = kSlide<kPhases, kBefore, kAfter>;
  for (const test::TileKernel& kernel : {floats, floats.on_bf16(&Kernels::channelwise_slide_bf16)}) {
    test::check_every_size(kernels, kernel, {3, 3});
    test::check_every_sum(kernels, kernel, lists);
  }
}

TEST_P(ChannelwiseTest, SlidesOfEveryNumberOfPhasesMatchDoubles) {
  check_slide<1>(kernels());
  check_slide<2>(kernels());
  check_slide<3>(kernels());
  check_slide<4>(kernels());
}

TEST_P(ChannelwiseTest, SlidesLeaveOutThePadding) {
  check_slide<1, 2, 0>(kernels());
  check_slide<2, 1, 1>(kernels());
  check_slide<3, 0, 2>(kernels());
  check_slide<4, 1, 2>(kernels());
  check_slide<2, 7, 8>(kernels());
}

TEST_P(ChannelwiseTest, PositionsOfEveryNumberOfPhasesMatchDoubles) {
  for (int64_t phases : {1, 2, 3, 4}) {
    for (int64_t lines : {1, 2, 3, 5}) {
      for (int64_t taps : {1, 2, 3, 4, 7}) {
        for (int64_t columns : {1, 7, 16, 40}) {
          for (bool adds : {false, true}) {
            for (bool is_near : {false, true}) check_phases(kernels(), phases, lines, taps, columns, adds, is_near);
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, ChannelwiseTest, test::every_isa(), test::name_of_isa);

}  // namespace
}  // namespace conv4j
