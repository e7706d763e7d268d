// Channelwise kernels: every channel has weights of its own, so channels lie in the lanes of both factors.

template <typename V, typename B, int kRows, int kVectors, bool kPartial>
void channelwise_tile(const Tile& t, int64_t row, int64_t column, int64_t lanes) {
  constexpr int kWidth = sizeof(V) / sizeof(float);
  const auto get = [&](const auto* p, int v) __attribute__((always_inline)) {
    return kPartial && v == kVectors - 1 ? load_some<V>(p + v * kWidth, lanes) : load<V>(p + v * kWidth);
  };
  const int64_t a_row = t.a_row;
  V sums[kRows][kVectors] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const float* a = t.a + s.a + row * a_row + column;
    const B* b = static_cast<const B*>(t.b) + s.b + column;
    // Two bases and one step address eight rows: with a pointer each, they would spill (300 cycles, not
    // 260, for 8 rows of 32 channels under 9 taps).
    const float* const rows[2] = {a, a + 4 * a_row};
    V bs[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      bs[v] = get(b, v);
      __builtin_prefetch(b + v * kWidth + t.b_ahead, 0, 2);
    }
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sums[r][v] += get(rows[r / 4] + r % 4 * a_row, v) * bs[v];
    }
  }
  if (t.init != nullptr) {
    const float* init = t.init + row * t.init_row + column;
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sums[r][v] += get(init, v);
      init += t.init_row;
    }
  }
  float* c = t.c + row * t.c_row + column;
  const bool streams = t.streams;
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      if (kPartial && v == kVectors - 1) {
        store_some(c + v * kWidth, sums[r][v], lanes);
      } else if (streams) {
        stream(c + v * kWidth, sums[r][v]);
      } else {
        store(c + v * kWidth, sums[r][v]);
      }
    }
    c += t.c_row;
  }
}

template <typename V, typename B, int kVectors, bool kPartial>
void channelwise_columns(const Tile& t, int64_t column, int64_t lanes) {
  constexpr int kMost = kRegisters == 32 ? 8 : 4;
  in_blocks<kMost>(t.rows, [&](auto rows, int64_t row, int64_t) {
    channelwise_tile<V, B, decltype(rows)::value, kVectors, kPartial>(t, row, column, lanes);
  });
}

template <typename B>
void channelwise_any(const Tile& t) {
  constexpr int64_t kWidth = 2 * kLanes;
  int64_t column = 0;
  for (; column + kWidth <= t.columns; column += kWidth) channelwise_columns<Vector, B, 2, false>(t, column, kLanes);
  for (; column + kLanes <= t.columns; column += kLanes) channelwise_columns<Vector, B, 1, false>(t, column, kLanes);
  // Fewer loads that cross two lines (t2_oc3, forward, on a Cascade Lake: 0.94 of the time).
  if constexpr (sizeof(Half) < sizeof(Vector)) {
    const int64_t left = t.columns - column;
    if (0 < left && left <= kLanes / 2) return channelwise_columns<Half, B, 1, true>(t, column, left);
  }
  if (column < t.columns) channelwise_columns<Vector, B, 1, true>(t, column, t.columns - column);
}

void channelwise(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) { channelwise_any<float>(t); });
}

void channelwise_bf16(const Tile& tile) {
  for_each_tile<Bf16>(tile, [](const Tile& t) { channelwise_any<Bf16>(t); });
}

// Which of the positions of A that a tile of slides meets, counted from the first one, do not lie on the padding.
struct Present {
  int64_t begin, end;

  Present from(int64_t position) const { return {begin - position, end - position}; }
  bool all(int64_t row, int64_t rows, int64_t length) const { return begin <= row && row + rows + length - 1 <= end; }
};

inline Present present(const Tile& t) {
  const int64_t length = t.segment_count > 0 ? t.segments[0].length : 1;
  return {t.pad_before, t.rows + length - 1 - t.pad_after};
}

