// Vectors of the including file's instruction set: AVX-512. No include guard: one per ISA file, inside its namespace.
// `Vector` is a compiler vector, so that + and * and the fusing of both come from the compiler; only what the language
// lacks is an intrinsic.
typedef float Vector __attribute__((vector_size(64), aligned(4), may_alias));
constexpr int kLanes = 16;
constexpr int kRegisters = 32;

inline Vector load(const float* p) { return *reinterpret_cast<const Vector*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }

// The first `count` lanes, 1 to kLanes; the others are zero, or stay unwritten.
inline Vector load_some(const float* p, int64_t count) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>(0xffffu >> (kLanes - count)), p);
}
inline void store_some(float* p, Vector v, int64_t count) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>(0xffffu >> (kLanes - count)), v);
}

// Not _mm512_reduce_add_ps, in which GCC 12 sees something uninitialized.
inline float sum_of(Vector v) {
  typedef float Half __attribute__((vector_size(32)));
  typedef float Quarter __attribute__((vector_size(16)));
  const Half half = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                    __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  const Quarter quarter =
      __builtin_shufflevector(half, half, 0, 1, 2, 3) + __builtin_shufflevector(half, half, 4, 5, 6, 7);
  return (quarter[0] + quarter[2]) + (quarter[1] + quarter[3]);
}
