// AVX-512's intrinsics that simd/avx512.h calls, as loops, so that any CPU with AVX2 can test the kernels made from it:
// included in front of them where CONV4J_EMULATE_AVX512 asks for it.
#ifndef CONV4J_TEST_EMULATED_AVX512_H_
#define CONV4J_TEST_EMULATED_AVX512_H_

#include <immintrin.h>
#include <stdint.h>

namespace {
namespace emulated {

typedef float Floats16 __attribute__((vector_size(64)));
typedef float Floats8 __attribute__((vector_size(32)));
typedef uint16_t Halves16 __attribute__((vector_size(32)));
typedef uint16_t Halves8 __attribute__((vector_size(16)));
typedef uint32_t Words16 __attribute__((vector_size(64)));
typedef uint32_t Words8 __attribute__((vector_size(32)));

// The lanes that the mask names; the others are zero, or stay unwritten.
template <typename V, typename T>
inline V load(uint32_t mask, const T* p) {
  V v = {};
  for (int i = 0; i < static_cast<int>(sizeof(V) / sizeof(T)); ++i) {
    if (mask >> i & 1) v[i] = p[i];
  }
  return v;
}
template <typename V>
inline void store(float* p, uint32_t mask, V v) {
  for (int i = 0; i < static_cast<int>(sizeof(V) / sizeof(float)); ++i) {
    if (mask >> i & 1) p[i] = v[i];
  }
}

// As the CPU does, which faults where p is not aligned.
inline void stream(float* p, Floats16 v) {
  if (reinterpret_cast<uintptr_t>(p) % sizeof v != 0) __builtin_trap();
  store(p, 0xffff, v);
}

}  // namespace emulated
}  // namespace

#define _mm512_maskz_loadu_ps(mask, p) emulated::load<emulated::Floats16>(mask, p)
#define _mm256_maskz_loadu_ps(mask, p) emulated::load<emulated::Floats8>(mask, p)
#define _mm512_mask_storeu_ps(p, mask, v) emulated::store(p, mask, v)
#define _mm256_mask_storeu_ps(p, mask, v) emulated::store(p, mask, v)
#define _mm512_stream_ps(p, v) emulated::stream(p, v)
#define _mm512_maskz_cvtepu16_epi32(mask, v) \
  __builtin_convertvector(reinterpret_cast<emulated::Halves16>(v), emulated::Words16)
#define _mm256_maskz_cvtepu16_epi32(mask, v) \
  __builtin_convertvector(reinterpret_cast<emulated::Halves8>(v), emulated::Words8)
#define _mm256_maskz_loadu_epi16(mask, p) \
  reinterpret_cast<__m256i>(emulated::load<emulated::Halves16>(mask, reinterpret_cast<const uint16_t*>(p)))
#define _mm_maskz_loadu_epi16(mask, p) \
  reinterpret_cast<__m128i>(emulated::load<emulated::Halves8>(mask, reinterpret_cast<const uint16_t*>(p)))

#endif  // CONV4J_TEST_EMULATED_AVX512_H_
