// Channelwise kernels: every channel has weights of its own, so channels lie in the lanes of both factors.

template <typename B, int kRows, int kVectors, bool kPartial>
void channelwise_tile(const Tile& t, int64_t row, int64_t column, int64_t lanes) {
  const auto get = [&](const auto* p, int v) __attribute__((always_inline)) {
    return kPartial && v == kVectors - 1 ? load_some(p + v * kLanes, lanes) : load(p + v * kLanes);
  };
  const int64_t a_row = t.a_row;
  Vector sums[kRows][kVectors] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const float* a = t.a + s.a + row * a_row + column;
    const B* b = static_cast<const B*>(t.b) + s.b + column;
    // Two bases and one step address eight rows: with a pointer each, they would spill (300 cycles, not
    // 260, for 8 rows of 32 channels under 9 taps).
    const float* const rows[2] = {a, a + 4 * a_row};
    Vector bs[kVectors];
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) bs[v] = get(b, v);
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
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      if (kPartial && v == kVectors - 1) {
        store_some(c + v * kLanes, sums[r][v], lanes);
      } else {
        store(c + v * kLanes, sums[r][v]);
      }
    }
    c += t.c_row;
  }
}

template <typename B, int kVectors, bool kPartial>
void channelwise_columns(const Tile& t, int64_t column, int64_t lanes) {
  constexpr int kMost = kRegisters == 32 ? 8 : 4;
  in_blocks<kMost>(t.rows, [&](auto rows, int64_t row, int64_t, int64_t) {
    channelwise_tile<B, decltype(rows)::value, kVectors, kPartial>(t, row, column, lanes);
  });
}

template <typename B>
void channelwise_any(const Tile& t) {
  constexpr int64_t kWidth = 2 * kLanes;
  int64_t column = 0;
  for (; column + kWidth <= t.columns; column += kWidth) channelwise_columns<B, 2, false>(t, column, kLanes);
  for (; column + kLanes <= t.columns; column += kLanes) channelwise_columns<B, 1, false>(t, column, kLanes);
  if (column < t.columns) channelwise_columns<B, 1, true>(t, column, t.columns - column);
}

void channelwise(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) { channelwise_any<float>(t); });
}

void channelwise_bf16(const Tile& tile) {
  for_each_tile<Bf16>(tile, [](const Tile& t) { channelwise_any<Bf16>(t); });
}

template <int kLines, int kRows, bool kPartial>
void channelwise_t_tile(const Tile& t, int64_t line, int64_t row, int64_t column, int64_t lanes) {
  const auto get = [&](const float* p) __attribute__((always_inline)) {
    return kPartial ? load_some(p, lanes) : load(p);
  };
  // Two sets take turns over k where one is too few to hide the latency of an FMA.
  constexpr int kSets = kLines * kRows < 5 ? 2 : 1;
  const int64_t a_step = t.a_step, a_line = t.a_line;
  Vector sums[kSets][kLines][kRows] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const float* a = t.a + s.a + line * a_line + row * a_step + column;
    const float* b = static_cast<const float*>(t.b) + s.b + column;
    int64_t k = 0;
    const auto step = [&](int set) __attribute__((always_inline)) {
      const Vector bs = get(b);
#pragma GCC unroll 16
      for (int l = 0; l < kLines; ++l) {
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) sums[set][l][r] += get(a + l * a_line + r * a_step) * bs;
      }
      a += t.a_row;
      b += t.b_step;
      ++k;
    };
    while (k + kSets <= s.length) {
#pragma GCC unroll 2
      for (int set = 0; set < kSets; ++set) step(set);
    }
    while (k < s.length) step(0);
  }
#pragma GCC unroll 16
  for (int l = 0; l < kLines; ++l) {
#pragma GCC unroll 16
    for (int r = 0; r < kRows; ++r) {
      Vector sum = sums[0][l][r];
      if (kSets == 2) sum += sums[kSets - 1][l][r];
      if (t.init != nullptr) sum += get(t.init + (line + l) * t.c_line + (row + r) * t.init_row + column);
      float* c = t.c + (line + l) * t.c_line + (row + r) * t.c_row + column;
      if (kPartial) {
        store_some(c, sum, lanes);
      } else {
        store(c, sum);
      }
    }
  }
}

template <bool kPartial>
void channelwise_t_rows(const Tile& t, int64_t column, int64_t lanes) {
  const int64_t lines = t.rows / t.line_rows;
  if (kRegisters == 32 && t.line_rows <= 3 && lines > 1) {
    in_blocks<3>(lines, [&](auto line_count, int64_t line, int64_t, int64_t) {
      with_count<3>(t.line_rows, [&](auto rows) {
        channelwise_t_tile<decltype(line_count)::value, decltype(rows)::value, kPartial>(t, line, 0, column, lanes);
      });
    });
    return;
  }
  constexpr int kMost = kRegisters == 32 ? 9 : 5;
  for (int64_t line = 0; line < lines; ++line) {
    in_blocks<kMost>(t.line_rows, [&](auto rows, int64_t row, int64_t, int64_t) {
      channelwise_t_tile<1, decltype(rows)::value, kPartial>(t, line, row, column, lanes);
    });
  }
}

void channelwise_t(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) {
    int64_t column = 0;
    for (; column + kLanes <= t.columns; column += kLanes) channelwise_t_rows<false>(t, column, kLanes);
    if (column < t.columns) channelwise_t_rows<true>(t, column, t.columns - column);
  });
}
