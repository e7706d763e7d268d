// Broadcast kernel: columns in vector lanes, rows broadcast one element at a time. Accumulators fill the registers but
// for the columns' vectors and a broadcast: 7 rows x 4 vectors or 14 x 2 of AVX-512's 32, 6 x 2, 4 x 3 or 3 x 4 of
// AVX2's 16, at 0.98 of the FMA peak from cache. Up to half a vector of columns takes halves, of which two are computed
// at a time.
#ifndef CONV4J_KERNELS_GEMM_GEMM_INL_H_
#define CONV4J_KERNELS_GEMM_GEMM_INL_H_

#include "kernels/isa/isa-inl.h"

namespace conv4j {
namespace C4J_ISA {

namespace {

// An element in all lanes, as an operand that its only instruction reads, or in a register, which takes an integer's
// broadcast: a float's is no mere load on a Zen 4 (8 rows x 2 vectors: 1.07 times the time). Not V{} + x, which keeps a
// real addition (0.65 of peak).
template <typename V, bool kOnce>
inline __attribute__((always_inline)) V broadcast(const float* p) {
  if (kOnce) return *p - V{};
  typedef uint32_t Words __attribute__((vector_size(sizeof(V))));
  uint32_t word;
  __builtin_memcpy(&word, p, sizeof word);
  return reinterpret_cast<V>(word - Words{});
}

// How far prefetching so many floats moves on with each of a sum's terms. A division of doubles takes as long as a few
// of these, one of integers a few times that.
inline int64_t bytes_per_term(int64_t floats, int64_t length) {
  return static_cast<int64_t>(static_cast<double>(floats) * 4 / static_cast<double>(length));
}

// A part of a tile: blocks of rows from `row`, and its columns from `column` on.
struct GemmPart {
  int64_t row;
  int64_t blocks;  // one, but where nothing is prefetched
  int64_t column;
  int64_t lanes;   // of the last vector
  bool fetches_c;  // for which the stores would wait
};

// One row alone reads so fast that the CPU's own prefetchers keep ahead of it; of Bf16, half as fast, they do not on a
// Zen 5 (deepface_l4, one image: 7.1 -> 5.2 ms; floats lose up to a fifth).
template <typename B, bool kTransposed, int kRows>
constexpr bool kPrefetched = !kTransposed && (kRows > 1 || sizeof(B) < sizeof(float));

// Which of a tile's parts this is, which share out prefetching: blocks of rows of some columns after the other.
struct Share {
  int64_t part, parts;
};

// `kBatches` sets of accumulators take turns over k, where one set is too few to hide the latency of an FMA. The loop
// is unrolled for small tiles of longer sums only: GCC's own 16 times was slower (t2_c16_32, forward, on a Cascade
// Lake: 0.87 of the time without), and so was any for gradients of weights (deepface_l6, backward_weights, on a Zen 4:
// two times 1.09, eight 1.16 of the time) and for short sums (segments of 3 terms on a Zen 3: 1.1).
template <typename V, typename B, bool kTransposed, int kRows, int kVectors, int kBatches, bool kPartial, int kAhead>
void gemm_tile(const Tile& t, const GemmPart& part, Share shared = {}) {
  constexpr int kWidth = sizeof(V) / sizeof(float);
  constexpr bool kPrefetches = kPrefetched<B, kTransposed, kRows> && kAhead != kNoPrefetch;
  constexpr bool kNarrow = kRegisters < 32;
  constexpr bool kSmall = kVectors == 1 || (kRows * kVectors < 16 && !(kNarrow && kVectors > 2));
  constexpr int kSteps = !kTransposed && kSmall && kAhead != kNoPrefetch ? 2 * kBatches : kBatches;
  // Sums that with all of B and a broadcast would be more than the registers: the last vector of B stays in memory.
  constexpr bool kFull =
      !kPartial && kVectors > 1 && kVectors * (kRows + 1) >= kRegisters && sizeof(B) == sizeof(float);
  // B, not read again for every row, for then loads are the limit: 2 and 3 rows 0.5 to 0.7 of the peak, held 0.8 to 0.9
  // (t2_oc3, backward_weights, on a Cascade Lake: 0.83 of the time). Not if it comes from memory by prefetching (2
  // images, c64_32: 1.2 times the time, 8 1.05), nor with the AVX2 tiles that GCC does well by (4 rows x 1
  // vector 1.08).
  constexpr bool kFetchesB = kAhead == kAllAhead || kAhead == kShareAhead;
  constexpr bool kHolds = kRows > 1 && (kTransposed || (!kFetchesB && (!kNarrow || kVectors > 2 || kRows <= 3)));
  // Bytes of a term: of more than two vectors up to two lines (c64_32, 16 images: 1.5 times the time with one).
  constexpr int64_t kElement = sizeof(B);
  constexpr bool kTwoLines = kVectors * kWidth * kElement > 2 * kLine;
  const auto is_some = [](int v) { return kPartial && v == kVectors - 1; };
  const int64_t lanes = part.lanes;
  const int64_t share = kAhead == kShareAhead ? t.b_step * kElement / shared.parts : 0;
  const int64_t second = share > kLine ? kLine : 0;
  const int64_t a_row = t.a_row, b_step = t.b_step, b_ahead = t.b_ahead, c_row = t.c_row, init_row = t.init_row;
  const bool streams = t.streams;
  const Segment *const segments = t.segments, *const end = segments + t.segment_count;
  const float* first_a = t.a + (kTransposed ? part.row : part.row * a_row);
  const B* const first_b = static_cast<const B*>(t.b) + part.column;
  float* c = t.c + part.row * c_row + part.column;
  const float* init = t.init == nullptr ? nullptr : t.init + part.row * init_row + part.column;
  int64_t length = 0, a_step = 0;
  int64_t blocks = kAhead == kNoPrefetch ? part.blocks : 1;
  do {
    V sums[kBatches][kRows][kVectors] = {};
    if (kTransposed && kVectors == 1 && t.c_ahead != 0) {
      const float* next_c = c + t.c_ahead;
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r, next_c += c_row) __builtin_prefetch(next_c, 1);
    }
    if (!kTransposed && kRows > 1 && kAhead != kNoPrefetch && part.fetches_c) {
      const float* to = c;
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r, to += c_row) {
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) __builtin_prefetch(to + v * kWidth, 1);
      }
    }
    for (const Segment* s = segments; s != end; ++s) {
      const B* b = first_b + s->b;
      const char* next_b =
          reinterpret_cast<const char*>(b - part.column + t.b_share_ahead) + shared.part * s->length * share;
      const float* a = first_a + s->a;
      // Four pointers that move on address 16 rows without spilling; one for each would, and four with steps of up to
      // four rows between them, which stay (segments of 3 terms 1.1, of 16 1.02, pairs of 16 1.1 to 1.2 times the
      // time). The fourth row takes an addition, which few rows do without (t2_c64_56, backward_data: 1.005).
      constexpr int kGroup = kRows <= 7 ? 3 : 4;
      const float* rows[4] = {a, a + kGroup * a_row, a + 2 * kGroup * a_row, a + 3 * kGroup * a_row};
      // Where no A is to be prefetched, what is in use is: a branch would cost more.
      const char* next_a = reinterpret_cast<const char*>(a);
      int64_t next_step = 0;
      if (kPrefetches && t.a_ahead != 0) {
        next_a = reinterpret_cast<const char*>(a + t.a_ahead);
        if (s->length != length) {
          length = s->length;
          a_step = bytes_per_term((kRows - 1) * a_row + length, length);
        }
        next_step = a_step;
      }
      int64_t left = s->length;
      const auto step = [&](int batch) __attribute__((always_inline)) {
        V bs[kVectors];
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) {
          if (kAhead == kAllAhead) __builtin_prefetch(b + b_ahead + v * kWidth, 0, 2);
          if (kFull && v == kVectors - 1) break;
          bs[v] = kPartial && v == kVectors - 1 ? load_some<V>(b + v * kWidth, lanes) : load<V>(b + v * kWidth);
          if (kHolds) bs[v] = hold(bs[v]);
        }
        if (kPrefetches) __builtin_prefetch(next_a, 0, 2);
        if (kAhead == kShareAhead) {
          __builtin_prefetch(next_b, 0, 2);
          if (kTwoLines) __builtin_prefetch(next_b + second, 0, 2);
        }
        const B* last = b + (kVectors - 1) * kWidth;
        unrolled<kRows>([&](auto r) __attribute__((always_inline)) {
          if constexpr (!kTransposed && r % kGroup == 0) rows[r / kGroup] = hold(rows[r / kGroup]);
          const V xs = broadcast<V, kVectors == 1>(kTransposed ? a + r : rows[r / kGroup] + r % kGroup * a_row);
#pragma GCC unroll 16
          for (int v = 0; v < kVectors - (kFull ? 1 : 0); ++v) sums[batch][r][v] += xs * bs[v];
          if constexpr (kFull) {
            last = hold(last);
            sums[batch][r][kVectors - 1] += xs * load<V>(last);
          }
          if constexpr (!kTransposed && (r % kGroup == kGroup - 1 || r == kRows - 1)) ++rows[r / kGroup];
        });
        if (kTransposed) a += a_row;
        --left;
        b += b_step;
        if (kAhead == kShareAhead) next_b += share;
        next_a += next_step;
      };
#pragma GCC unroll 1
      while (left >= kSteps) {
        unrolled<kSteps>([&](auto i) __attribute__((always_inline)) { step(i % kBatches); });
      }
#pragma GCC unroll 1
      while (kSteps > 1 && left > 0) step(0);
    }
#pragma GCC unroll 16
    for (int batch = 1; batch < kBatches; ++batch) {
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) sums[0][r][v] += sums[batch][r][v];
      }
    }
    if (init != nullptr) {
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r, init += init_row) {
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) {
          sums[0][r][v] += is_some(v) ? load_some<V>(init + v * kWidth, lanes) : load<V>(init + v * kWidth);
        }
      }
    }
    if (!kPartial && streams) {
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r, c += c_row) {
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) stream(c + v * kWidth, sums[0][r][v]);
      }
    } else {
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r, c += c_row) {
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) {
          if (is_some(v)) {
            store_some(c + v * kWidth, sums[0][r][v], lanes);
          } else {
            store(c + v * kWidth, sums[0][r][v]);
          }
        }
      }
    }
    first_a += kTransposed ? kRows : kRows * a_row;
  } while (--blocks > 0);
}

