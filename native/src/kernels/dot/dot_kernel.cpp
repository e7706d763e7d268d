// Dot-product kernel: the terms of a sum in vector lanes, one accumulator for each result, added up at the end. Serves
// where columns are too few to fill lanes, and where the weights lie with the terms innermost.
//
// A vector of results, or four, have their lanes summed together: 3 instructions each, where one by one takes 10 (a
// seventh of the time at 576 terms). Rows fill the registers: loads, not FMAs, are the limit of narrower tiles; eight
// rows in one block, by three columns, take 1.1 to 1.2 times as long as by fours. With kAhead what lies a_ahead or
// b_ahead is brought into the second-level cache (8 images, t2_oc1 forward: 0.49 -> 0.46 ms, local_oc7: 1.38 -> 0.93,
// on a Cascade Lake 0.89 of that if the blocks of rows share it out).
#include "kernels/dot/sums-inl.h"

namespace conv4j {
namespace C4J_ISA {

namespace {

template <typename B, int kAhead, int kRows, int kColumns>
void dot_tile(const Tile& t, int64_t row, int64_t column, int64_t share = 0) {
  const int64_t a_row = t.a_row, b_step = t.b_step;
  Vector sums[kRows * kColumns];
  unrolled<kRows * kColumns>([&](auto i) { sums[i] = Vector{}; });
  // The terms share out what the successor of the segment that is furthest on reads.
  const float* next_a = nullptr;
  int64_t next_step = 0;
  if (kAhead == kRowsAhead) {
    const Segment &first = t.segments[0], &last = t.segments[t.segment_count - 1];
    next_a = t.a + (first.a > last.a ? first.a : last.a) + row * a_row + t.a_ahead;
    next_step = ((kRows - 1) * a_row + first.length) * kLanes / (t.segment_count * first.length);
  }
  const float* const first_a = t.a + row * a_row;
  const B* const first_b = static_cast<const B*>(t.b) + column * b_step;
  const B* next_b = first_b + share + t.b_share_ahead;
  // Pointers are held, or GCC keeps addresses of rows and columns in memory (8 images, backward_data, deepface_l6 1.2,
  // cifar_64 1.1 times the time); prefetches come after the loads (between them 1.05).
  for (const Segment *s = t.segments, *end = s + t.segment_count; s != end; ++s) {
    const float* a = first_a + s->a;
    const B* b = first_b + s->b;
    const auto terms = [&](const auto& some) __attribute__((always_inline)) {
      Vector bs[kColumns];
      a = hold(a);
      b = hold(b);
      // Held, two or three rows took 0.94 of the time with B in the last level, but 1.06 where some of it is not.
      unrolled<kColumns>([&](auto c) __attribute__((always_inline)) { bs[c] = some(b + c * b_step); });
      if (kAhead == kAllAhead) {
        const B* next = b + t.b_ahead;
        unrolled<kColumns>([&](auto c) __attribute__((always_inline)) { __builtin_prefetch(next + c * b_step, 0, 2); });
      }
      if (kAhead == kShareAhead) {
#pragma GCC unroll 2
        for (int line = 0; line < (kColumns > 1 ? 2 : 1); ++line, next_b += kLanes) __builtin_prefetch(next_b, 0, 2);
      }
      if (kAhead == kRowsAhead) {
        __builtin_prefetch(next_a, 0, 2);
        next_a += next_step;
      }
      // See channelwise.
      const float* const rows[2] = {a, a + 4 * a_row};
      unrolled<kRows>([&](auto r) __attribute__((always_inline)) {
        // Held, or it is loaded again for every column (1.2 times the time with two).
        Vector as = some(rows[r / 4] + r % 4 * a_row);
        if constexpr (kColumns > 1) as = hold(as);
        unrolled<kColumns>([&](auto c) __attribute__((always_inline)) { sums[r * kColumns + c] += as * bs[c]; });
      });
      a += kLanes;
      b += kLanes;
    };
    int64_t left = s->length;
#pragma GCC unroll 1
    for (; left >= kLanes; left -= kLanes) terms([](auto* p) { return load(p); });
    if (left > 0) terms([&](auto* p) { return load_some(p, left); });
  }
  put_sums<kRows, kColumns>(t, row, column, sums);
}

template <typename B, int kColumns, int kMost>
void dot_columns(const Tile& t, int64_t column) {
  const bool shares = t.b_share_ahead != 0 && t.rows > kMost;
  const int64_t share = shares ? kColumns * t.b_step / ((t.rows + kMost - 1) / kMost) : 0;
  in_blocks<kMost>(t.rows, [&](auto rows, int64_t row, int64_t block) {
    constexpr int kRows = rows;
    if (shares) return dot_tile<B, kShareAhead, kRows, kColumns>(t, row, column, block * share);
    if (t.b_ahead != 0 && block == 0) return dot_tile<B, kAllAhead, kRows, kColumns>(t, row, column);
    const bool a_ahead = t.a_ahead != 0 && t.segment_count > 0 && t.segments[0].length > 0;
    a_ahead ? dot_tile<B, kRowsAhead, kRows, kColumns>(t, row, column)
            : dot_tile<B, kNothingAhead, kRows, kColumns>(t, row, column);
  });
}

// kVectors of a row's terms by those of each column, one column after the other: the order in memory. Columns side by
// side took 1.3 (64 terms) to 2.2 times (16) as long from cache. With kAhead what lies b_ahead is brought into the
// second-level cache. Pointers are held, or GCC works out all addresses beforehand and keeps them in memory (64 terms,
// from memory: 1.4 times the time).
template <typename B, bool kAhead, int kVectors, int kColumns>
inline __attribute__((always_inline)) void dot_row_terms(const float* a, const B* b, int64_t b_step, int64_t b_ahead,
                                                         Vector (&sums)[kColumns]) {
  constexpr int kLine = 64 / sizeof(B);
  Vector as[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) as[v] = load(a + v * kLanes);
  const B* next = b + b_ahead;
#pragma GCC unroll 16
  for (int c = 0; c < kColumns; ++c) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sums[c] += as[v] * load(b + v * kLanes);
      if (kAhead && v * kLanes % kLine == 0) __builtin_prefetch(next + v * kLanes, 0, 2);
    }
    b = hold(b + b_step);
    next = hold(next + b_step);
  }
}

// One row alone reads the weights once; kVectors of its terms at a time. One loop for each number of vectors would have
// GCC move the sums between them (16 terms, from cache: 1.17 times the time). Halves of vectors, which have fewer lanes
// to sum, gain little. Terms left over are not prefetched (48 to 112, one image, backward_data: 0.90 to 0.99 of what
// three loops that prefetched all took).
template <typename B, bool kAhead, int kVectors, int kColumns>
inline __attribute__((always_inline)) void dot_row_tile(const Tile& t, int64_t column) {
  constexpr int kTerms = kVectors * kLanes;
  const int64_t b_step = t.b_step, b_ahead = t.b_ahead;
  const float* const first_a = t.a;
  const B* const first_b = static_cast<const B*>(t.b) + column * b_step;
  Vector sums[kColumns] = {};
  for (const Segment *s = t.segments, *end = s + t.segment_count; s != end; ++s) {
    const float* a = first_a + s->a;
    const B* b = first_b + s->b;
    int64_t left = s->length;
#pragma GCC unroll 1
    for (; left >= kTerms; left -= kTerms, a += kTerms, b += kTerms) {
      dot_row_terms<B, kAhead, kVectors>(a, b, b_step, b_ahead, sums);
    }
#pragma GCC unroll 1
    for (; left > 0; left -= kLanes, a += kLanes, b += kLanes) {
      const int64_t some = left < kLanes ? left : kLanes;
      const Vector as = load_some(a, some);
      const B* next = b;
#pragma GCC unroll 16
      for (int c = 0; c < kColumns; ++c, next += b_step) sums[c] += as * load_some(next, some);
    }
  }
  const float* const init = t.init == nullptr ? nullptr : t.init + column;
  Vector all[kLanes] = {};
  unrolled<kColumns>([&](auto c) __attribute__((always_inline)) { all[c] = sums[c]; });
  const Vector sum = sums_of(all);
  if constexpr (kColumns == kLanes) {
    store(t.c + column, init == nullptr ? sum : load(init) + sum);
  } else {
    store_some(t.c + column, init == nullptr ? sum : load_some(init, kColumns) + sum, kColumns);
  }
}

template <typename B, bool kAhead, int kVectors>
void dot_row_columns(const Tile& t) {
  int64_t column = 0;
  for (; column + kLanes <= t.columns; column += kLanes) dot_row_tile<B, kAhead, kVectors, kLanes>(t, column);
  with_count<kLanes - 1>(t.columns - column,
                         [&](auto columns) { dot_row_tile<B, kAhead, kVectors, decltype(columns)::value>(t, column); });
}

template <typename B, bool kAhead>
void dot_row(const Tile& t) {
  const int64_t length = t.segment_count > 0 ? t.segments[0].length : 0;
  if (length >= 4 * kLanes) return dot_row_columns<B, kAhead, 4>(t);
  length >= 2 * kLanes ? dot_row_columns<B, kAhead, 2>(t) : dot_row_columns<B, kAhead, 1>(t);
}

template <typename B>
void dot_any(const Tile& t) {
  constexpr bool kWide = kRegisters == 32;
  constexpr int kMostOfTwo = kWide ? 8 : 4, kMostOfMore = kWide ? 6 : 3;
  if (t.rows == 1) return t.b_ahead != 0 ? dot_row<B, true>(t) : dot_row<B, false>(t);
  int64_t column = 0;
  for (; column + 4 <= t.columns; column += 4) dot_columns<B, 4, kMostOfMore>(t, column);
  switch (t.columns - column) {
    case 3:
      return dot_columns<B, 3, kMostOfMore>(t, column);
    case 2:
      return dot_columns<B, 2, kMostOfTwo>(t, column);
    case 1:
      return dot_columns<B, 1, 8>(t, column);
    default:
      return;
  }
}

}  // namespace

void dot(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) { dot_any<float>(t); });
}

void dot_bf16(const Tile& tile) {
  for_each_tile<Bf16>(tile, [](const Tile& t) { dot_any<Bf16>(t); });
}

}  // namespace C4J_ISA
}  // namespace conv4j
