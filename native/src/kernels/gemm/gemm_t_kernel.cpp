// The broadcast kernel with A transposed, for gradients of weights.
#include "kernels/gemm/gemm-inl.h"

namespace conv4j {
namespace C4J_ISA {

namespace {

// Sums of so few terms that B stays in registers, or in the first-level cache for the last of them, and every row is
// one short run of products, in the order of memory. The preparations of a tile would take longer than the rest.
template <int kTerms, int kVectors, bool kWhole, bool kAdds>
void few_terms(const Tile& t, int64_t column, int64_t lanes) {
  const auto is_some = [](int v) { return !kWhole && v == kVectors - 1; };
  const int64_t line_rows = t.line_rows > 0 ? t.line_rows : t.rows;
  const int64_t a_row = t.a_row, c_row = t.c_row, init_row = t.init_row;
  const bool streams = kWhole && !kAdds && t.streams;
  const float* b = static_cast<const float*>(t.b) + t.segments[0].b + column;
  Vector bs[kTerms][kVectors];
#pragma GCC unroll 16
  for (int k = 0; k < kTerms; ++k, b += t.b_step) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) bs[k][v] = is_some(v) ? load_some(b + v * kLanes, lanes) : load(b + v * kLanes);
  }
  for (int64_t first = 0, line = 0; first < t.rows; first += line_rows, ++line) {
    const float* a = t.a + t.segments[0].a + line * t.a_line;
    float* c = t.c + line * t.c_line + column;
    const float* init = kAdds ? t.init + line * t.c_line + column : nullptr;
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
void few_terms_any(const Tile& t) {
  for (int64_t column = 0; column < t.columns;) {
    const int64_t left = t.columns - column;
    const int64_t vectors = left > 3 * kLanes ? 4 : (left + kLanes - 1) / kLanes;
    const int64_t last = left - (vectors - 1) * kLanes;
    with_count<4>(vectors, [&](auto count) {
      constexpr int kVectors = decltype(count)::value;
      last < kLanes ? few_terms<kTerms, kVectors, false, kAdds>(t, column, last)
                    : few_terms<kTerms, kVectors, true, kAdds>(t, column, kLanes);
    });
    column += vectors * kLanes;
  }
}

// Rows enough to pay for the loads of B (one row, 8 terms: 1.3, 16 2.1 times a tile's time).
inline bool has_few_terms(const Tile& t) {
  if (t.segment_count != 1) return false;
  const int64_t terms = t.segments[0].length;
  return terms == 1 || (1 < terms && terms <= kFewTerms && t.rows >= 4);
}

}  // namespace

void gemm_t(const Tile& tile) {
  if (has_few_terms(tile)) {
    return with_count<kFewTerms>(tile.segments[0].length, [&](auto terms) {
      constexpr int kTerms = decltype(terms)::value;
      tile.init == nullptr ? for_each_tile<float>(tile, [](const Tile& t) { few_terms_any<kTerms, false>(t); })
                           : for_each_tile<float>(tile, [](const Tile& t) { few_terms_any<kTerms, true>(t); });
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