// More than the positions of any tile.
constexpr int64_t kManyRows = 28;

// `wide`: how many columns are computed together at most.
template <typename V, typename B, bool kTransposed, int kVectors, int kMost>
void gemm_columns(const Tile& t, int64_t column, int64_t lanes, bool is_long, int64_t wide) {
  in_equal_blocks<kMost>(t.rows, [&](auto size, int64_t row, int64_t block, int64_t blocks) {
    constexpr int kRows = decltype(size)::value;
    constexpr int kSums = kRows * kVectors;
    // Halves are computed two at a time.
    constexpr int kWanted = sizeof(V) < sizeof(Vector) ? 10 : 5;
    constexpr int kBatches = kSums <= kWanted / 4 ? 4 : kSums < kWanted ? 2 : 1;
    // Of long sums (t2_groups4 and t2_c64_56_s2, backward_data, 0.94 of the time on a Zen 5), and of rows that are
    // images, each somewhere else (mnist_c1, forward, on a Zen 4: 64 images 0.95, 128 0.8).
    GemmPart part = {row, blocks, column, lanes, is_long || t.rows > kManyRows};
    // One set only for some of the lanes: GCC 12 keeps several in memory when loads are masked (a quarter of the
    // speed).
    constexpr bool kPrefetches = kPrefetched<B, kTransposed, kRows>;
    const bool whole = lanes == static_cast<int64_t>(sizeof(V) / sizeof(float));
    const auto run = [&](auto ahead, Share shared = {}) {
      constexpr int kAhead = decltype(ahead)::value;
      whole ? gemm_tile<V, B, kTransposed, kRows, kVectors, kBatches, false, kAhead>(t, part, shared)
            : gemm_tile<V, B, kTransposed, kRows, kVectors, 1, true, kAhead>(t, part, shared);
    };
    // Prefetching what is in use would do no harm but take time (t2_c64_56, forward, on a Cascade Lake: 1.12 times). So
    // would a call for each block (16 to 64 output channels on a Zen 3, 4 terms 0.77 of the time, 9 0.84 to 0.95, 25
    // 0.97).
    if constexpr (kPrefetches) {
      if (t.b_ahead == 0 && !is_long) return run(Int<kNoPrefetch>());
    }
    for (part.blocks = 1; blocks > 0; --blocks, ++block, part.row += kRows) {
      if constexpr (kPrefetches) {
        if constexpr (sizeof(V) == sizeof(Vector) && sizeof(B) == sizeof(float)) {
          if (t.b_share_ahead != 0 && t.rows > kMost) {
            const int64_t all = (t.rows + kMost - 1) / kMost, parts = (t.columns + wide - 1) / wide * all;
            // Hints for lines under way cost as much as others (deepface_l4, AVX2, from 16 images on: 1.24 times the
            // time with several to a line).
            if (parts * kLine <= 2 * t.b_step * static_cast<int64_t>(sizeof(B))) {
              run(Int<kShareAhead>(), {column / wide * all + block, parts});
              continue;
            }
          }
        }
        if (t.b_ahead != 0 && block == 0) {
          run(Int<kAllAhead>());
          continue;
        }
      }
      run(Int<kNothingAhead>());
    }
  });
}

