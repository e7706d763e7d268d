// What a call does for several tiles, and for lines of rows, against calls of their own.
#include <gtest/gtest.h>

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

TEST_P(TilesTest, LinesOfRowsEqualCallsOfTheirOwn) {
  for (KernelOf run : {&Kernels::gemm_t, &Kernels::channelwise_t}) {
    const int64_t row_step = run == &Kernels::gemm_t ? 1 : 70, column_step = run == &Kernels::gemm_t ? 0 : 1;
    for (int64_t lines : {1, 2, 3, 4, 7}) {
      for (int64_t line_rows : {1, 2, 3, 5}) {
        for (int64_t columns : {1, 16, 35}) {
          for (int64_t segments : {1, 2}) {
            for (bool in_place : {false, true}) {
              Tile t = tile(lines * line_rows, columns, segments);
              t.line_rows = line_rows;
              t.a_line = 501;
              t.c_line = 1000;
              std::vector<float> together = test::random_floats(kSize, 3), apart = together;
              t.c = together.data();
              t.init = in_place ? t.c : nullptr;
              (kernels().*run)(t);
              for (int64_t line = 0; line < lines; ++line) {
                for (int64_t row = 0; row < line_rows; ++row) {
                  for (int64_t column = 0; column < columns; ++column) {
                    float& c = apart[static_cast<size_t>(line * t.c_line + row * t.c_row + column)];
                    double sum = in_place ? c : 0;
                    for (const Segment* s = t.segments; s != t.segments + segments; ++s) {
                      for (int64_t k = 0; k < s->length; ++k) {
                        const int64_t a = line * t.a_line + s->a + k * t.a_row + row * row_step + column * column_step;
                        sum += static_cast<double>(a_[static_cast<size_t>(a)]) *
                               static_cast<double>(b_[static_cast<size_t>(s->b + k * t.b_step + column)]);
                      }
                    }
                    const float got = together[static_cast<size_t>(&c - apart.data())];
                    ASSERT_LE(std::abs(static_cast<double>(got) - sum), test::tolerance(5, 5)) << lines << " lines";
                    c = got;
                  }
                }
              }
              ASSERT_EQ(apart, together) << "written beside the lines";
            }
          }
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, TilesTest, test::every_isa(), test::name_of_isa);

}  // namespace
}  // namespace conv4j
