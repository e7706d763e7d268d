// What kernels are made from. Their sources, *_kernel.cpp, are compiled once for every instruction set, with its name
// (C4J_ISA), its vectors (C4J_SIMD) and its flags. All but the kernels themselves sits in unnamed namespaces, and no
// STL is included: a shared inline function emitted there would be a weak symbol that baseline code might be linked to.
#ifndef CONV4J_KERNELS_ISA_ISA_INL_H_
#define CONV4J_KERNELS_ISA_ISA_INL_H_

#include <stdint.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/division.h"
#include "kernels/kernels.h"

#define C4J_STRING_(x) #x
#define C4J_STRING(x) C4J_STRING_(x)

namespace conv4j {
namespace C4J_ISA {
namespace {

#include C4J_SIMD

constexpr int64_t kLine = 64;  // bytes of memory that a cache takes together

// Terms of a sum that gemm_t keeps in registers, row by row (gradients of local weights, AVX2: 9 and 10 images 0.6 to
// 0.8 of the time of tiles, 12 0.7 to 0.95, 16 0.7 to 1.13).
constexpr int kFewTerms = kRegisters == 32 ? 16 : 12;

template <int kValue>
struct Int {
  static constexpr int value = kValue;
  constexpr operator int() const { return kValue; }
};

template <int... kValues>
struct IntList {};
template <int kCount, int... kValues>
struct CountedInts : CountedInts<kCount - 1, kCount - 1, kValues...> {};
template <int... kValues>
struct CountedInts<0, kValues...> {
  using All = IntList<kValues...>;
};

template <typename Body, int... kValues>
inline __attribute__((always_inline)) void call_each(const Body& body, IntList<kValues...>) {
  (body(Int<kValues>()), ...);
}

// Calls body(Int<0>()), ..., body(Int<kCount - 1>()). Arrays indexed so are in registers from the start: a loop that a
// pragma unrolls comes too late for GCC 12 where several loops work on one array.
template <int kCount, typename Body>
inline __attribute__((always_inline)) void unrolled(const Body& body) {
  call_each(body, typename CountedInts<kCount>::All());
}

// The value in a register, of which the compiler no longer knows where it comes from.
template <typename T>
inline __attribute__((always_inline)) T* hold(T* p) {
  asm("" : "+r"(p));
  return p;
}

// Calls body(Int<count>()) for a count from 1 to kMost; does nothing for 0.
template <int kMost, typename Body>
inline __attribute__((always_inline)) void with_count(int64_t count, const Body& body) {
  if constexpr (kMost > 0) {
    if (count == kMost) return body(Int<kMost>());
    with_count<kMost - 1>(count, body);
  }
}

// Covers `rows` by blocks of at most kMost, as even as can be: a last block of one row would be slow. Calls
// body(Int<count>(), first row, first block, blocks) for one or two runs of equal blocks.
template <int kMost, typename Body>
inline __attribute__((always_inline)) void in_equal_blocks(int64_t rows, const Body& body) {
  int64_t blocks = 1, least = rows, longer = 0;
  if (rows > kMost) {  // else without divisions
    blocks = (rows + kMost - 1) / kMost;
    least = quotient(rows, blocks);
    longer = rows - least * blocks;
  }
  if (longer > 0) with_count<kMost>(least + 1, [&](auto size) { body(size, int64_t{0}, int64_t{0}, longer); });
  with_count<kMost>(least, [&](auto size) { body(size, (least + 1) * longer, longer, blocks - longer); });
}

// The same, one block at a time: body(Int<count>(), first row, block).
template <int kMost, typename Body>
inline __attribute__((always_inline)) void in_blocks(int64_t rows, const Body& body) {
  in_equal_blocks<kMost>(rows, [&](auto size, int64_t row, int64_t block, int64_t blocks) {
    for (int64_t end = block + blocks; block < end; ++block, row += size) body(size, row, block);
  });
}

// Runs the kernel for each of the tiles.
template <typename B, typename Kernel>
inline __attribute__((always_inline)) void for_each_tile(const Tile& tile, const Kernel& kernel) {
  // A copy waits until all that was written of the tile has reached the cache.
  if (tile.tiles <= 1) return kernel(tile);
  Tile t = tile;
  for (int64_t i = 0;;) {
    kernel(t);
    if (++i == tile.tiles) return;
    t.a += t.a_next;
    t.b = static_cast<const B*>(t.b) + t.b_next;
    t.c += t.c_next;
    if (t.init != nullptr) t.init += t.init_next;
  }
}

// What a block of rows prefetches of what is ahead of B: all, or its share. Or of A, where nothing is of B.
enum Ahead {
  kNothingAhead,
  kAllAhead,
  kShareAhead,
  kRowsAhead,
  kNoPrefetch  // nor of anything else: the sums are so short that each instruction beside them counts
};

}  // namespace

}  // namespace C4J_ISA
}  // namespace conv4j

#endif  // CONV4J_KERNELS_ISA_ISA_INL_H_