// kTaps neighbouring terms of a line: an element of A is loaded once for all rows that meet it. `bs` are the weights of
// the phases of the first row, the second, ... Some lanes or positions only: what is not present is not read.
template <int kPhases, int kTaps, bool kSome, int kRows>
inline __attribute__((always_inline)) void add_taps(const float* a, int64_t a_row, int64_t lanes,
                                                    const Present& present, const Vector (&bs)[kPhases][kTaps],
                                                    Vector (&sums)[kRows]) {
  unrolled<kRows + kTaps - 1>([&](auto i) __attribute__((always_inline)) {
    // Checked everywhere, it would take 1.05 times the time.
    if (!kSome || (present.begin <= i && i < present.end)) {
      // Held in a register: GCC would load it again for every row (83, not 105 of 117 GFLOP/s).
      const Vector x = hold(kSome ? load_some(a, lanes) : load(a));
      unrolled<kTaps>([&](auto k) __attribute__((always_inline)) {
        if constexpr (i >= k && i - k < kRows) sums[i - k] += x * bs[(i - k) % kPhases][k];
      });
    }
    a += a_row;
  });
}

// The same with weights that are loaded for it. `windows` are those of the phases of row, row + 1, ...
template <typename B, int kPhases, int kTaps, bool kSome, int kRows>
inline __attribute__((always_inline)) void slide_taps(const float* a, int64_t a_row, const B* b,
                                                      const int64_t* const (&windows)[kPhases], int64_t tap,
                                                      int64_t lanes, const Present& present, Vector (&sums)[kRows]) {
  Vector bs[kPhases][kTaps];
  unrolled<kPhases>([&](auto p) __attribute__((always_inline)) {
    unrolled<kTaps>([&](auto k) __attribute__((always_inline)) {
      const B* from = b + windows[p][tap + k];
      bs[p][k] = kSome ? load_some(from, lanes) : load(from);
    });
  });
  add_taps<kPhases, kTaps, kSome>(a, a_row, lanes, present, bs, sums);
}

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
  fetch_next_rows<kRows>(a + t.a_ahead + kRows * a_row, a_row, c + kRows * c_row, c_row, t.streams);
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
constexpr int kHeldVectors = 64 / sizeof(Vector);  // parts of lines, streamed one after the other, would take 4 times

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
  const int64_t a_row = t.a_row, c_row = t.c_row, init_row = t.init_row, a_ahead = t.a_ahead;
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
    fetch_next_rows<kRows>(next_a + a_ahead, a_row, next_c, c_row, streams);
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

void channelwise_slide(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) { slide_any<float>(t); });
}

void channelwise_slide_bf16(const Tile& tile) {
  for_each_tile<Bf16>(tile, [](const Tile& t) { slide_any<Bf16>(t); });
}

