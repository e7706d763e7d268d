#include "kernels/gemm/gemm-inl.h"

namespace conv4j {
namespace C4J_ISA {

namespace {

// A vector of columns at most: neighbouring lanes take neighbouring terms of one column, which come as pairs in both
// factors, so that a load broadcasts two terms of A. Of today's CPUs' two loads a cycle a gemm with one vector of
// columns needs all, and half a vector of them leaves lanes idle or takes halves, with twice the loads (8 images,
// deepface_l4 from cache: 14.6 ms, pairs 9.0).
template <int kRows, int kVectors, int kBatches, bool kWhole>
void pairs_tile(const Tile& t, int64_t row) {
  typedef uint64_t Pairs __attribute__((vector_size(sizeof(Vector))));
  constexpr int kHalf = kLanes / 2;
  const int64_t last = t.columns - (kVectors - 1) * kHalf;  // of the last vector
  const int64_t a_row = t.a_row;
  const float* const first_a = t.a + row * a_row;
  const float* const first_b = static_cast<const float*>(t.b);
  Vector sums[kBatches][kRows][kVectors] = {};
  int64_t length = 0, a_step = 0;
  for (const Segment *s = t.segments, *end = s + t.segment_count; s != end; ++s) {
    const float* b = first_b + s->b;
    const float* const a = first_a + s->a;
    // See gemm_tile.
    const float* rows[4] = {a, a + 4 * a_row, a + 8 * a_row, a + 12 * a_row};
    const char* next_a = reinterpret_cast<const char*>(a + t.a_ahead);
    if (t.a_ahead != 0 && s->length != length) {
      length = s->length;
      a_step = 2 * bytes_per_term((kRows - 1) * a_row + length, length);
    }
    const auto term = [&](int batch, int count) __attribute__((always_inline)) {
      Vector bs[kVectors];
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) {
        const bool whole = kWhole || v < kVectors - 1;
        if (count == 1) {
          bs[v] = spread(load_some(b + v * kHalf, whole ? kHalf : last));
        } else {
          bs[v] = whole ? load(b + v * kLanes) : load_some(b + v * kLanes, 2 * last);
        }
      }
      unrolled<kRows>([&](auto r) __attribute__((always_inline)) {
        if constexpr (r % 4 == 0) rows[r / 4] = hold(rows[r / 4]);
        uint64_t bits = 0;
        __builtin_memcpy(&bits, rows[r / 4] + r % 4 * a_row, static_cast<size_t>(count) * sizeof(float));
        const Vector as = reinterpret_cast<Vector>(bits - Pairs{});
#pragma GCC unroll 2
        for (int v = 0; v < kVectors; ++v) sums[batch][r][v] += as * bs[v];
        if constexpr (r % 4 == 3 || r == kRows - 1) rows[r / 4] += count;
      });
    };
    int64_t left = s->length;
    const auto step = [&](int batch) __attribute__((always_inline)) {
      // Into the first-level cache, on a Zen 4, 1.4 to 1.5 times the time (deepface_l4, c64_32, backward_data).
      __builtin_prefetch(next_a, 0, 2);
      if (kRows > 8) __builtin_prefetch(next_a + 64, 0, 2);
      next_a += a_step;
      term(batch, 2);
      b += t.b_step;
      left -= 2;
    };
#pragma GCC unroll 1
    while (left >= 2 * kBatches) {
      unrolled<kBatches>([&](auto batch) __attribute__((always_inline)) { step(batch); });
    }
#pragma GCC unroll 1
    while (kBatches > 1 && left >= 2) step(0);
    if (left > 0) term(0, 1);
  }
#pragma GCC unroll 16
  for (int batch = 1; batch < kBatches; ++batch) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
      for (int v = 0; v < kVectors; ++v) sums[0][r][v] += sums[batch][r][v];
    }
  }
  const auto put = [&](int r, Vector sum, int64_t count) __attribute__((always_inline)) {
    float* c = t.c + (row + r) * t.c_row;
    const float* init = t.init == nullptr ? nullptr : t.init + (row + r) * t.init_row;
    if (count == kLanes) {
      store(c, init == nullptr ? sum : load(init) + sum);
    } else {
      store_some(c, init == nullptr ? sum : load_some(init, count) + sum, count);
    }
  };
  if constexpr (kVectors == 2) {
    unrolled<kRows>([&](auto r) __attribute__((always_inline)) {
      put(r, pair_sums(sums[0][r][0], sums[0][r][1]), kWhole ? kLanes : t.columns);
    });
    return;
  }
  unrolled<(kRows + 1) / 2>([&](auto i) __attribute__((always_inline)) {
    constexpr int kRow = 2 * i, kNext = kRow + 1 < kRows ? kRow + 1 : kRow;
    const Vector sum = pair_sums(sums[0][kRow][0], sums[0][kNext][0]);
    if (kWhole && kNext > kRow) return put(kRow, sum, kLanes);  // Rows follow each other.
    put(kRow, sum, t.columns);
    if (kNext > kRow) put(kNext, pair_sums(sums[0][kNext][0], sums[0][kNext][0]), t.columns);
  });
}

template <int kVectors, int kMost>
void pairs_columns(const Tile& t, bool whole) {
  in_blocks<kMost>(t.rows, [&](auto size, int64_t row, int64_t) {
    constexpr int kRows = decltype(size)::value, kSums = kRows * kVectors;
    constexpr int kBatches = kSums < 3 ? 4 : kSums < 6 ? 2 : 1;
    whole ? pairs_tile<kRows, kVectors, kBatches, true>(t, row) : pairs_tile<kRows, kVectors, kBatches, false>(t, row);
  });
}

}  // namespace

void gemm_pairs(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) {
    if (t.columns > kLanes / 2) return pairs_columns<2, kRegisters / 2 - 2>(t, t.columns == kLanes);
    const bool follow = t.c_row == t.columns && (t.init == nullptr || t.init_row == t.c_row);
    pairs_columns<1, kRegisters / 2>(t, t.columns == kLanes / 2 && follow);
  });
}

}  // namespace C4J_ISA
}  // namespace conv4j
