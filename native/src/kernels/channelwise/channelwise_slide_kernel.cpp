// The channelwise kernel for slides.
#include "kernels/channelwise/slide-inl.h"

namespace conv4j {
namespace C4J_ISA {

namespace {

// Brings the next kRows rows near: of A what is new to them, and C unless it will be streamed.
template <int kRows>
inline __attribute__((always_inline)) void fetch_next_rows(const float* a, int64_t a_row, const float* c, int64_t c_row,
                                                           bool streams) {
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    __builtin_prefetch(a, 0, 3);
    if (!streams) __builtin_prefetch(c, 1, 3);
    a += a_row;
    c += c_row;
  }
}

template <bool kSome, int kRows>
inline __attribute__((always_inline)) void put_rows(float* c, int64_t c_row, const float* init, int64_t init_row,
                                                    bool streams, int64_t lanes, Vector (&sums)[kRows]) {
  unrolled<kRows>([&](auto r) __attribute__((always_inline)) {
    if (init != nullptr) {
      sums[r] += kSome ? load_some(init, lanes) : load(init);
      init += init_row;
    }
    if (streams) {
      stream(c, sums[r]);
    } else if (kSome && lanes < kLanes) {
      store_some(c, sums[r], lanes);
    } else {
      store(c, sums[r]);
    }
    c += c_row;
  });
}

template <typename B, int kPhases, int kRows, bool kSome>
inline __attribute__((always_inline)) void slide_tile(const Tile& t, int64_t row, int64_t column, int64_t lanes) {
  const int64_t a_row = t.a_row, c_row = t.c_row, init_row = t.init_row;
  const float* a = t.a + row * a_row + column;
  float* c = t.c + row * c_row + column;
  fetch_next_rows<kRows>(a + t.a_last + kRows * a_row, a_row, c + kRows * c_row, c_row, t.streams);
  const Present here = present(t).from(row);
  Vector sums[kRows] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const int64_t* windows[kPhases];
#pragma GCC unroll 16
    for (int p = 0; p < kPhases; ++p) windows[p] = t.windows + (row + p) % kPhases * s.length;
    const B* b = static_cast<const B*>(t.b) + s.b + column;
    const auto taps = [&](auto count, int64_t k) __attribute__((always_inline)) {
      slide_taps<B, kPhases, decltype(count)::value, kSome>(a + s.a + k * a_row, a_row, b, windows, k, lanes,
                                                            here.from(k), sums);
    };
    int64_t k = 0;
    for (; k + 3 <= s.length; k += 3) taps(Int<3>(), k);
    with_count<2>(
        s.length - k, [&](auto count) __attribute__((always_inline)) { taps(count, k); });
  }
  const float* init = t.init == nullptr ? nullptr : t.init + row * init_row + column;
  put_rows<kSome>(c, c_row, init, init_row, t.streams, lanes, sums);
}

// Weights of so few lines, taps and phases are put near once for all rows of a line of columns, into registers or side
// by side (t2_depthwise_c96, forward: 67 -> 95 of 118 GFLOP/s from cache, 0.8 of the time from memory, AVX2 0.75; three
// kernels 0.85, AVX2 0.75; four 1.0, AVX2 0.67).
constexpr int kHeldLines = 3, kHeldTaps = 3, kHeldPhases = kRegisters == 32 ? 3 : 4;

// Parts of lines, streamed one after the other, would take 4 times as long; `generic`, which does not stream, takes
// 0.85 of the time with one vector.
constexpr int kHeldVectors = kLanes < 8 ? 1 : 64 / sizeof(Vector);

// Of rows at a time, both multiples of the phases; with two kernels 12 gain nothing.
template <int kPhases>
struct HeldRows {
  static constexpr int kMost = kPhases == 4 ? 4 : kPhases == 3 && kRegisters == 32 ? 12 : 6;
  static constexpr int kFewest = kPhases > 2 ? kPhases : 2;
};

inline bool can_hold_weights(const Tile& t) {
  return 0 < t.segment_count && t.segment_count <= kHeldLines && t.segments[0].length == kHeldTaps;
}

// The first `rows` rows.
template <typename B, int kPhases, int kLines, int kVectors, bool kSome>
inline __attribute__((always_inline)) void held_columns(const Tile& t, int64_t rows, int64_t column, int64_t lanes) {
  constexpr int kMost = HeldRows<kPhases>::kMost, kFewest = HeldRows<kPhases>::kFewest;
  constexpr bool kInRegisters = kVectors * kLines * kPhases * kHeldTaps + kMost + 2 <= kRegisters;
  Vector bs[kVectors][kLines][kPhases][kHeldTaps];
  int64_t lines[kLines];
  unrolled<kLines>([&](auto line) __attribute__((always_inline)) {
    lines[line] = t.segments[line].a;
    const B* b = static_cast<const B*>(t.b) + t.segments[line].b + column;
    unrolled<kPhases * kHeldTaps>([&](auto i) __attribute__((always_inline)) {
      unrolled<kVectors>([&](auto v) __attribute__((always_inline)) {
        const B* from = b + t.windows[i] + v * kLanes;
        bs[v][line][i / kHeldTaps][i % kHeldTaps] = hold(kSome ? load_some(from, lanes) : load(from));
      });
    });
  });
  // Kept in memory, or GCC moves some of them to and fro.
  if constexpr (!kInRegisters) asm("" : "+m"(bs));
  const int64_t a_row = t.a_row, c_row = t.c_row, init_row = t.init_row, a_last = t.a_last;
  const bool streams = t.streams;
  const float* a = t.a + column;
  float* c = t.c + column;
  const float* init = t.init == nullptr ? nullptr : t.init + column;
  Present here = present(t);
  int64_t left = rows;
  const auto tile = [&](auto count, auto whole) __attribute__((always_inline)) {
    constexpr int kRows = decltype(count)::value;
    constexpr bool kWhole = decltype(whole)::value != 0;
    const float* const next_a = a + kRows * a_row;
    float* const next_c = c + kRows * c_row;
    fetch_next_rows<kRows>(next_a + a_last, a_row, next_c, c_row, streams);
    unrolled<kVectors>([&](auto v) __attribute__((always_inline)) {
      constexpr int kFirst = v * kLanes;
      Vector sums[kRows] = {};
      unrolled<kLines>([&](auto line) __attribute__((always_inline)) {
        add_taps<kPhases, kHeldTaps, !kWhole>(hold(a + kFirst + lines[line]), a_row, lanes, here, bs[v][line], sums);
        if constexpr (!kInRegisters) asm("" : "+m"(bs));
      });
      put_rows<kSome>(c + kFirst, c_row, init == nullptr ? nullptr : init + kFirst, init_row, streams, lanes, sums);
    });
    a = next_a;
    c = next_c;
    if (init != nullptr) init += kRows * init_row;
    here = here.from(kRows);
    left -= kRows;
  };
  // A loop without checks, for GCC moves addresses to and fro if there are any.
  for (;;) {
    const int64_t inside = kSome || here.begin > 0 ? 0 : (here.end - (kHeldTaps - 1)) / kMost;
#pragma GCC unroll 1
    for (int64_t i = inside < left / kMost ? inside : left / kMost; i > 0; --i) tile(Int<kMost>(), Int<!kSome>());
    if (left < kMost) break;
    tile(Int<kMost>(), Int<false>());
  }
#pragma GCC unroll 1
  while (kFewest < kMost && left >= kFewest) tile(Int<kFewest>(), Int<false>());
}

// One row alone, which shares nothing: several vectors of it, for one would hardly pay its preparations.
template <typename B, int kVectors>
void slide_row(const Tile& t, int64_t row, int64_t phase, int64_t column, int64_t lanes) {
  const auto get = [&](const auto* p, int v) __attribute__((always_inline)) {
    return v == kVectors - 1 ? load_some(p + v * kLanes, lanes) : load(p + v * kLanes);
  };
  const Present here = present(t).from(row);
  Vector sums[kVectors] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const int64_t* window = t.windows + phase * s.length;
    const float* a = t.a + s.a + row * t.a_row + column;
    const B* b = static_cast<const B*>(t.b) + s.b + column;
    const int64_t end = here.end < s.length ? here.end : s.length;
    for (int64_t k = here.begin > 0 ? here.begin : 0; k < end; ++k) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sums[v] += get(a + k * t.a_row, v) * get(b + window[k], v);
    }
  }
  float* c = t.c + row * t.c_row + column;
