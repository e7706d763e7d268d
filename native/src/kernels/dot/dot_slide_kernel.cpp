// The dot-product kernel for slides.
#include "kernels/channelwise/slide-inl.h"
#include "kernels/dot/sums-inl.h"

namespace conv4j {
namespace C4J_ISA {

namespace {

// put_sums for a column of many rows, side by side in memory if there are no others: all together.
template <int kRows>
inline __attribute__((always_inline)) void put_column(const Tile& t, int64_t row, int64_t column,
                                                      const Vector (&sums)[kRows]) {
  if constexpr (kLanes / 2 < kRows && kRows < kLanes) {
    if (t.c_row == 1) {
      Vector all[kLanes] = {};
      unrolled<kRows>([&](auto i) __attribute__((always_inline)) { all[i] = sums[i]; });
      Vector sum = sums_of(all);
      if (t.init != nullptr) {
        const float* init = t.init + row * t.init_row + column;
        sum += t.init_row == 1 ? load_some(init, kRows) : Vector{} + *init;
      }
      return store_some(t.c + row + column, sum, kRows);
    }
  }
  put_sums<kRows, 1>(t, row, column, sums);
}

// Neighbouring rows that meet the same positions of A but one: see channelwise_slide, here with the terms in the lanes.
// 0.75 of dot's time for 64 terms under 3 x 3 taps; of two columns, dot shares as much. Prefetching what comes next
// gains nothing.
template <typename B, int kPhases, int kRows, bool kSome>
void dot_slide_tile(const Tile& t, int64_t row, int64_t column, int64_t length) {
  const int64_t a_row = t.a_row, terms = t.terms;
  const int64_t* windows[kPhases];
#pragma GCC unroll 16
  for (int p = 0; p < kPhases; ++p) windows[p] = t.windows + (row + p) % kPhases * length;
  const float* const first_a = t.a + row * a_row;
  const B* const first_b = static_cast<const B*>(t.b) + column * t.b_step;
  const Present here = present(t).from(row);
  Vector sums[kRows] = {};
  for (const Segment *s = t.segments, *end = s + t.segment_count; s != end; ++s) {
    const B* b = first_b + s->b;
    const auto taps = [&](auto count, int64_t k) __attribute__((always_inline)) {
      constexpr int kTaps = decltype(count)::value;
      const float* a = first_a + s->a + k * a_row;
      const Present now = here.from(k);
      int64_t v = 0;
      for (; v + kLanes <= terms; v += kLanes) {
        slide_taps<B, kPhases, kTaps, kSome>(a + v, a_row, b + v, windows, k, kLanes, now, sums);
      }
      if (v < terms) slide_taps<B, kPhases, kTaps, true>(a + v, a_row, b + v, windows, k, terms - v, now, sums);
    };
    int64_t k = 0;
    for (; k + 3 <= length; k += 3) taps(Int<3>(), k);
    with_count<2>(
        length - k, [&](auto count) __attribute__((always_inline)) { taps(count, k); });
  }
  put_column(t, row, column, sums);
}

// One row alone; several sets of lanes take turns, as one would wait for its FMAs.
template <typename B>
void dot_slide_row(const Tile& t, int64_t row, int64_t column) {
  constexpr int kSets = 4;
  const Present here = present(t).from(row);
  Vector sets[kSets] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const int64_t* window = t.windows + row % t.phases * s.length;
    const int64_t end = here.end < s.length ? here.end : s.length;
    for (int64_t k = here.begin > 0 ? here.begin : 0; k < end; ++k) {
      const float* a = t.a + s.a + (row + k) * t.a_row;
      const B* b = static_cast<const B*>(t.b) + s.b + column * t.b_step + window[k];
      int64_t v = 0;
      for (; v + kSets * kLanes <= t.terms; v += kSets * kLanes) {
#pragma GCC unroll 4
        for (int set = 0; set < kSets; ++set) sets[set] += load(a + v + set * kLanes) * load(b + v + set * kLanes);
      }
      for (; v + kLanes <= t.terms; v += kLanes) sets[0] += load(a + v) * load(b + v);
      if (v < t.terms) sets[1] += load_some(a + v, t.terms - v) * load_some(b + v, t.terms - v);
    }
  }
  const Vector sums[1] = {(sets[0] + sets[1]) + (sets[2] + sets[3])};
  put_sums<1, 1>(t, row, column, sums);
}

template <typename B, int kPhases, int kRows>
void dot_slide_block(const Tile& t, int64_t row, int64_t column) {
  const int64_t length = t.segment_count > 0 ? t.segments[0].length : 0;
  present(t).all(row, kRows, length) ? dot_slide_tile<B, kPhases, kRows, false>(t, row, column, length)
                                     : dot_slide_tile<B, kPhases, kRows, true>(t, row, column, length);
}

template <typename B>
void dot_slide_any(const Tile& t) {
  with_count<4>(t.phases, [&](auto phases) {
    constexpr int kPhases = decltype(phases)::value;
    for (int64_t column = 0; column < t.columns; ++column) {
      int64_t row = 0;
      if constexpr (kRegisters == 32) {
        for (; row + 14 <= t.rows && (t.rows - row) % 12 != 0; row += 14) {
          dot_slide_block<B, kPhases, 14>(t, row, column);
        }
        for (; row + 12 <= t.rows; row += 12) dot_slide_block<B, kPhases, 12>(t, row, column);
      }
      for (; row + 6 <= t.rows; row += 6) dot_slide_block<B, kPhases, 6>(t, row, column);
      for (; row < t.rows; ++row) dot_slide_row<B>(t, row, column);
    }
  });
}

}  // namespace

void dot_slide(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) { dot_slide_any<float>(t); });
}

void dot_slide_bf16(const Tile& tile) {
  for_each_tile<Bf16>(tile, [](const Tile& t) { dot_slide_any<Bf16>(t); });
}

}  // namespace C4J_ISA
}  // namespace conv4j
