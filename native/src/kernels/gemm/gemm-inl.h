// Broadcast kernel: columns in vector lanes, rows broadcast one element at a time. Accumulators fill the registers but
// for the columns' vectors and a broadcast: 7 rows x 4 vectors or 14 x 2 of AVX-512's 32, 6 x 2 of AVX2's 16 (3 x 4
// there spills: 0.42 of peak), at 0.98 of the FMA peak from cache.

// Row r of A as base + (r % 5) * a_row: three bases and one step address 14 rows without a pointer each, which would
// spill (0.85 of peak at one vector).
template <int kRows>
struct RowBases {
  const float* base[3];

  RowBases(const float* a, int64_t a_row) : base{a, a + 5 * a_row, a + 10 * a_row} {}
  float at(int row, int64_t a_row, int64_t k) const { return base[row / 5][row % 5 * a_row + k]; }
};

// `kBatches` sets of accumulators take turns over k, where one set is too few to hide the latency of an FMA.
template <bool kTransposed, int kRows, int kVectors, int kBatches, bool kPartial>
void gemm_tile(const Tile& t, int64_t row, int64_t column, int64_t lanes) {
  Vector sums[kBatches][kRows][kVectors] = {};
  for (int64_t i = 0; i < t.segment_count; ++i) {
    const Segment& s = t.segments[i];
    const float* b = t.b + s.b + column;
    const float* a = t.a + s.a + (kTransposed ? row : row * t.a_row);
    const RowBases<kRows> rows(a, t.a_row);
    int64_t k = 0;
    const auto step = [&](int batch) __attribute__((always_inline)) {
      Vector bs[kVectors];
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v) {
        bs[v] = kPartial && v == kVectors - 1 ? load_some(b + v * kLanes, lanes) : load(b + v * kLanes);
      }
#pragma GCC unroll 16
      for (int r = 0; r < kRows; ++r) {
        const float x = kTransposed ? a[k * t.a_row + r] : rows.at(r, t.a_row, k);
        // Not Vector{} + x, which keeps a real addition (0.65 of peak).
        const Vector xs = x - Vector{};
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v) sums[batch][r][v] += xs * bs[v];
      }
      ++k;
      b += t.b_step;
    };
    for (; k + kBatches <= s.length;) {
#pragma GCC unroll 16
      for (int batch = 0; batch < kBatches; ++batch) step(batch);
    }
    while (k < s.length) step(0);
  }
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 16
    for (int v = 0; v < kVectors; ++v) {
      Vector sum = sums[0][r][v];
#pragma GCC unroll 16
      for (int batch = 1; batch < kBatches; ++batch) sum += sums[batch][r][v];
      const bool some = kPartial && v == kVectors - 1;
      const int64_t at = column + v * kLanes;
      if (t.init != nullptr) {
        const float* init = t.init + (row + r) * t.init_row + at;
        sum += some ? load_some(init, lanes) : load(init);
      }
      float* c = t.c + (row + r) * t.c_row + at;
      if (some) {
        store_some(c, sum, lanes);
      } else {
        store(c, sum);
      }
    }
  }
}

template <bool kTransposed, int kRows, int kVectors>
void gemm_rows(const Tile& t, int64_t row, int64_t column, int64_t lanes) {
  constexpr int kBatches = kRows * kVectors <= 2 ? 4 : kRows * kVectors <= 4 ? 2 : 1;
  if (lanes == kLanes) {
    gemm_tile<kTransposed, kRows, kVectors, kBatches, false>(t, row, column, lanes);
  } else {
    // One set only: GCC 12 keeps several in memory when loads are masked (a quarter of the speed).
    gemm_tile<kTransposed, kRows, kVectors, 1, true>(t, row, column, lanes);
  }
}

template <bool kTransposed, int kVectors, int kMost>
void gemm_columns(const Tile& t, int64_t column, int64_t lanes) {
  in_blocks<kMost>(t.rows, [&](auto rows, int64_t row) {
    gemm_rows<kTransposed, decltype(rows)::value, kVectors>(t, row, column, lanes);
  });
}

template <bool kTransposed>
void gemm_any(const Tile& t) {
  constexpr bool kWide = kRegisters == 32;
  int64_t column = 0;
  while (column < t.columns) {
    const int64_t left = t.columns - column;
    constexpr int64_t kMost = kWide ? 4 : 2;
    const int64_t vectors = left > (kMost - 1) * kLanes ? kMost : (left + kLanes - 1) / kLanes;
    const int64_t last = left - (vectors - 1) * kLanes;
    const int64_t lanes = last < kLanes ? last : kLanes;
    if constexpr (kWide) {
      if (vectors == 4) gemm_columns<kTransposed, 4, 7>(t, column, lanes);
      if (vectors == 3) gemm_columns<kTransposed, 3, 8>(t, column, lanes);
    }
    if (vectors == 2) gemm_columns<kTransposed, 2, kWide ? 14 : 6>(t, column, lanes);
    if (vectors == 1) gemm_columns<kTransposed, 1, kWide ? 14 : 8>(t, column, lanes);
    column += vectors * kLanes;
  }
}

void gemm(const Tile& tile) { gemm_any<false>(tile); }

void gemm_t(const Tile& tile) { gemm_any<true>(tile); }
