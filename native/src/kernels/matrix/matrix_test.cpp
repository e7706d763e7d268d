#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "core/data_type.h"
#include "test/fenced.h"
#include "test/isa.h"
#include "test/random.h"

namespace conv4j {
namespace {

class MatrixTest : public test::IsaTest {};

constexpr int64_t kSizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33};
constexpr int64_t kRoom = 3;  // between the rows

// Rows of `columns` numbers between fences, whatever lies between them untouched.
struct Matrix {
  Matrix(int64_t rows, int64_t columns) : step(columns + kRoom), fenced((rows - 1) * step + columns) {}

  float& at(int64_t row, int64_t column) { return fenced.data()[row * step + column]; }

  int64_t step;
  test::Fenced<float> fenced;
};

void fill(Matrix& matrix, int64_t rows, int64_t columns) {
  const std::vector<float> values = test::random_floats(rows * columns, 5);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      matrix.at(row, column) = values[static_cast<size_t>(row * columns + column)];
    }
  }
}

void expect_untouched_between(Matrix& matrix, int64_t rows, int64_t columns) {
  for (int64_t row = 0; row + 1 < rows; ++row) {
    for (int64_t i = 0; i < kRoom; ++i) ASSERT_TRUE(matrix.fenced.is_untouched(row * matrix.step + columns + i));
  }
  ASSERT_TRUE(matrix.fenced.is_untouched_before());
}

TEST_P(MatrixTest, TransposeExchangesRowsAndColumnsOfEverySize) {
  for (int64_t rows : kSizes) {
    for (int64_t columns : kSizes) {
      Matrix from(rows, columns), to(columns, rows);
      fill(from, rows, columns);
      kernels().transpose(from.fenced.data(), from.step, rows, columns, to.fenced.data(), to.step);
      for (int64_t row = 0; row < rows; ++row) {
        for (int64_t column = 0; column < columns; ++column) {
          ASSERT_EQ(from.at(row, column), to.at(column, row)) << rows << " x " << columns;
        }
      }
      expect_untouched_between(to, columns, rows);
    }
  }
}

TEST_P(MatrixTest, TransposePairsKeepsNeighbouringColumnsTogether) {
  for (int64_t rows = 1; rows <= kernels().lanes + 1; ++rows) {
    for (int64_t columns : kSizes) {
      for (int64_t apart : {0, 3}) {
        Matrix from(rows, columns);
        const int64_t to_step = 2 * rows + apart;
        test::Fenced<float> to(columns / 2 * to_step + (columns % 2 == 0 ? -apart : rows));
        fill(from, rows, columns);
        kernels().transpose_pairs(from.fenced.data(), from.step, rows, columns, to.data(), to_step);
        for (int64_t row = 0; row < rows; ++row) {
          for (int64_t column = 0; column < columns; ++column) {
            const bool alone = column + 1 == columns && column % 2 == 0;
            const int64_t at = column / 2 * to_step + (alone ? row : 2 * row + column % 2);
            ASSERT_EQ(from.at(row, column), to.data()[at]) << rows << " x " << columns;
          }
        }
        ASSERT_TRUE(to.is_untouched_before());
      }
    }
  }
}

TEST_P(MatrixTest, CopyTakesRowsOfEverySizeToOtherSteps) {
  for (int64_t rows : {1, 2, 5}) {
    for (int64_t columns : kSizes) {
      for (int64_t ahead : {0, 1000000}) {  // Prefetching touches nothing.
        Matrix from(rows, columns), to(rows, columns);
        fill(from, rows, columns);
        kernels().copy(from.fenced.data(), from.step, ahead, rows, columns, to.fenced.data(), to.step);
        for (int64_t row = 0; row < rows; ++row) {
          for (int64_t column = 0; column < columns; ++column) ASSERT_EQ(from.at(row, column), to.at(row, column));
        }
        expect_untouched_between(to, rows, columns);
      }
    }
  }
}

TEST_P(MatrixTest, WidenIsExact) {
  for (int64_t count : kSizes) {
    std::vector<Bf16> from(static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) from[static_cast<size_t>(i)].bits = static_cast<uint16_t>(0x3f80 + 37 * i);
    test::Fenced<float> to(count);
    kernels().widen(from.data(), count, to.data());
    for (int64_t i = 0; i < count; ++i) {
      uint32_t bits = 0;
      std::memcpy(&bits, to.data() + i, sizeof bits);
      ASSERT_EQ(uint32_t{from[static_cast<size_t>(i)].bits} << 16, bits);
    }
    ASSERT_TRUE(to.is_untouched_before());
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, MatrixTest, test::every_isa(), test::name_of_isa);

}  // namespace
}  // namespace conv4j
