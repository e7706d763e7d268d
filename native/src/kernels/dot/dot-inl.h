// Dot-product kernel: the terms of a sum in vector lanes, one accumulator for each result, added up at the end. Serves
// where columns are too few to fill lanes, and where the weights lie with the terms innermost.
//
// Four columns at a time, whose lanes are summed together: 3 instructions a result, where one by one takes 10 (a
// seventh of the time at 576 terms). Rows fill the registers: loads, not FMAs, are the limit of narrower tiles.

template <int kRows, int kColumns>
void dot_tile(const Tile& t, int64_t row, int64_t column) {
  Vector sums[kRows][4] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const float* a = t.a + s.a + row * t.a_row;
    const float* b = t.b + s.b + column * t.b_step;
    int64_t k = 0;
    for (; k + kLanes <= s.length; k += kLanes) {
      Vector bs[kColumns];
#pragma GCC unroll 16
      for (int c = 0; c < kColumns; ++c) bs[c] = load(b + c * t.b_step + k);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const Vector as = load(a + r * t.a_row + k);
#pragma GCC unroll 16
        for (int c = 0; c < kColumns; ++c) sums[r][c] += as * bs[c];
      }
    }
    if (k < s.length) {
      const int64_t lanes = s.length - k;
      Vector bs[kColumns];
#pragma GCC unroll 16
      for (int c = 0; c < kColumns; ++c) bs[c] = load_some(b + c * t.b_step + k, lanes);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const Vector as = load_some(a + r * t.a_row + k, lanes);
#pragma GCC unroll 16
        for (int c = 0; c < kColumns; ++c) sums[r][c] += as * bs[c];
      }
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    const Four four = sums_of(sums[r][0], sums[r][1], sums[r][2], sums[r][3]);
#pragma GCC unroll 16
    for (int c = 0; c < kColumns; ++c) {
      const float init = t.init == nullptr ? 0 : t.init[(row + r) * t.init_row + column + c];
      t.c[(row + r) * t.c_row + column + c] = init + four[c];
    }
  }
}

// The same rows count for all of a column block; what is left of the rows comes in one smaller tile.
template <int kColumns, int kMost>
void dot_columns(const Tile& t, int64_t column) {
  int64_t row = 0;
  for (; row + kMost <= t.rows; row += kMost) dot_tile<kMost, kColumns>(t, row, column);
  with_count<kMost - 1>(t.rows - row, [&](auto rows) { dot_tile<decltype(rows)::value, kColumns>(t, row, column); });
}

void dot(const Tile& t) {
  constexpr bool kWide = kRegisters == 32;
  int64_t column = 0;
  for (; column + 4 <= t.columns; column += 4) dot_columns<4, kWide ? 6 : 2>(t, column);
  switch (t.columns - column) {
    case 3:
      return dot_columns < 3, kWide ? 6 : 3 > (t, column);
    case 2:
      return dot_columns < 2, kWide ? 8 : 4 > (t, column);
    case 1:
      return dot_columns<1, 8>(t, column);
    default:
      return;
  }
}
