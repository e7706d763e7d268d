// Channelwise kernels: every channel has weights of its own, so channels lie in the lanes of both factors.
#include "kernels/isa/isa-inl.h"

namespace conv4j {
namespace C4J_ISA {

namespace {

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

}  // namespace

void channelwise(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) { channelwise_any<float>(t); });
}

void channelwise_bf16(const Tile& tile) {
  for_each_tile<Bf16>(tile, [](const Tile& t) { channelwise_any<Bf16>(t); });
}

}  // namespace C4J_ISA
}  // namespace conv4j
