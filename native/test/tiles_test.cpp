// What a call does for several tiles, against calls of their own, and for lines of rows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/kernels.h"
#include "test/isa.h"
#include "test/random.h"

namespace conv4j {
namespace {

using KernelOf = void (*Kernels::*)(const Tile& tile);

class TilesTest : public test::IsaTest {
 protected:
  static constexpr int64_t kSize = 1 << 14;

  const std::vector<float> a_ = test::random_floats(kSize, 1);
  const std::vector<float> b_ = test::random_floats(kSize, 2);
  const std::vector<Segment> segments_ = {{0, 0, 3}, {40, 60, 1}};

  Tile tile(int64_t rows, int64_t columns, int64_t segments) const {
    Tile t = {};
    t.a = a_.data();
    t.b = b_.data();
    t.a_row = 23;
    t.a_step = 70;
    t.b_step = 71;
    t.rows = t.line_rows = rows;
    t.columns = columns;
    t.c_row = t.init_row = 72;
    t.segments = segments_.data() + (segments == 1 ? 1 : 0);  // one alone is of one term
    t.segment_count = segments;
    return t;
  }

  // Against sums in doubles.
  void check_lines(KernelOf run, int64_t lines, bool in_place, Tile t) const {
    const int64_t row_step = run == &Kernels::gemm_t ? 1 : t.a_step, column_step = run == &Kernels::gemm_t ? 0 : 1;
    std::vector<float> together = test::random_floats(kSize, 3), expected = together;
    t.rows = lines * t.line_rows;
    t.a_line = 501;
    t.c_line = 1000;
    t.c = together.data();
    t.init = in_place ? t.c : nullptr;
    (kernels().*run)(t);
    for (int64_t row = 0; row < t.rows; ++row) {
      const int64_t line = row / t.line_rows, in_line = row % t.line_rows;
      for (int64_t column = 0; column < t.columns; ++column) {
        const auto at = static_cast<size_t>(line * t.c_line + in_line * t.c_row + column);
        double sum = in_place ? expected[at] : 0, magnitude = std::abs(sum);
        int64_t terms = 1;
        for (const Segment* s = t.segments; s != t.segments + t.segment_count; ++s) {
          for (int64_t k = 0; k < s->length; ++k, ++terms) {
            const int64_t a = line * t.a_line + s->a + k * t.a_row + in_line * row_step + column * column_step;
            const double product = static_cast<double>(a_[static_cast<size_t>(a)]) *
                                   static_cast<double>(b_[static_cast<size_t>(s->b + k * t.b_step + column)]);
            sum += product;
            magnitude += std::abs(product);
          }
        }
        ASSERT_LE(std::abs(static_cast<double>(together[at]) - sum), test::tolerance(terms, magnitude))
            << lines << " lines of " << t.line_rows << " rows, " << t.columns << " columns, " << terms - 1 << " terms";
        expected[at] = together[at];
      }
    }
    ASSERT_EQ(expected, together) << "written beside the lines";
  }
};

TEST_P(TilesTest, SeveralTilesEqualCallsOfTheirOwn) {
  for (KernelOf run :
       {&Kernels::gemm, &Kernels::gemm_t, &Kernels::dot, &Kernels::channelwise, &Kernels::channelwise_t}) {
    for (int64_t rows : {1, 5, 17}) {
      for (int64_t columns : {1, 8, 70}) {
        for (int64_t segments : {0, 1, 2}) {
          for (bool in_place : {false, true}) {
            Tile t = tile(rows, columns, segments);
            t.tiles = 3;
            t.a_next = 5;
            t.b_next = 7;
            t.c_next = t.init_next = 11;  // They overlap: each begins with what the one before has left.
            std::vector<float> together = test::random_floats(kSize, 3), apart = together;
            t.c = together.data();
            t.init = in_place ? t.c : nullptr;
            (kernels().*run)(t);
            for (int64_t i = 0; i < 3; ++i) {
              Tile one = t;
              one.tiles = 1;
              one.a = t.a + i * t.a_next;
              one.b = b_.data() + i * t.b_next;
              one.c = apart.data() + i * t.c_next;
              one.init = in_place ? one.c : nullptr;
              (kernels().*run)(one);
            }
            ASSERT_EQ(apart, together) << rows << " rows, " << columns << " columns, " << segments << " segments";
          }
        }
      }
    }
  }
}

TEST_P(TilesTest, ResultsPastTheCachesEqualOthers) {
  struct alignas(64) Results {
    float values[kSize];
  };
  constexpr int64_t kTaps = 3, kWindow[kTaps] = {0, 200, 400};
  for (KernelOf run : {&Kernels::gemm, &Kernels::gemm_t, &Kernels::channelwise, &Kernels::channelwise_slide,
                       &Kernels::channelwise_t}) {
    for (int64_t rows : {1, 2, 5, 8, 17}) {
      for (int64_t columns : {16, 48, 80, 112}) {
        for (bool has_init : {false, true}) {
          Tile t = tile(rows, columns, 1);
          const Segment segment = {40, 60, run == &Kernels::channelwise ? 1 : kTaps};
          t.segments = &segment;
          t.windows = kWindow;
          t.phases = 1;
          t.c_row = 160;
          t.init_row = 0;
          if (has_init) t.init = b_.data();
          std::vector<Results> stored(1), streamed(1);
          t.c = stored[0].values;
          (kernels().*run)(t);
          t.c = streamed[0].values;
          t.streams = true;
          (kernels().*run)(t);
          kernels().end_streams();
          ASSERT_TRUE(std::equal(stored[0].values, stored[0].values + kSize, streamed[0].values))
              << rows << " rows, " << columns << " columns";
        }
      }
    }
  }
}

TEST_P(TilesTest, LinesPastTheCachesEqualOthers) {
  struct alignas(64) Results {
    float values[kSize];
  };
  const Segment segment = {40, 60, 9};
  for (int64_t lines : {1, 2, 3, 4}) {
    for (int64_t line_rows : {1, 2, 3, 5}) {
      for (int64_t columns : {16, 48}) {
        for (int64_t phases : {1, 2, 4}) {
          Tile t = tile(line_rows, columns, 1);
          t.rows = lines * line_rows;
          t.segments = &segment;
          t.a_line = 501;
          t.c_row = 64;
          t.c_line = 320;
          t.c_phase = 1280;
          t.phases = phases;
          t.first_phase = phases - 1;
          std::vector<Results> stored(1), streamed(1);
          t.c = stored[0].values;
          kernels().channelwise_t(t);
          t.c = streamed[0].values;
          t.streams = true;
          kernels().channelwise_t(t);
          kernels().end_streams();
          ASSERT_TRUE(std::equal(stored[0].values, stored[0].values + kSize, streamed[0].values))
              << lines << " lines of " << line_rows << " rows, " << columns << " columns, " << phases << " phases";
        }
      }
    }
  }
}

TEST_P(TilesTest, LinesOfRowsMatchDoubles) {
  const std::vector<std::vector<Segment>> sums = {segments_, {{40, 60, 1}}, {{40, 60, 5}}};
  for (KernelOf run : {&Kernels::gemm_t, &Kernels::channelwise_t}) {
    for (int64_t lines : {1, 2, 3, 4, 7}) {
      for (int64_t line_rows : {1, 2, 3, 5}) {
        for (int64_t columns : {1, 16, 35}) {
          for (const std::vector<Segment>& segments : sums) {
            Tile t = tile(line_rows, columns, static_cast<int64_t>(segments.size()));
            t.segments = segments.data();
            check_lines(run, lines, false, t);
            check_lines(run, lines, true, t);
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, TilesTest, test::every_isa(), test::name_of_isa);

}  // namespace
}  // namespace conv4j
