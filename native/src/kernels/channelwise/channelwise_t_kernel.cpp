// Gradients of channelwise weights.
#include "kernels/isa/isa-inl.h"

namespace conv4j {
namespace C4J_ISA {

namespace {

// kLines lines of kRows rows of every phase, of one vector of columns.
template <int kPhases, int kLines, int kRows, bool kNear, bool kPartial>
inline __attribute__((always_inline)) void channelwise_t_tile(const Tile& t, int64_t a_offset, int64_t c_offset,
                                                              int64_t init_offset, int64_t column, int64_t lanes) {
  const auto get = [&](const float* p) __attribute__((always_inline)) {
    return kPartial ? load_some(p, lanes) : load(p);
  };
  // Two sets take turns over k where one is too few to hide the latency of an FMA.
  constexpr int kSets = kPhases * kLines * kRows < 5 ? 2 : 1;
  constexpr bool kNarrow = kRegisters < 32;
  // Of no use, it takes time (56 x 56, one image, 96 channels, AVX2 on a Zen 3: 1.4 times).
  constexpr bool kFetches = !kNarrow || !kNear;
  // Rows that meet neighbouring A find it in registers, for a load with each FMA is the limit (t2_depthwise_c96 0.90 of
  // the time, two threads 0.83; t = 1 0.78, 7 x 7 taps 0.90; AVX2, one image, with what it does not fetch 0.56 to
  // 0.76). Not of fewer rows (2 x 2 taps 1.05, AVX2 1.06 to 1.3), nor from memory, which bursts of prefetches slow down
  // (112 x 112: 1.1 to 1.4).
  constexpr int kHeld = kLines * kRows, kRound = kRows * kPhases;
  constexpr bool kIsMany = kNarrow ? kPhases > 1 && kRows > 2 : kRows > 1 && kHeld >= 5;
  constexpr bool kSlides = kNear && kIsMany && (kPhases + 1) * kHeld + 2 <= kRegisters;
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
      if (kFetches) __builtin_prefetch(b + b_ahead, 0, 2);
#pragma GCC unroll 16
      for (int l = 0; l < kLines; ++l) {
        if (kFetches && l >= kLines - kNew) __builtin_prefetch(a + l * a_line + a_ahead, 0, 2);
#pragma GCC unroll 16
        for (int r = 0; r < kRows; ++r) sums[set][phase][l][r] += get(a + l * a_line + r * a_step) * bs;
      }
      a += a_row;
      b += b_step;
      ++k;
    };
    if constexpr (kSlides) {
      if (a_row == a_step && s.length >= kRound) {
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
            if (kFetches) __builtin_prefetch(b + b_ahead, 0, 2);
            unrolled<kLines>([&](auto l) __attribute__((always_inline)) {
              const float* const from = last + l * a_line;
              if constexpr (kFetches && l >= kLines - kNew)
                __builtin_prefetch(from - (kRows - 1) * a_step + a_ahead, 0, 2);
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
template <int kPhases, int kLines, int kRows, bool kNear>
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
      channelwise_t_tile<kPhases, kLines, kRows, kNear, false>(near, a, -column, init, column + v, kLanes);
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
template <int kPhases, int kLines, int kRows, bool kNear>
void channelwise_t_columns(const Tile& t, int64_t line, int64_t row) {
  const int64_t a = line * t.a_line + row * t.a_step;
  const int64_t c = line * t.c_line + row * t.c_row;
  const int64_t init = line * t.c_line + row * t.init_row;
  if constexpr (sizeof(Vector) < kLine) {
    if (t.streams) return channelwise_t_streams<kPhases, kLines, kRows, kNear>(t, a, c, init);
  }
  int64_t column = 0;
  for (; column + kLanes <= t.columns; column += kLanes) {
    channelwise_t_tile<kPhases, kLines, kRows, kNear, false>(t, a, c, init, column, kLanes);
  }
  if (column < t.columns) {
    channelwise_t_tile<kPhases, kLines, kRows, kNear, true>(t, a, c, init, column, t.columns - column);
  }
}

template <int kPhases, bool kNear>
void channelwise_t_rows(const Tile& t) {
  constexpr int kMost = (kRegisters == 32 ? 27 : 12) / kPhases;  // sums at a time
  const int64_t lines = t.rows / t.line_rows;
  // What slides over a line leaves no registers for another one.
  constexpr bool kByLines = kNear && kPhases > 1 && kRegisters < 32;
  if (t.line_rows <= 3 && lines > 1 && kMost >= 6 && !kByLines) {
    in_blocks<kMost / 3 < 3 ? kMost / 3 : 3>(lines, [&](auto line_count, int64_t line, int64_t) {
      with_count<3>(t.line_rows, [&](auto rows) {
        channelwise_t_columns<kPhases, decltype(line_count)::value, decltype(rows)::value, kNear>(t, line, 0);
      });
    });
    return;
  }
  constexpr int kMostRows = kPhases > 1 ? 3 : kRegisters == 32 ? 9 : 5;
  for (int64_t line = 0; line < lines; ++line) {
    in_blocks<kMostRows>(t.line_rows, [&](auto rows, int64_t row, int64_t) {
      channelwise_t_columns<kPhases, 1, decltype(rows)::value, kNear>(t, line, row);
    });
  }
}

}  // namespace

void channelwise_t(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) {
    with_count<4>(t.phases > 1 ? t.phases : 1, [&](auto phases) {
      constexpr int kPhases = decltype(phases)::value;
      t.is_near ? channelwise_t_rows<kPhases, true>(t) : channelwise_t_rows<kPhases, false>(t);
    });
  });
}

}  // namespace C4J_ISA
}  // namespace conv4j