// kLines lines of kRows rows of every phase, of one vector of columns.
template <int kPhases, int kLines, int kRows, bool kPartial>
inline __attribute__((always_inline)) void channelwise_t_tile(const Tile& t, int64_t a_offset, int64_t c_offset,
                                                              int64_t init_offset, int64_t column, int64_t lanes) {
  const auto get = [&](const float* p) __attribute__((always_inline)) {
    return kPartial ? load_some(p, lanes) : load(p);
  };
  // Two sets take turns over k where one is too few to hide the latency of an FMA.
  constexpr int kSets = kPhases * kLines * kRows < 5 ? 2 : 1;
  // Rows that meet neighbouring A find it in registers, for a load with each FMA is the limit (t2_depthwise_c96 0.90 of
  // the time, two threads 0.83; t = 1 0.78, 7 x 7 taps 0.90). Not of fewer rows (2 x 2 taps 1.05), nor with AVX2, which
  // has two loads for a product; nor from memory, which bursts of prefetches slow down (112 x 112: 1.1 to 1.4).
  constexpr int kHeld = kLines * kRows, kRound = kRows * kPhases;
  constexpr bool kSlides = kRegisters == 32 && kRows > 1 && kHeld >= 5 && (kPhases + 1) * kHeld + 2 <= kRegisters;
  const int64_t a_step = t.a_step, a_line = t.a_line, a_row = t.a_row, b_step = t.b_step;
  Vector sums[kSets][kPhases][kLines][kRows] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const float* a = t.a + s.a + a_offset + column;
    const float* b = static_cast<const float*>(t.b) + s.b + column;
    // The lines that are new in the next segment, if its positions are as far away in height as in width.
    constexpr int kNew = kPhases < kLines ? kPhases : kLines;
    const bool is_last = i + 1 == t.segment_count;
    const int64_t a_ahead = (is_last ? t.a_ahead : t.segments[i + 1].a - s.a) + (kRows - 1) * a_step;
    const int64_t b_ahead = is_last ? t.b_ahead : t.segments[i + 1].b - s.b;
    int64_t k = 0;
    const auto step = [&](int set, int phase) __attribute__((always_inline)) {
      const Vector bs = get(b);
      // Into the first-level cache, on a Zen 4, 1.1 to 1.3 times the time.
      __builtin_prefetch(b + b_ahead, 0, 2);
#pragma GCC unroll 16
      for (int l = 0; l < kLines; ++l) {
        if (l >= kLines - kNew) __builtin_prefetch(a + l * a_line + a_ahead, 0, 2);
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) sums[set][phase][l][r] += get(a + l * a_line + r * a_step) * bs;
      }
      a += a_row;
      b += b_step;
      ++k;
    };
    if constexpr (kSlides) {
      if (t.is_near && a_row == a_step && s.length >= kRound) {
        Vector window[kLines][kRows];
        unrolled<kLines>([&](auto l) __attribute__((always_inline)) {
          unrolled<kRows - 1>([&](auto r)
                                  __attribute__((always_inline)) { window[l][r] = get(a + l * a_line + r * a_step); });
        });
        const float* last = a + (kRows - 1) * a_step;
#pragma GCC unroll 1
        for (; k + kRound <= s.length; k += kRound) {
          unrolled<kRound>([&](auto j) __attribute__((always_inline)) {
            const Vector bs = hold(get(b));
            __builtin_prefetch(b + b_ahead, 0, 2);
            unrolled<kLines>([&](auto l) __attribute__((always_inline)) {
              const float* const from = last + l * a_line;
              if constexpr (l >= kLines - kNew) __builtin_prefetch(from - (kRows - 1) * a_step + a_ahead, 0, 2);
              window[l][(j + kRows - 1) % kRows] = hold(get(from));
              unrolled<kRows>([&](auto r) __attribute__((always_inline)) {
                sums[0][j % kPhases][l][r] += window[l][(j + r) % kRows] * bs;
              });
            });
            last += a_row;
            b += b_step;
          });
        }
        a = last - (kRows - 1) * a_step;
      }
    }
    while (k + kSets * kPhases <= s.length) {
#pragma GCC unroll 2
      for (int set = 0; set < kSets; ++set) {
#pragma GCC unroll 4
        for (int phase = 0; phase < kPhases; ++phase) step(set, phase);
      }
    }
    while (kSets > 1 && k + kPhases <= s.length) {
#pragma GCC unroll 4
      for (int phase = 0; phase < kPhases; ++phase) step(0, phase);
    }
#pragma GCC unroll 4
    for (int phase = 0; phase < kPhases - 1; ++phase) {
      if (k < s.length) step(0, phase);
    }
  }
  // Steps in registers: after every store they would be read again.
  const int64_t c_row = t.c_row, c_line = t.c_line, init_row = t.init_row;
  const bool streams = t.streams;
#pragma GCC unroll 4
  for (int phase = 0; phase < kPhases; ++phase) {
    const int64_t kernel = kPhases == 1 ? 0 : (t.first_phase + phase) % kPhases * t.c_phase;
    float* c = t.c + kernel + c_offset + column;
    const float* init = t.init == nullptr ? nullptr : t.init + kernel + init_offset + column;
#pragma GCC unroll 16
    for (int l = 0; l < kLines; ++l) {
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        Vector sum = sums[0][phase][l][r];
        if (kSets == 2) sum += sums[kSets - 1][phase][l][r];
        if (init != nullptr) sum += get(init + r * init_row);
        if (kPartial) {
          store_some(c + r * c_row, sum, lanes);
        } else if (streams) {
          stream(c + r * c_row, sum);
        } else {
          store(c + r * c_row, sum);
        }
      }
      c += c_line;
      if (init != nullptr) init += c_line;
    }
  }
}