#pragma GCC unroll 16
  for (int v = 0; v < kVectors; ++v) {
    if (t.init != nullptr) sums[v] += get(t.init + row * t.init_row + column, v);
    if (v == kVectors - 1) {
      store_some(c + v * kLanes, sums[v], lanes);
    } else {
      store(c + v * kLanes, sums[v]);
    }
  }
}

template <typename B>
void slide_rows(const Tile& t, int64_t row, int64_t end) {
  // Once: a division takes as long as the taps of a vector.
  for (int64_t phase = row % t.phases; row < end; ++row, phase = phase + 1 == t.phases ? 0 : phase + 1) {
    for (int64_t column = 0; column < t.columns;) {
      const int64_t left = t.columns - column;
      const int64_t vectors = left > 3 * kLanes ? 4 : (left + kLanes - 1) / kLanes;
      const int64_t last = left - (vectors - 1) * kLanes;
      with_count<4>(vectors, [&](auto count) {
        slide_row<B, decltype(count)::value>(t, row, phase, column, last < kLanes ? last : kLanes);
      });
      column += vectors * kLanes;
    }
  }
}

template <typename B, int kPhases, int kRows>
void slide_block(const Tile& t, int64_t row) {
  const bool whole = t.segment_count == 0 || present(t).all(row, kRows, t.segments[0].length);
  int64_t column = 0;
  if (whole) {
    for (; column + kLanes <= t.columns; column += kLanes) slide_tile<B, kPhases, kRows, false>(t, row, column, kLanes);
  }
  for (; column < t.columns; column += kLanes) {
    const int64_t left = t.columns - column;
    slide_tile<B, kPhases, kRows, true>(t, row, column, left < kLanes ? left : kLanes);
  }
}

