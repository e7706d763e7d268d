// Channelwise kernels: every channel has weights of its own, so channels lie in the lanes of both factors.

template <int kRows, int kVectors, bool kPartial>
void channelwise_tile(const Tile& t, int64_t row, int64_t column, int64_t lanes) {
  const auto get = [&](const float* p, int v) __attribute__((always_inline)) {
    return kPartial && v == kVectors - 1 ? load_some(p + v * kLanes, lanes) : load(p + v * kLanes);
  };
  const int64_t a_row = t.a_row;
  Vector sums[kRows][kVectors] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const float* a = t.a + s.a + row * a_row + column;
    const float* b = t.b + s.b + column;
    Vector bs[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) bs[v] = get(b, v);
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) sums[r][v] += get(a + r * a_row, v) * bs[v];
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      Vector sum = sums[r][v];
      if (t.init != nullptr) sum += get(t.init + (row + r) * t.init_row + column, v);
      float* c = t.c + (row + r) * t.c_row + column + v * kLanes;
      if (kPartial && v == kVectors - 1) {
        store_some(c, sum, lanes);
      } else {
        store(c, sum);
      }
    }
  }
}

template <int kVectors, bool kPartial>
void channelwise_columns(const Tile& t, int64_t column, int64_t lanes) {
  constexpr int kMost = kRegisters == 32 ? 8 : 4;
  in_blocks<kMost>(t.rows, [&](auto rows, int64_t row) {
    channelwise_tile<decltype(rows)::value, kVectors, kPartial>(t, row, column, lanes);
  });
}

void channelwise(const Tile& t) {
  constexpr int64_t kWidth = 2 * kLanes;
  int64_t column = 0;
  for (; column + kWidth <= t.columns; column += kWidth) channelwise_columns<2, false>(t, column, kLanes);
  for (; column + kLanes <= t.columns; column += kLanes) channelwise_columns<1, false>(t, column, kLanes);
  if (column < t.columns) channelwise_columns<1, true>(t, column, t.columns - column);
}

template <int kRows, bool kPartial>
void channelwise_t_tile(const Tile& t, int64_t row, int64_t column, int64_t lanes) {
  const auto get = [&](const float* p) __attribute__((always_inline)) {
    return kPartial ? load_some(p, lanes) : load(p);
  };
  // Two sets take turns over k to hide the latency of an FMA.
  Vector sums[2][kRows] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const float* a = t.a + s.a + row * t.a_step + column;
    const float* b = t.b + s.b + column;
    for (int64_t k = 0; k < s.length; k += 2) {
      const Vector b0 = get(b + k * t.b_step);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) sums[0][r] += get(a + k * t.a_row + r * t.a_step) * b0;
      if (k + 1 == s.length) break;
      const Vector b1 = get(b + (k + 1) * t.b_step);
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) sums[1][r] += get(a + (k + 1) * t.a_row + r * t.a_step) * b1;
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
    Vector sum = sums[0][r] + sums[1][r];
    if (t.init != nullptr) sum += get(t.init + (row + r) * t.init_row + column);
    float* c = t.c + (row + r) * t.c_row + column;
    if (kPartial) {
      store_some(c, sum, lanes);
    } else {
      store(c, sum);
    }
  }
}

template <bool kPartial>
void channelwise_t_rows(const Tile& t, int64_t column, int64_t lanes) {
  constexpr int kMost = kRegisters == 32 ? 9 : 5;
  in_blocks<kMost>(t.rows, [&](auto rows, int64_t row) {
    channelwise_t_tile<decltype(rows)::value, kPartial>(t, row, column, lanes);
  });
}

void channelwise_t(const Tile& t) {
  int64_t column = 0;
  for (; column + kLanes <= t.columns; column += kLanes) channelwise_t_rows<false>(t, column, kLanes);
  if (column < t.columns) channelwise_t_rows<true>(t, column, t.columns - column);
}
