// Bias: sums and additions over the innermost lanes of activations. The compiler's vectors reach memory speed.
#include "kernels/isa/isa-inl.h"

namespace conv4j {
namespace C4J_ISA {

namespace {

template <typename V>
void add_columns(float* y, int64_t y_step, const float* x, int64_t x_step, int64_t rows, int64_t columns) {
  constexpr int64_t kWidth = sizeof(V) / sizeof(float);
  for (int64_t row = 0; row < rows; ++row, y += y_step, x += x_step) {
    int64_t column = 0;
    for (; column + kWidth <= columns; column += kWidth) {
      store(y + column, load<V>(y + column) + load<V>(x + column));
    }
    if (column == columns) continue;
    const int64_t left = columns - column;
    store_some(y + column, load_some<V>(y + column, left) + load_some<V>(x + column, left), left);
  }
}

}  // namespace

// x[p][l] += bias[l]
void add_lanes(float* x, int64_t positions, int64_t lanes, const float* bias) {
  if (lanes == 1) {
    const float b = bias[0];
    for (int64_t p = 0; p < positions; ++p) x[p] += b;
    return;
  }
  for (int64_t p = 0; p < positions; ++p) {
    for (int64_t l = 0; l < lanes; ++l) x[p * lanes + l] += bias[l];
  }
}

// y[i] += x[i]
void add(float* y, const float* x, int64_t count) {
  for (int64_t i = 0; i < count; ++i) y[i] += x[i];
}

// y[row * y_step + column] += x[row * x_step + column]
void add_rows(float* y, int64_t y_step, const float* x, int64_t x_step, int64_t rows, int64_t columns) {
  columns <= kLanes / 2 ? add_columns<Half>(y, y_step, x, x_step, rows, columns)
                        : add_columns<Vector>(y, y_step, x, x_step, rows, columns);
}

// sums[l] = sum over p of x[p][l], in floats over short runs and in doubles over those.
void sum_lanes(const float* x, int64_t positions, int64_t lanes, double* sums) {
  constexpr int64_t kRun = 64;
  constexpr int64_t kWidth = 16;
  if (lanes == 1) {
    double total = 0;
    for (int64_t begin = 0; begin < positions; begin += kRun * kWidth) {
      const int64_t end = begin + kRun * kWidth < positions ? begin + kRun * kWidth : positions;
      float partial[kWidth] = {};
      int64_t p = begin;
      for (; p + kWidth <= end; p += kWidth) {
        for (int64_t l = 0; l < kWidth; ++l) partial[l] += x[p + l];
      }
      for (int64_t l = 0; p < end; ++p, ++l) partial[l] += x[p];
      for (int64_t l = 0; l < kWidth; ++l) total += static_cast<double>(partial[l]);
    }
    sums[0] = total;
    return;
  }
  for (int64_t first = 0; first < lanes; first += kWidth) {
    const int64_t width = first + kWidth < lanes ? kWidth : lanes - first;
    for (int64_t l = 0; l < width; ++l) sums[first + l] = 0;
    for (int64_t begin = 0; begin < positions; begin += kRun) {
      const int64_t end = begin + kRun < positions ? begin + kRun : positions;
      float partial[kWidth] = {};
      if (width == kWidth) {
        for (int64_t p = begin; p < end; ++p) {
          for (int64_t l = 0; l < kWidth; ++l) partial[l] += x[p * lanes + first + l];
        }
      } else {
        for (int64_t p = begin; p < end; ++p) {
          for (int64_t l = 0; l < width; ++l) partial[l] += x[p * lanes + first + l];
        }
      }
      for (int64_t l = 0; l < width; ++l) sums[first + l] += static_cast<double>(partial[l]);
    }
  }
}

}  // namespace C4J_ISA
}  // namespace conv4j
