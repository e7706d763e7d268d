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

typedef float Four __attribute__((vector_size(16), aligned(4), may_alias));

// The sum of each vector's lanes.
inline Four sums_of(Vector a, Vector b, Vector c, Vector d) {
  typedef float Half __attribute__((vector_size(32)));
  const Vector ab = __builtin_shufflevector(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30) +
                    __builtin_shufflevector(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
  const Vector cd = __builtin_shufflevector(c, d, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30) +
                    __builtin_shufflevector(c, d, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
  const Vector all = __builtin_shufflevector(ab, cd, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29) +
                     __builtin_shufflevector(ab, cd, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  const Half half = __builtin_shufflevector(all, all, 0, 1, 2, 3, 4, 5, 6, 7) +
                    __builtin_shufflevector(all, all, 8, 9, 10, 11, 12, 13, 14, 15);
  return __builtin_shufflevector(half, half, 0, 1, 2, 3) + __builtin_shufflevector(half, half, 4, 5, 6, 7);
}
