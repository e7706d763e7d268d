// The ends of dot products.
#ifndef CONV4J_KERNELS_DOT_SUMS_INL_H_
#define CONV4J_KERNELS_DOT_SUMS_INL_H_

#include "kernels/isa/isa-inl.h"

namespace conv4j {
namespace C4J_ISA {

namespace {

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

}  // namespace

}  // namespace C4J_ISA
}  // namespace conv4j

#endif  // CONV4J_KERNELS_DOT_SUMS_INL_H_
