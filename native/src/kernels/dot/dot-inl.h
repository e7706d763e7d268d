// Dot-product kernel: the terms of a sum in vector lanes, one accumulator for each result, added up at the end. Serves
// where columns are too few to fill lanes, and where the weights lie with the terms innermost.
//
// A vector of results, or four, have their lanes summed together: 3 instructions each, where one by one takes 10 (a
// seventh of the time at 576 terms). Rows fill the registers: loads, not FMAs, are the limit of narrower tiles; eight
// rows in one block, by three columns, take 1.1 to 1.2 times as long as by fours. With kAhead what lies a_ahead or
// b_ahead is brought into the second-level cache (8 images, t2_oc1 forward: 0.49 -> 0.46 ms, local_oc7: 1.38 -> 0.93,
// on a Cascade Lake 0.89 of that if the blocks of rows share it out).

// Puts results where they belong, added to what the tile starts from: four in the order of rows and columns, from the
// kFirst-th on.
template <int kRows, int kColumns, int kFirst>
inline __attribute__((always_inline)) void put_four(const Tile& t, int64_t row, int64_t column, Four four) {
  if constexpr (kColumns == 4) {
    const int64_t r = row + kFirst / 4;
    const float* init = t.init == nullptr ? nullptr : t.init + r * t.init_row + column;
    Four* c = reinterpret_cast<Four*>(t.c + r * t.c_row + column);
    *c = init == nullptr ? four : *reinterpret_cast<const Four*>(init) + four;
    return;
  }
  unrolled<4>([&](auto i) __attribute__((always_inline)) {
    constexpr int kLane = i, kSum = kFirst + kLane;
    if constexpr (kSum < kRows * kColumns) {
      const int64_t r = row + kSum / kColumns, at = column + kSum % kColumns;
      const float init = t.init == nullptr ? 0 : t.init[r * t.init_row + at];
      t.c[r * t.c_row + at] = init + four[kLane];
    }
  });
}

// Adds up the lanes of each of a tile's sums: a vector of them together, the others by fours.
template <int kRows, int kColumns>
inline __attribute__((always_inline)) void put_sums(const Tile& t, int64_t row, int64_t column,
                                                    const Vector (&sums)[kRows * kColumns]) {
  constexpr int kSums = kRows * kColumns;
  const auto of = [&](auto i) __attribute__((always_inline)) {
    if constexpr (i < kSums) return sums[i];
    return Vector{};
  };
  unrolled<kSums / kLanes>([&](auto v) __attribute__((always_inline)) {
    constexpr int kFirst = kLanes * v;
    Vector some[kLanes];
    unrolled<kLanes>([&](auto i) __attribute__((always_inline)) { some[i] = sums[kFirst + i]; });
    const Vector all = sums_of(some);
    unrolled<kLanes / 4>([&](auto f) __attribute__((always_inline)) {
      Four four;
      __builtin_memcpy(&four, reinterpret_cast<const float*>(&all) + 4 * f, sizeof four);
      put_four<kRows, kColumns, kFirst + 4 * f>(t, row, column, four);
    });
  });
  constexpr int kDone = kSums / kLanes * kLanes;
  unrolled<(kSums - kDone + 3) / 4>([&](auto f) __attribute__((always_inline)) {
    constexpr int kFirst = kDone + 4 * f;
    put_four<kRows, kColumns, kFirst>(
        t, row, column,
        sums_of(of(Int<kFirst>()), of(Int<kFirst + 1>()), of(Int<kFirst + 2>()), of(Int<kFirst + 3>())));
  });
}

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
  if (t.rows == 1) return t.b_ahead != 0 ? dot_row<B, true>(t) : dot_row<B, false>(t);
  int64_t column = 0;
  for (; column + 4 <= t.columns; column += 4) dot_columns<B, 4, kWide ? 6 : 3>(t, column);
  switch (t.columns - column) {
    case 3:
      return dot_columns < B, 3, kWide ? 6 : 3 > (t, column);
    case 2:
      return dot_columns < B, 2, kWide ? 8 : 4 > (t, column);
    case 1:
      return dot_columns<B, 1, 8>(t, column);
    default:
      return;
  }
}

void dot(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) { dot_any<float>(t); });
}

void dot_bf16(const Tile& tile) {
  for_each_tile<Bf16>(tile, [](const Tile& t) { dot_any<Bf16>(t); });
}

// The same for a column of many rows, side by side in memory if there are no others: all together.
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

void dot_slide(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) { dot_slide_any<float>(t); });
}

void dot_slide_bf16(const Tile& tile) {
  for_each_tile<Bf16>(tile, [](const Tile& t) { dot_slide_any<Bf16>(t); });
}
