// Dot-product kernel: the terms of a sum in vector lanes, one accumulator for each result, added up at the end. Serves
// where columns are too few to fill lanes, and where the weights lie with the terms innermost.
//
// Four columns at a time, whose lanes are summed together: 3 instructions a result, where one by one takes 10 (a
// seventh of the time at 576 terms). Rows fill the registers: loads, not FMAs, are the limit of narrower tiles.

template <typename B, int kRows, int kColumns>
void dot_tile(const Tile& t, int64_t row, int64_t column) {
  constexpr int kFours = (kColumns + 3) / 4;
  const int64_t a_row = t.a_row;
  const int64_t b_step = t.b_step;
  Vector sums[kRows][4 * kFours] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const float* a = t.a + s.a + row * a_row;
    const B* b = static_cast<const B*>(t.b) + s.b + column * b_step;
    // See channelwise.
    const float* const rows[2] = {a, a + 4 * a_row};
    int64_t k = 0;
    for (; k + kLanes <= s.length; k += kLanes) {
      Vector bs[kColumns];
#pragma GCC unroll 16
      for (int c = 0; c < kColumns; ++c) bs[c] = load(b + c * b_step + k);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const Vector as = load(rows[r / 4] + r % 4 * a_row + k);
#pragma GCC unroll 16
        for (int c = 0; c < kColumns; ++c) sums[r][c] += as * bs[c];
      }
    }
    if (k < s.length) {
      const int64_t lanes = s.length - k;
      Vector bs[kColumns];
#pragma GCC unroll 16
      for (int c = 0; c < kColumns; ++c) bs[c] = load_some(b + c * b_step + k, lanes);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const Vector as = load_some(rows[r / 4] + r % 4 * a_row + k, lanes);
#pragma GCC unroll 16
        for (int c = 0; c < kColumns; ++c) sums[r][c] += as * bs[c];
      }
    }
  }
  // One column alone: four rows are summed together instead.
  if constexpr (kColumns == 1) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; r += 4) {
      const auto of = [&](int i) { return r + i < kRows ? sums[r + i][0] : Vector{}; };
      const Four four = sums_of(of(0), of(1), of(2), of(3));
      for (int i = 0; i < 4; ++i) {
        if (r + i >= kRows) break;
        const float init = t.init == nullptr ? 0 : t.init[(row + r + i) * t.init_row + column];
        t.c[(row + r + i) * t.c_row + column] = init + four[i];
      }
    }
    return;
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int f = 0; f < kFours; ++f) {
      const Four four = sums_of(sums[r][4 * f], sums[r][4 * f + 1], sums[r][4 * f + 2], sums[r][4 * f + 3]);
      const int64_t at = column + 4 * f;
      const float* init = t.init == nullptr ? nullptr : t.init + (row + r) * t.init_row + at;
      float* c = t.c + (row + r) * t.c_row + at;
      if (4 * f + 4 <= kColumns) {
        *reinterpret_cast<Four*>(c) = init == nullptr ? four : *reinterpret_cast<const Four*>(init) + four;
        continue;
      }
      for (int i = 0; i < kColumns % 4; ++i) c[i] = init == nullptr ? four[i] : init[i] + four[i];
    }
  }
}

template <typename B, int kColumns, int kMost>
void dot_columns(const Tile& t, int64_t column) {
  in_blocks<kMost>(t.rows, [&](auto rows, int64_t row, int64_t, int64_t) {
    dot_tile<B, decltype(rows)::value, kColumns>(t, row, column);
  });
}

// kVectors of a row's terms by those of each column, one column after the other: the order in memory. Columns side by
// side took 1.3 (64 terms) to 2.2 times (16) as long from cache. With kAhead what lies b_ahead
// is brought into the second-level cache.
template <typename B, bool kAhead, int kVectors, int kColumns>
inline __attribute__((always_inline)) void dot_row_terms(const float* a, const B* b, int64_t b_step, int64_t b_ahead,
                                                         Vector (&sums)[kColumns]) {
  Vector as[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) as[v] = load(a + v * kLanes);
#pragma GCC unroll 16
  for (int c = 0; c < kColumns; ++c) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      sums[c] += as[v] * load(b + v * kLanes);
      if (kAhead) __builtin_prefetch(b + v * kLanes + b_ahead, 0, 2);
    }
    b += b_step;
  }
}

// One row alone reads the weights once.
template <typename B, bool kAhead, int kColumns>
void dot_row_tile(const Tile& t, int64_t column) {
  Vector sums[kColumns] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const float* a = t.a + s.a;
    const B* b = static_cast<const B*>(t.b) + s.b + column * t.b_step;
    int64_t k = 0;
    for (; k + 4 * kLanes <= s.length; k += 4 * kLanes)
      dot_row_terms<B, kAhead, 4>(a + k, b + k, t.b_step, t.b_ahead, sums);
    for (; k + 2 * kLanes <= s.length; k += 2 * kLanes)
      dot_row_terms<B, kAhead, 2>(a + k, b + k, t.b_step, t.b_ahead, sums);
    for (; k + kLanes <= s.length; k += kLanes) dot_row_terms<B, kAhead, 1>(a + k, b + k, t.b_step, t.b_ahead, sums);
    if (k < s.length) {
      const Vector as = load_some(a + k, s.length - k);
      const B* next = b + k;
#pragma GCC unroll 16
      for (int c = 0; c < kColumns; ++c) {
        sums[c] += as * load_some(next, s.length - k);
        next += t.b_step;
      }
    }
  }
  const float* init = t.init == nullptr ? nullptr : t.init + column;
  if constexpr (kColumns == kLanes) {
    const Vector sum = sums_of(sums);
    store(t.c + column, init == nullptr ? sum : load(init) + sum);
  } else {
    Vector all[kLanes] = {};
#pragma GCC unroll 16
    for (int c = 0; c < kColumns; ++c) all[c] = sums[c];
    const Vector sum = sums_of(all);
    store_some(t.c + column, init == nullptr ? sum : load_some(init, kColumns) + sum, kColumns);
  }
}

template <typename B, bool kAhead>
void dot_row(const Tile& t) {
  int64_t column = 0;
  for (; column + kLanes <= t.columns; column += kLanes) dot_row_tile<B, kAhead, kLanes>(t, column);
  with_count<kLanes - 1>(t.columns - column,
                         [&](auto columns) { dot_row_tile<B, kAhead, decltype(columns)::value>(t, column); });
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
