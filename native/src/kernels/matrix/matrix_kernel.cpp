// Matrices put into another order.
#include "kernels/isa/isa-inl.h"

namespace conv4j {
namespace C4J_ISA {

// to[column * to_step + row] = from[row * from_step + column], squares of one vector's width at a time. Whole ones go
// from row to row by one pointer: all their addresses at once were spilled (panels of 24 columns in the first-level
// cache, AVX2 on a Zen 3: 0.4 of the time).
void transpose(const float* from, int64_t from_step, int64_t rows, int64_t columns, float* to, int64_t to_step) {
  for (int64_t row = 0; row < rows; row += kLanes) {
    const int64_t height = rows - row < kLanes ? rows - row : kLanes;
    // Long rows, each in a page of its own, are too many for the CPU's own prefetchers (mnist_c1, backward_data, 128
    // images: 0.91 of the time); of short ones, the next rows are prefetched.
    const int64_t ahead = columns > 256 ? 128 : kLanes * from_step;
    for (int64_t column = 0; column < columns; column += kLanes) {
      const int64_t width = columns - column < kLanes ? columns - column : kLanes;
      const float* a = from + row * from_step + column;
      float* b = to + column * to_step + row;
      Vector square[kLanes];
      if (height == kLanes && width == kLanes) {
        const bool has_next = column + 2 * kLanes <= columns;
        float* next = b + kLanes * to_step;
#pragma GCC unroll 16
        for (int i = 0; i < kLanes; ++i) {
          square[i] = load(a);
          __builtin_prefetch(a + ahead, 0, 2);
          // t4_c128_28, backward_data, on a Cascade Lake: 0.90 to 0.99 of the time.
          if (has_next) __builtin_prefetch(next, 1);
          a = hold(a + from_step);
          next = hold(next + to_step);
        }
        transpose(square);
#pragma GCC unroll 16
        for (int i = 0; i < kLanes; ++i) {
          store(b, square[i]);
          b = hold(b + to_step);
        }
        continue;
      }
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) square[i] = i < height ? load_some(a + i * from_step, width) : Vector{};
      transpose(square);
#pragma GCC unroll 16
      for (int i = 0; i < kLanes; ++i) {
        if (i < width) store_some(b + i * to_step, square[i], height);
      }
    }
  }
}

// As gemm_pairs wants its B: to[column / 2 * to_step + 2 * row + column % 2], a last column without its pair
// to[column / 2 * to_step + row], is from[row * from_step + column].
void transpose_pairs(const float* from, int64_t from_step, int64_t rows, int64_t columns, float* to, int64_t to_step) {
  constexpr int kHalf = kLanes / 2;
  for (int64_t row = 0; row < rows; row += kHalf) {
    const int64_t height = rows - row < kHalf ? rows - row : kHalf;
    const float* a = from + row * from_step;
    for (int64_t column = 0; column + 1 < columns; column += kLanes) {
      const int64_t left = (columns - column) / 2 * 2, width = left < kLanes ? left : kLanes;
      Vector square[kHalf];
      if (height == kHalf && width == kLanes) {
#pragma GCC unroll 16
        for (int i = 0; i < kHalf; ++i) square[i] = load(a + i * from_step + column);
        transpose_pairs(square);
#pragma GCC unroll 16
        for (int i = 0; i < kHalf; ++i) store(to + (column / 2 + i) * to_step + 2 * row, square[i]);
        continue;
      }
#pragma GCC unroll 16
      for (int i = 0; i < kHalf; ++i) square[i] = i < height ? load_some(a + i * from_step + column, width) : Vector{};
      transpose_pairs(square);
#pragma GCC unroll 16
      for (int i = 0; i < kHalf; ++i) {
        if (2 * i < width) store_some(to + (column / 2 + i) * to_step + 2 * row, square[i], 2 * height);
      }
    }
  }
  for (int64_t row = 0; columns % 2 == 1 && row < rows; ++row) {
    to[columns / 2 * to_step + row] = from[row * from_step + columns - 1];
  }
}

// to[row * to_step + column] = from[row * from_step + column]; brings what lies `ahead` of `from` into the second-level
// cache.
void copy(const float* from, int64_t from_step, int64_t ahead, int64_t rows, int64_t columns, float* to,
          int64_t to_step) {
  for (int64_t row = 0; row < rows; ++row, from += from_step, to += to_step) {
    int64_t column = 0;
    for (; column + kLanes <= columns; column += kLanes) {
      if (column % 16 == 0) __builtin_prefetch(from + ahead + column, 0, 2);
      store(to + column, load(from + column));
    }
    if (column == columns) continue;
    __builtin_prefetch(from + ahead + column, 0, 2);
    store_some(to + column, load_some(from + column, columns - column), columns - column);
  }
}

void widen(const Bf16* from, int64_t count, float* to) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(to + i, load(from + i));
  if (i < count) store_some(to + i, load_some(from + i, count - i), count - i);
}

}  // namespace C4J_ISA
}  // namespace conv4j
