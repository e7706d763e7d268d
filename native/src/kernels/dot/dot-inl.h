// Dot-product kernel: the terms of a sum in vector lanes, one accumulator for each result, added up at the end. Serves
// where columns are too few to fill lanes, and where the weights lie with the terms innermost.

template <int kRows, int kColumns>
void dot_tile(const Tile& t, int64_t row, int64_t column) {
  Vector sums[kRows][kColumns] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const float* a = t.a + s.a + row * t.a_row;
    const float* b = t.b + s.b + column * t.b_step;
    int64_t k = 0;
    for (; k + kLanes <= s.length; k += kLanes) {
      Vector bs[kColumns];
      for (int c = 0; c < kColumns; ++c) bs[c] = load(b + c * t.b_step + k);
      for (int r = 0; r < kRows; ++r) {
        const Vector as = load(a + r * t.a_row + k);
        for (int c = 0; c < kColumns; ++c) sums[r][c] += as * bs[c];
      }
    }
    if (k < s.length) {
      const int64_t lanes = s.length - k;
      Vector bs[kColumns];
      for (int c = 0; c < kColumns; ++c) bs[c] = load_some(b + c * t.b_step + k, lanes);
      for (int r = 0; r < kRows; ++r) {
        const Vector as = load_some(a + r * t.a_row + k, lanes);
        for (int c = 0; c < kColumns; ++c) sums[r][c] += as * bs[c];
      }
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kColumns; ++c) {
      const float init = t.init == nullptr ? 0 : t.init[(row + r) * t.init_row + column + c];
      t.c[(row + r) * t.c_row + column + c] = init + sum_of(sums[r][c]);
    }
  }
}

template <int kRows, int kMost>
void dot_columns(const Tile& t, int64_t row) {
  int64_t column = 0;
  for (; column + kMost <= t.columns; column += kMost) dot_tile<kRows, kMost>(t, row, column);
  for (; column + 2 <= t.columns; column += 2) dot_tile<kRows, 2>(t, row, column);
  if (column < t.columns) dot_tile<kRows, 1>(t, row, column);
}

// Tiles as near to square as the registers allow: 4 x 6 of AVX-512's 32, 3 x 4 of AVX2's 16.
void dot(const Tile& t) {
  constexpr bool kWide = kRegisters == 32;
  constexpr int kRows = kWide ? 4 : 3;
  constexpr int kColumns = kWide ? 6 : 4;
  int64_t row = 0;
  for (; t.columns == 1 && row + 8 <= t.rows; row += 8) dot_tile<8, 1>(t, row, 0);
  for (; row + kRows <= t.rows; row += kRows) dot_columns<kRows, kColumns>(t, row);
  for (; row + 2 <= t.rows; row += 2) dot_columns<2, kColumns>(t, row);
  if (row < t.rows) dot_columns<1, 8>(t, row);
}