template <typename B, int kPhases>
void slide_blocks(const Tile& t, int64_t row, int64_t end) {
  for (; row + 6 <= end; row += 6) slide_block<B, kPhases, 6>(t, row);
  if (row + 4 <= end) slide_block<B, kPhases, 4>(t, row), row += 4;
  if (row + 2 <= end) slide_block<B, kPhases, 2>(t, row), row += 2;
  if (row < end) slide_rows<B>(t, row, end);
}

template <typename B, int kPhases>
void slide_held(const Tile& t) {
  const int64_t rows = t.rows / HeldRows<kPhases>::kFewest * HeldRows<kPhases>::kFewest;
  with_count<kHeldLines>(t.segment_count, [&](auto lines) {
    constexpr int kLines = decltype(lines)::value;
    int64_t column = 0;
    for (; column + kHeldVectors * kLanes <= t.columns; column += kHeldVectors * kLanes) {
      held_columns<B, kPhases, kLines, kHeldVectors, false>(t, rows, column, kLanes);
    }
    if constexpr (kHeldVectors > 1) {
      for (; column + kLanes <= t.columns; column += kLanes) {
        held_columns<B, kPhases, kLines, 1, false>(t, rows, column, kLanes);
      }
    }
    if (column < t.columns) held_columns<B, kPhases, kLines, 1, true>(t, rows, column, t.columns - column);
  });
  if (rows < t.rows) slide_rows<B>(t, rows, t.rows);
}

template <typename B>
void slide_any(const Tile& t) {
  with_count<4>(t.phases, [&](auto phases) {
    constexpr int kPhases = decltype(phases)::value;
    if constexpr (kPhases <= kHeldPhases) {
      // Of fewer rows, loading the weights would not pay.
      if (can_hold_weights(t) && t.rows >= 2 * HeldRows<kPhases>::kMost) return slide_held<B, kPhases>(t);
    }
    int64_t row = 0;
    if constexpr (kRegisters == 32) {
      // Shared by more rows, weights of many taps are loaded less often; for fewer taps, what counts is that rows come
      // in the order of memory (8 images of 96 channels, 5 x 5 taps, against 6 rows: 4 kernels 0.81, 2 kernels 0.93,
      // one 1.07; 3 x 3 taps, 3 kernels 0.92).
      constexpr int kManyTerms = kPhases > 2 ? 9 : 16;
      if (kPhases > 1 && t.segment_count > 0 && t.segment_count * t.segments[0].length >= kManyTerms) {
        for (; row + 12 <= t.rows; row += 12) slide_block<B, kPhases, 12>(t, row);
      }
    }
    slide_blocks<B, kPhases>(t, row, t.rows);
  });
}

}  // namespace

void channelwise_slide(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) { slide_any<float>(t); });
}

void channelwise_slide_bf16(const Tile& tile) {
  for_each_tile<Bf16>(tile, [](const Tile& t) { slide_any<Bf16>(t); });
}

}  // namespace C4J_ISA
}  // namespace conv4j