// How many vectors of columns are computed together. Two leave registers for twice as many rows, and B is read half as
// often: where it comes from memory, where rows fill the larger blocks better, and where blocks are many. Three let
// eight rows be one block (t4_c128_28, backward_data: 0.94 to 0.97 of the time on a Zen 5, 0.92 to 0.97 on a Xeon; not
// for four vectors of columns in all, of which one would be left, nor for seven rows: 1.0).
template <bool kTransposed>
int64_t most_vectors(const Tile& t, bool is_long, int64_t columns) {
  if (kRegisters < 32) {
    // Eight sums hide the latency of FMAs barely (0.8 of the peak), 12 with room (0.88).
    const bool by_four = t.rows == 4 || t.rows == 7 || t.rows == 8;
    // As many as there are, of any rows (24 channels, t = 2, forward and backward_data, on a Zen 3: 0.87 of the time).
    if (t.b_ahead == 0 && 2 * kLanes < columns && columns <= 3 * kLanes) return 3;
    if (t.b_ahead != 0 || (t.rows > 3 && !by_four)) return 2;
    if (t.rows <= 3) return 4;
    if (columns <= 3 * kLanes || columns > 4 * kLanes) return 3;
    return kTransposed || t.rows == 4 ? 2 : 4;
  }
  if (t.rows <= 7) return 4;
  if (t.rows <= 14 && (t.b_ahead != 0 || (is_long && t.rows > 12))) return 2;
  if (kTransposed) return 4;
  return is_long && t.rows == 8 && columns > 4 * kLanes ? 3 : 4;
}

