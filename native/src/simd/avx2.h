// Vectors of AVX2 with FMA. See avx512.h.
typedef float Vector __attribute__((vector_size(32), aligned(4), may_alias));
constexpr int kLanes = 8;
constexpr int kRegisters = 16;

typedef Vector Half;

template <typename V = Vector>
inline V load(const float* p) {
  return *reinterpret_cast<const Vector*>(p);
}
inline Vector hold(Vector v) {
  asm("" : "+x"(v));
  return v;
}
inline void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }

inline __m256i first_lanes(int64_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(count)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
template <typename V = Vector>
inline V load_some(const float* p, int64_t count) {
  return _mm256_maskload_ps(p, first_lanes(count));
}
inline void store_some(float* p, Vector v, int64_t count) { _mm256_maskstore_ps(p, first_lanes(count), v); }

inline void stream(float* p, Vector v) { _mm256_stream_ps(p, v); }
inline void fence() { _mm_sfence(); }

inline void transpose(Vector (&v)[8]) {
  __m256 t[8], u[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i += 4) {
    t[i] = _mm256_unpacklo_ps(v[i], v[i + 1]);
    t[i + 1] = _mm256_unpackhi_ps(v[i], v[i + 1]);
    t[i + 2] = _mm256_unpacklo_ps(v[i + 2], v[i + 3]);
    t[i + 3] = _mm256_unpackhi_ps(v[i + 2], v[i + 3]);
    u[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44);
    u[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    u[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    u[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm256_permute2f128_ps(u[i], u[4 + i], 0x20);
    v[4 + i] = _mm256_permute2f128_ps(u[i], u[4 + i], 0x31);
  }
}

inline void transpose_pairs(Vector (&v)[4]) {
  __m256 t[4];
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    t[i] = _mm256_shuffle_ps(v[2 * i], v[2 * i + 1], 0x44);
    t[2 + i] = _mm256_shuffle_ps(v[2 * i], v[2 * i + 1], 0xee);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    v[i] = _mm256_permute2f128_ps(t[2 * i], t[2 * i + 1], 0x20);
    v[2 + i] = _mm256_permute2f128_ps(t[2 * i], t[2 * i + 1], 0x31);
  }
}

inline Vector pair_sums(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14) +
         __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15);
}
inline Vector spread(Vector v) { return __builtin_shufflevector(v, Vector{}, 0, 8, 1, 9, 2, 10, 3, 11); }

inline __m256i widen(__m128i halves) { return _mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16); }
template <typename V = Vector>
inline V load(const Bf16* p) {
  return reinterpret_cast<Vector>(widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}
// Masks go by pairs; the last lane, which may lack its pair, comes by itself.
template <typename V = Vector>
inline V load_some(const Bf16* p, int64_t count) {
  const __m128i pair = _mm_setr_epi32(0, 1, 2, 3);
  const __m128i pairs = _mm_maskload_epi32(reinterpret_cast<const int*>(p),
                                           _mm_cmpgt_epi32(_mm_set1_epi32(static_cast<int>(count / 2)), pair));
  const __m256i last = _mm256_set1_epi32(static_cast<int>(uint32_t{p[count - 1].bits} << 16));
  const __m256i is_last =
      _mm256_cmpeq_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(static_cast<int>(count) - 1));
  return reinterpret_cast<Vector>(_mm256_blendv_epi8(widen(pairs), last, is_last));
}

typedef float Four __attribute__((vector_size(16), aligned(4), may_alias));

inline Vector half_sums(Vector a, Vector b, Vector c, Vector d) {
  const Vector ab = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13) +
                    __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15);
  const Vector cd = __builtin_shufflevector(c, d, 0, 8, 1, 9, 4, 12, 5, 13) +
                    __builtin_shufflevector(c, d, 2, 10, 3, 11, 6, 14, 7, 15);
  return __builtin_shufflevector(ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) +
         __builtin_shufflevector(ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
}

inline Four sums_of(Vector a, Vector b, Vector c, Vector d) {
  const Vector sums = half_sums(a, b, c, d);
  return __builtin_shufflevector(sums, sums, 0, 1, 2, 3) + __builtin_shufflevector(sums, sums, 4, 5, 6, 7);
}
inline Vector sums_of(const Vector (&v)[8]) {
  const Vector a = half_sums(v[0], v[1], v[2], v[3]), b = half_sums(v[4], v[5], v[6], v[7]);
  return __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) +
         __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
}
