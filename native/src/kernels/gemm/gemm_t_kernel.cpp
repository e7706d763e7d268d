// The broadcast kernel with A transposed, for gradients of weights.
#include "kernels/gemm/gemm-inl.h"

namespace conv4j {
namespace C4J_ISA {

namespace {

// Sums of so few terms that B stays in registers, or in the first-level cache for the last of them, and every row is
// one short run of products, in the order of memory. The preparations of a tile would take longer than the rest. `rows`
// of them from first_row on, whose A begins at first_a: six parameters, which go in registers (in a struct, mnist_c1,
// backward_weights, one image: 1.02 times the time).
template <int kTerms, int kVectors, bool kWhole, bool kAdds>
void few_terms(const Tile& t, const float* first_a, int64_t a_row, int64_t first_row, int64_t rows, int64_t column) {
  const int64_t lanes = t.columns - column - (kVectors - 1) * kLanes;  // of the last vector, if not whole
  const auto is_some = [](int v) { return !kWhole && v == kVectors - 1; };
  const int64_t line_rows = t.line_rows > 0 ? t.line_rows : rows;
  const int64_t c_row = t.c_row, init_row = t.init_row;
  const bool streams = kWhole && !kAdds && t.streams;
  const Segment* s = t.segments;
  const float* b = static_cast<const float*>(t.b) + s->b + column;
  int64_t left = s->length;
  Vector bs[kTerms][kVectors];
#pragma GCC unroll 16
  for (int k = 0; k < kTerms; ++k, b += t.b_step) {
    for (; kTerms > 1 && left == 0; left = s->length) b = static_cast<const float*>(t.b) + (++s)->b + column;
    --left;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) bs[k][v] = is_some(v) ? load_some(b + v * kLanes, lanes) : load(b + v * kLanes);
  }
  for (int64_t first = 0, line = 0; first < rows; first += line_rows, ++line) {
    const float* a = first_a + line * t.a_line;
    float* c = t.c + first_row * c_row + line * t.c_line + column;
    const float* init = kAdds ? t.init + first_row * init_row + line * t.c_line + column : nullptr;
    for (int64_t row = 0; row < line_rows; ++row, ++a) {
      const float* const terms[4] = {a, a + 4 * a_row, a + 8 * a_row, a + 12 * a_row};
      Vector sums[kVectors] = {};
#pragma GCC unroll 16
      for (int k = 0; k < kTerms; ++k) {
        const Vector xs = broadcast<Vector, kVectors == 1>(terms[k / 4] + k % 4 * a_row);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sums[v] += xs * bs[k][v];
      }
      if (kAdds) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          sums[v] += is_some(v) ? load_some(init + v * kLanes, lanes) : load(init + v * kLanes);
        }
        init += init_row;
      }
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        if (is_some(v)) {
          store_some(c + v * kLanes, sums[v], lanes);
        } else if (streams) {
          stream(c + v * kLanes, sums[v]);
        } else {
          store(c + v * kLanes, sums[v]);
        }
      }
      c += c_row;
    }
  }
}

template <int kTerms, bool kAdds>
void few_terms_any(const Tile& t, const float* a, int64_t a_row, int64_t first_row, int64_t rows) {
  for (int64_t column = 0; column < t.columns;) {
    const int64_t left = t.columns - column;
    const int64_t vectors = left > 3 * kLanes ? 4 : (left + kLanes - 1) / kLanes;
    const int64_t last = left - (vectors - 1) * kLanes;
    with_count<4>(vectors, [&](auto count) {
      constexpr int kVectors = decltype(count)::value;
      last < kLanes ? few_terms<kTerms, kVectors, false, kAdds>(t, a, a_row, first_row, rows, column)
                    : few_terms<kTerms, kVectors, true, kAdds>(t, a, a_row, first_row, rows, column);
    });
    column += vectors * kLanes;
  }
}

// Of several segments, A is brought together first, for a few rows at a time.
template <int kTerms, bool kAdds>
void few_terms_of_segments(const Tile& t) {
  constexpr int kRows = 16;
  float near[kTerms][kRows];
  for (int64_t row = 0; row < t.rows; row += kRows) {
    const int64_t count = t.rows - row < kRows ? t.rows - row : kRows;
    float* to = near[0];
    for (const Segment *s = t.segments, *end = s + t.segment_count; s != end; ++s) {
      const float* a = t.a + s->a + row;
      for (int64_t k = 0; k < s->length; ++k, a += t.a_row, to += kRows) {
        for (int64_t i = 0; i < count; i += kLanes) {
          const int64_t left = count - i;
          left < kLanes ? store_some(to + i, load_some(a + i, left), left) : store(to + i, load(a + i));
        }
      }
    }
    few_terms_any<kTerms, kAdds>(t, near[0], kRows, row, count);
  }
}

template <int kTerms, bool kAdds>
void few_terms_of_tiles(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) {
    t.segment_count == 1 ? few_terms_any<kTerms, kAdds>(t, t.a + t.segments[0].a, t.a_row, 0, t.rows)
                         : few_terms_of_segments<kTerms, kAdds>(t);
  });
}

// How many terms, if they are few and rows enough to pay for the loads of B (one row, 8 terms: 1.3, 16 2.1 times a
// tile's time); 0 if not.
inline int64_t count_of_few(const Tile& t) {
  if (t.segment_count > 1 && t.line_rows > 0) return 0;
  int64_t terms = 0;
  for (int64_t i = 0; i < t.segment_count; ++i) {
    terms += t.segments[i].length;
    if (terms > kFewTerms) return 0;
  }
  return (terms == 1 && t.segment_count == 1) || (terms > 1 && t.rows >= 4) ? terms : 0;
}

}  // namespace

void gemm_t(const Tile& tile) {
  if (const int64_t terms = count_of_few(tile)) {
    return with_count<kFewTerms>(terms, [&](auto count) {
      constexpr int kTerms = decltype(count)::value;
      tile.init == nullptr ? few_terms_of_tiles<kTerms, false>(tile) : few_terms_of_tiles<kTerms, true>(tile);
    });
  }
  for_each_tile<float>(tile, [](const Tile& t) {
    if (t.line_rows == 0 || t.line_rows == t.rows) return gemm_any<float, true>(t);
    Tile line = t;
    line.rows = t.line_rows;
    for (int64_t first = 0; first < t.rows; first += t.line_rows) {
      gemm_any<float, true>(line);
      line.a += t.a_line;
      line.c += t.c_line;
      if (line.init != nullptr) line.init += t.c_line;
    }
  });
}

}  // namespace C4J_ISA
}  // namespace conv4j
