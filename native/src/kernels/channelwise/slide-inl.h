// What slides share: tiles whose rows are neighbouring positions, which meet the same positions of A but one.
#ifndef CONV4J_KERNELS_CHANNELWISE_SLIDE_INL_H_
#define CONV4J_KERNELS_CHANNELWISE_SLIDE_INL_H_

#include "kernels/isa/isa-inl.h"

namespace conv4j {
namespace C4J_ISA {

namespace {

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

}  // namespace

}  // namespace C4J_ISA
}  // namespace conv4j

#endif  // CONV4J_KERNELS_CHANNELWISE_SLIDE_INL_H_