// Whether what happens once per tile counts little. Segments are about as long as the first one.
inline bool is_long_sum(const Tile& t) {
  return t.rows > 1 && t.segment_count > 0 && t.segment_count * t.segments[0].length >= 64;
}

template <typename B, bool kTransposed>
void gemm_any(const Tile& t) {
  constexpr bool kWide = kRegisters == 32;
  const bool is_long = is_long_sum(t);
  int64_t column = 0;
  while (column < t.columns) {
    const int64_t left = t.columns - column;
    if constexpr (sizeof(Half) < sizeof(Vector)) {
      if (left <= kLanes / 2) return gemm_columns<Half, B, kTransposed, 1, 16>(t, column, left, is_long, kLanes);
    }
    const int64_t most = most_vectors<kTransposed>(t, is_long, left), wide = most * kLanes;
    const int64_t vectors = left > (most - 1) * kLanes ? most : (left + kLanes - 1) / kLanes;
    const int64_t last = left - (vectors - 1) * kLanes;
    const int64_t lanes = last < kLanes ? last : kLanes;
    // One row takes up to 12 vectors, so that it reads B in the order in memory and a broadcast serves many.
    if (t.rows == 1 && left > 4 * kLanes) {
      in_blocks<12>(left / kLanes, [&](auto count, int64_t first, int64_t) {
        gemm_columns<Vector, B, kTransposed, count, 1>(t, column + first * kLanes, kLanes, is_long, kLanes);
      });
      column += left / kLanes * kLanes;
      continue;
    }
    if constexpr (kWide) {
      if (vectors == 4) {
        t.rows == 7 || !is_long ? gemm_columns<Vector, B, kTransposed, 4, 7>(t, column, lanes, is_long, wide)
                                : gemm_columns<Vector, B, kTransposed, 4, 6>(t, column, lanes, is_long, wide);
      }
      if (vectors == 3) gemm_columns<Vector, B, kTransposed, 3, 8>(t, column, lanes, is_long, wide);
    }
    if constexpr (!kWide) {
      if (vectors == 4) gemm_columns<Vector, B, kTransposed, 4, 3>(t, column, lanes, is_long, wide);
      if (vectors == 3) gemm_columns<Vector, B, kTransposed, 3, 4>(t, column, lanes, is_long, wide);
    }
    if (vectors == 2) gemm_columns<Vector, B, kTransposed, 2, kWide ? 14 : 6>(t, column, lanes, is_long, wide);
    if (vectors == 1) gemm_columns<Vector, B, kTransposed, 1, kWide ? 16 : 8>(t, column, lanes, is_long, wide);
    column += vectors * kLanes;
  }
}

}  // namespace

}  // namespace C4J_ISA
}  // namespace conv4j

#endif  // CONV4J_KERNELS_GEMM_GEMM_INL_H_