// Whole lines of memory at a time where a vector is less: parts of one, written past the caches each by itself, take
// two to four times as long (local_depthwise_c96, two images, on a Zen 3: 0.19 of the time, eight 0.6).
template <int kPhases, int kLines, int kRows>
void channelwise_t_streams(const Tile& t, int64_t a, int64_t c, int64_t init) {
  constexpr int64_t kColumns = kLine / static_cast<int64_t>(sizeof(float));
  float sums[kPhases][kLines][kRows][kColumns];
  Tile near = t;
  near.c = &sums[0][0][0][0];
  near.c_row = kColumns;
  near.c_line = kRows * kColumns;
  near.c_phase = kLines * kRows * kColumns;
  near.streams = false;
  for (int64_t column = 0; column < t.columns; column += kColumns) {
    for (int64_t v = 0; v < kColumns; v += kLanes) {
      channelwise_t_tile<kPhases, kLines, kRows, false>(near, a, -column, init, column + v, kLanes);
    }
    for (int64_t phase = 0; phase < kPhases; ++phase) {
      for (int64_t l = 0; l < kLines; ++l) {
        float* to = t.c + phase * t.c_phase + c + l * t.c_line + column;
        for (int64_t r = 0; r < kRows; ++r, to += t.c_row) {
#pragma GCC unroll 4
          for (int64_t v = 0; v < kColumns; v += kLanes) stream(to + v, load(&sums[phase][l][r][v]));
        }
      }
    }
  }
}

// All columns in one call: a call for each took a third longer with the 8 terms of as many images.
template <int kPhases, int kLines, int kRows>
void channelwise_t_columns(const Tile& t, int64_t line, int64_t row) {
  const int64_t a = line * t.a_line + row * t.a_step;
  const int64_t c = line * t.c_line + row * t.c_row;
  const int64_t init = line * t.c_line + row * t.init_row;
  if constexpr (sizeof(Vector) < kLine) {
    if (t.streams) return channelwise_t_streams<kPhases, kLines, kRows>(t, a, c, init);
  }
  int64_t column = 0;
  for (; column + kLanes <= t.columns; column += kLanes) {
    channelwise_t_tile<kPhases, kLines, kRows, false>(t, a, c, init, column, kLanes);
  }
  if (column < t.columns) {
    channelwise_t_tile<kPhases, kLines, kRows, true>(t, a, c, init, column, t.columns - column);
  }
}

template <int kPhases>
void channelwise_t_rows(const Tile& t) {
  constexpr int kMost = (kRegisters == 32 ? 27 : 12) / kPhases;  // sums at a time
  const int64_t lines = t.rows / t.line_rows;
  if (t.line_rows <= 3 && lines > 1 && kMost >= 6) {
    in_blocks<kMost / 3 < 3 ? kMost / 3 : 3>(lines, [&](auto line_count, int64_t line, int64_t) {
      with_count<3>(t.line_rows, [&](auto rows) {
        channelwise_t_columns<kPhases, decltype(line_count)::value, decltype(rows)::value>(t, line, 0);
      });
    });
    return;
  }
  constexpr int kMostRows = kPhases > 1 ? 3 : kRegisters == 32 ? 9 : 5;
  for (int64_t line = 0; line < lines; ++line) {
    in_blocks<kMostRows>(t.line_rows, [&](auto rows, int64_t row, int64_t) {
      channelwise_t_columns<kPhases, 1, decltype(rows)::value>(t, line, row);
    });
  }
}

void channelwise_t(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) {
    with_count<4>(t.phases > 1 ? t.phases : 1, [&](auto phases) { channelwise_t_rows<decltype(phases)::value>(t); });
  });
}
