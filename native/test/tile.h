// Kernels that sum over segments, held to their contract in kernels/segment.h.
#ifndef CONV4J_TEST_TILE_H_
#define CONV4J_TEST_TILE_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "test/fenced.h"
#include "test/random.h"

namespace conv4j::test {

// Where the two factors of term k of a segment's `length` lie, counted from the beginnings of its segment. With several
// terms to each of a length's steps, k counts all of them.
struct Term {
  int64_t a;
  int64_t b;
};
constexpr int64_t kOnPadding = -1;  // for `a`: nothing is there

struct TileKernel {
  void (*Kernels::*run)(const Tile& tile);
  Term (*term)(const Tile& tile, int64_t row, int64_t column, int64_t k, int64_t length);
  void (*set_steps)(Tile& tile, int64_t longest);  // the smallest with which the operands' rows do not overlap
  bool b_is_bf16 = false;
  bool one_vector = false;  // of columns at most
  int64_t terms = 1;        // to each step of a segment's length

  // Kernels of several terms to a step take columns one by one.
  int64_t most_columns(const Kernels& kernels) const { return one_vector ? kernels.lanes : terms > 1 ? 3 : 70; }
  TileKernel on_bf16(void (*Kernels::*kernel)(const Tile& tile)) const {
    return {kernel, term, set_steps, true, one_vector, terms};
  }
};

// The float cut off to a bf16, and widened again.
inline float cut(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits &= 0xffff0000;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

inline Bf16 bf16(float cut_value) {
  uint32_t bits;
  std::memcpy(&bits, &cut_value, sizeof bits);
  return {static_cast<uint16_t>(bits >> 16)};
}

enum class Steps {
  kTight,
  kWide,        // room between the rows
  kOverlapping  // rows of A one element apart
};
enum class Init {
  kNone,
  kInPlace,
  kSeparate,
  kOneForAllRows
};

struct TileCase {
  int64_t rows;
  int64_t columns;
  std::vector<int64_t> lengths;
  Steps steps;
  Init init;

  std::string name() const {
    std::string list;
    for (int64_t length : lengths) list += " " + std::to_string(length);
    return std::to_string(rows) + " rows, " + std::to_string(columns) + " columns, lengths" + list + ", steps " +
           std::to_string(static_cast<int>(steps)) + ", init " + std::to_string(static_cast<int>(init));
  }
};

// Runs the kernel between fences and compares with sums in doubles. Whatever no term names is NaN.
inline void check_tile(const Kernels& kernels, const TileKernel& kernel, const TileCase& c) {
  Tile t = {};
  t.rows = c.rows;
  t.columns = c.columns;
  t.terms = kernel.terms;
  const auto longest = std::max_element(c.lengths.begin(), c.lengths.end());
  kernel.set_steps(t, longest == c.lengths.end() ? 0 : *longest);
  t.c_row = c.columns;
  t.init_row = c.init == Init::kOneForAllRows ? 0 : c.columns;
  if (c.steps == Steps::kWide) {
    t.a_row += 5;
    t.a_step += 3;
    t.b_step += 2;
    t.c_row += 7;
    if (t.init_row > 0) t.init_row += 1;
  }
  if (c.steps == Steps::kOverlapping) t.a_row = 1;
  if (c.init == Init::kInPlace) t.init_row = t.c_row;

  // Segments lie apart, in A the other way round than in B.
  std::vector<Segment> segments(c.lengths.size());
  int64_t a_size = 0, b_size = 0, terms = 0;
  const auto last_term = [&](int64_t length) {
    Term last = {-1, -1};
    for (int64_t row = 0; row < t.rows; ++row) {
      for (int64_t k = 0; k < length * kernel.terms; ++k) {
        const Term term = kernel.term(t, row, t.columns - 1, k, length);
        last = {std::max(last.a, term.a), std::max(last.b, term.b)};
      }
    }
    return last;
  };
  for (size_t i = 0; i < segments.size(); ++i) {
    segments[i].length = c.lengths[i];
    segments[i].b = b_size + 1;
    b_size = segments[i].b + last_term(c.lengths[i]).b + 1;
    Segment& mirrored = segments[segments.size() - 1 - i];
    const int64_t length = c.lengths[segments.size() - 1 - i];
    mirrored.a = a_size + 1;
    a_size = mirrored.a + last_term(length).a + 1;
    terms += length * kernel.terms;
  }
  t.segments = segments.data();
  t.segment_count = static_cast<int64_t>(segments.size());

  const auto for_each_term = [&](int64_t row, int64_t column, const auto& visit) {
    for (const Segment& s : segments) {
      for (int64_t k = 0; k < s.length * kernel.terms; ++k) {
        const Term term = kernel.term(t, row, column, k, s.length);
        if (term.a != kOnPadding) visit(s.a + term.a, s.b + term.b);
      }
    }
  };
  const std::vector<float> a_values = random_floats(a_size, 1);
  std::vector<float> b_values = random_floats(b_size, 2);
  if (kernel.b_is_bf16) std::transform(b_values.begin(), b_values.end(), b_values.begin(), cut);
  Fenced<float> a(a_size);
  Fenced<float> b(kernel.b_is_bf16 ? 0 : b_size);
  Fenced<Bf16> b_bf16(kernel.b_is_bf16 ? b_size : 0);
  for (int64_t row = 0; row < t.rows; ++row) {
    for (int64_t column = 0; column < t.columns; ++column) {
      for_each_term(row, column, [&](int64_t i, int64_t j) {
        a.data()[i] = a_values[static_cast<size_t>(i)];
        if (kernel.b_is_bf16) {
          b_bf16.data()[j] = bf16(b_values[static_cast<size_t>(j)]);
        } else {
          b.data()[j] = b_values[static_cast<size_t>(j)];
        }
      });
    }
  }

  const auto tile_size = [&](int64_t step) { return (t.rows - 1) * step + t.columns; };
  Fenced<float> result(tile_size(t.c_row)), separate(tile_size(t.init_row));
  const std::vector<float> init = random_floats(tile_size(t.init_row), 3);
  float* init_data = c.init == Init::kInPlace ? result.data() : separate.data();
  if (c.init != Init::kNone) {
    for (int64_t row = 0; row < t.rows; ++row) {
      for (int64_t i = row * t.init_row; i < row * t.init_row + t.columns; ++i) {
        init_data[i] = init[static_cast<size_t>(i)];
      }
    }
    t.init = init_data;
  }
  t.a = a.data();
  t.b = kernel.b_is_bf16 ? static_cast<const void*>(b_bf16.data()) : b.data();
  t.c = result.data();

  (kernels.*kernel.run)(t);

  for (int64_t row = 0; row < t.rows; ++row) {
    for (int64_t column = 0; column < t.c_row; ++column) {
      const int64_t at = row * t.c_row + column;
      if (column >= t.columns) {
        if (row == t.rows - 1) break;
        ASSERT_TRUE(result.is_untouched(at)) << c.name() << ": written behind row " << row;
        continue;
      }
      double sum = c.init == Init::kNone ? 0 : init[static_cast<size_t>(row * t.init_row + column)];
      double magnitude = std::abs(sum);
      for_each_term(row, column, [&](int64_t i, int64_t j) {
        const double product = static_cast<double>(a_values[static_cast<size_t>(i)]) *
                               static_cast<double>(b_values[static_cast<size_t>(j)]);
        sum += product;
        magnitude += std::abs(product);
      });
      const double error = std::abs(static_cast<double>(result.data()[at]) - sum);
      ASSERT_TRUE(error <= tolerance(terms + 1, magnitude))  // false for NaN, too
          << c.name() << ": row " << row << ", column " << column << ": expected " << sum << " but got "
          << result.data()[at];
    }
  }
  ASSERT_TRUE(result.is_untouched_before()) << c.name() << ": written before the tile";
}

// Round every register blocking: 70 columns are four vectors of 16 lanes, and six more.
inline void check_every_size(const Kernels& kernels, const TileKernel& kernel, const std::vector<int64_t>& lengths) {
  int64_t turn = 0;
  for (int64_t rows = 1; rows <= 30; ++rows) {
    for (int64_t columns = 1; columns <= kernel.most_columns(kernels); ++columns, ++turn) {
      const TileCase c = {rows, columns, lengths, static_cast<Steps>(turn % 3), static_cast<Init>(turn / 3 % 4)};
      check_tile(kernels, kernel, c);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

inline void check_every_sum(const Kernels& kernels, const TileKernel& kernel,
                            const std::vector<std::vector<int64_t>>& lists) {
  for (const std::vector<int64_t>& lengths : lists) {
    for (int64_t rows : {1, 3, 8, 15}) {
      for (int64_t columns : {1, 2, 6, 8, 16, 35}) {
        if (columns > kernel.most_columns(kernels)) break;
        for (Steps steps : {Steps::kTight, Steps::kWide, Steps::kOverlapping}) {
          for (Init init : {Init::kNone, Init::kInPlace, Init::kSeparate, Init::kOneForAllRows}) {
            check_tile(kernels, kernel, {rows, columns, lengths, steps, init});
            if (testing::Test::HasFatalFailure()) return;
          }
        }
      }
    }
  }
}

// Nothing, something short, and up to three runs of lengths round the lanes of every instruction set.
inline std::vector<std::vector<int64_t>> segment_lists() {
  return {{},   {0},    {1},     {3},      {4},     {7},       {8},          {15},       {16},       {17},
          {33}, {0, 0}, {1, 16}, {17, 15}, {16, 0}, {0, 1, 0}, {15, 16, 17}, {1, 0, 17}, {16, 1, 15}};
}

}  // namespace conv4j::test

#endif  // CONV4J_TEST_TILE_H_
