// Vectors of AVX-512. No include guard: isa-inl.h includes one of its kind, inside its namespace.
// `Vector` is a compiler vector, so that + and * and the fusing of both come from the compiler; only what the language
// lacks is an intrinsic.
typedef float Vector __attribute__((vector_size(64), aligned(4), may_alias));
constexpr int kLanes = 16;
constexpr int kRegisters = 32;

// Half a vector, which takes half the time of a whole one.
typedef float Half __attribute__((vector_size(32), aligned(4), may_alias));

// V as template argument has lost its alignment of 4.
template <typename V = Vector>
inline V load(const float* p) {
  typedef V Anywhere __attribute__((aligned(4), may_alias));
  return *reinterpret_cast<const Anywhere*>(p);
}
// The value in a register: not read again from where it was loaded.
inline Vector hold(Vector v) {
#if defined(__AVX512F__)  // and not emulated
  asm("" : "+v"(v));
#endif
  return v;
}
inline Half hold(Half v) {
  asm("" : "+v"(v));
  return v;
}
inline void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }
inline void store(float* p, Half v) { *reinterpret_cast<Half*>(p) = v; }

// The first `count` lanes, 1 to kLanes; the others are zero, or stay unwritten.
template <typename V = Vector>
inline V load_some(const float* p, int64_t count);
template <>
inline Vector load_some<Vector>(const float* p, int64_t count) {
  return _mm512_maskz_loadu_ps(static_cast<__mmask16>(0xffffu >> (kLanes - count)), p);
}
template <>
inline Half load_some<Half>(const float* p, int64_t count) {
  return _mm256_maskz_loadu_ps(static_cast<__mmask8>(0xffu >> (kLanes / 2 - count)), p);
}
inline void store_some(float* p, Vector v, int64_t count) {
  _mm512_mask_storeu_ps(p, static_cast<__mmask16>(0xffffu >> (kLanes - count)), v);
}
inline void store_some(float* p, Half v, int64_t count) {
  _mm256_mask_storeu_ps(p, static_cast<__mmask8>(0xffu >> (kLanes / 2 - count)), v);
}

// Writes an aligned vector past the caches; visible to other threads after the fence.
inline void stream(float* p, Vector v) { _mm512_stream_ps(p, v); }
inline void stream(float* p, Half v) { _mm256_stream_ps(p, v); }
inline void fence() { _mm_sfence(); }

// Shuffles that are single instructions.
#define C4J_LOW(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define C4J_HIGH(a, b) __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define C4J_LOW_PAIRS(a, b) __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define C4J_HIGH_PAIRS(a, b) __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#define C4J_EVEN_QUARTERS(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define C4J_ODD_QUARTERS(a, b) __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)

// Rows to columns: squares of four within the quarters of a vector, then the quarters.
inline void transpose(Vector (&v)[16]) {
  Vector t[16], u[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; i += 4) {
    t[i] = C4J_LOW(v[i], v[i + 1]);
    t[i + 1] = C4J_HIGH(v[i], v[i + 1]);
    t[i + 2] = C4J_LOW(v[i + 2], v[i + 3]);
    t[i + 3] = C4J_HIGH(v[i + 2], v[i + 3]);
    u[i] = C4J_LOW_PAIRS(t[i], t[i + 2]);
    u[i + 1] = C4J_HIGH_PAIRS(t[i], t[i + 2]);
    u[i + 2] = C4J_LOW_PAIRS(t[i + 1], t[i + 3]);
    u[i + 3] = C4J_HIGH_PAIRS(t[i + 1], t[i + 3]);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 4; ++i) {
    t[i] = C4J_EVEN_QUARTERS(u[i], u[4 + i]);
    t[4 + i] = C4J_ODD_QUARTERS(u[i], u[4 + i]);
    t[8 + i] = C4J_EVEN_QUARTERS(u[8 + i], u[12 + i]);
    t[12 + i] = C4J_ODD_QUARTERS(u[8 + i], u[12 + i]);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 8; ++i) {
    v[i] = C4J_EVEN_QUARTERS(t[i], t[8 + i]);
    v[8 + i] = C4J_ODD_QUARTERS(t[i], t[8 + i]);
  }
}

// Pairs of lanes for lanes: rows of eight pairs to columns.
inline void transpose_pairs(Vector (&v)[8]) {
  Vector t[8], u[8];
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    t[i / 2] = C4J_LOW_PAIRS(v[i], v[i + 1]);
    t[4 + i / 2] = C4J_HIGH_PAIRS(v[i], v[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    u[i] = C4J_EVEN_QUARTERS(t[i], t[i + 1]);
    u[i + 1] = C4J_ODD_QUARTERS(t[i], t[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    v[i] = C4J_EVEN_QUARTERS(u[4 * i], u[4 * i + 2]);
    v[4 + i] = C4J_ODD_QUARTERS(u[4 * i], u[4 * i + 2]);
    v[2 + i] = C4J_EVEN_QUARTERS(u[4 * i + 1], u[4 * i + 3]);
    v[6 + i] = C4J_ODD_QUARTERS(u[4 * i + 1], u[4 * i + 3]);
  }
}

// The sums of neighbouring lanes, of a and then of b.
inline Vector pair_sums(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +
         __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}
// The first half, with zeros between the lanes.
inline Vector spread(Vector v) {
  return __builtin_shufflevector(v, Vector{}, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}

typedef uint32_t Words __attribute__((vector_size(64)));

// Masked by all lanes: what GCC 12 makes of the plain one warns, and of its own conversion takes 3 instructions more.
inline Vector widen(__m256i halves) {
  return reinterpret_cast<Vector>(reinterpret_cast<Words>(_mm512_maskz_cvtepu16_epi32(0xffff, halves)) << 16);
}
inline Half widen(__m128i halves) {
  typedef uint32_t HalfWords __attribute__((vector_size(32)));
  return reinterpret_cast<Half>(reinterpret_cast<HalfWords>(_mm256_maskz_cvtepu16_epi32(0xff, halves)) << 16);
}

template <typename V = Vector>
inline V load(const Bf16* p);
template <>
inline Vector load<Vector>(const Bf16* p) {
  return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
template <>
inline Half load<Half>(const Bf16* p) {
  return widen(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
template <typename V = Vector>
inline V load_some(const Bf16* p, int64_t count);
template <>
inline Vector load_some<Vector>(const Bf16* p, int64_t count) {
  return widen(_mm256_maskz_loadu_epi16(static_cast<__mmask16>(0xffffu >> (kLanes - count)), p));
}
template <>
inline Half load_some<Half>(const Bf16* p, int64_t count) {
  return widen(_mm_maskz_loadu_epi16(static_cast<__mmask8>(0xffu >> (kLanes / 2 - count)), p));
}

typedef float Four __attribute__((vector_size(16), aligned(4), may_alias));

// In every quarter, the sums of that quarter of a, b, c and d.
inline Vector quarter_sums(Vector a, Vector b, Vector c, Vector d) {
  const Vector ab = C4J_LOW(a, b) + C4J_HIGH(a, b);
  const Vector cd = C4J_LOW(c, d) + C4J_HIGH(c, d);
  return C4J_LOW_PAIRS(ab, cd) + C4J_HIGH_PAIRS(ab, cd);
}

// The sum of each vector's lanes.
inline Four sums_of(Vector a, Vector b, Vector c, Vector d) {
  const Vector sums = quarter_sums(a, b, c, d);
  const Half half = __builtin_shufflevector(sums, sums, 0, 1, 2, 3, 4, 5, 6, 7) +
                    __builtin_shufflevector(sums, sums, 8, 9, 10, 11, 12, 13, 14, 15);
  return __builtin_shufflevector(half, half, 0, 1, 2, 3) + __builtin_shufflevector(half, half, 4, 5, 6, 7);
}
inline Vector sums_of(const Vector (&v)[16]) {
  const Vector a = quarter_sums(v[0], v[1], v[2], v[3]), b = quarter_sums(v[4], v[5], v[6], v[7]);
  const Vector c = quarter_sums(v[8], v[9], v[10], v[11]), d = quarter_sums(v[12], v[13], v[14], v[15]);
  const Vector ab = C4J_EVEN_QUARTERS(a, b) + C4J_ODD_QUARTERS(a, b);
  const Vector cd = C4J_EVEN_QUARTERS(c, d) + C4J_ODD_QUARTERS(c, d);
  return C4J_EVEN_QUARTERS(ab, cd) + C4J_ODD_QUARTERS(ab, cd);
}
#undef C4J_LOW
#undef C4J_HIGH
#undef C4J_LOW_PAIRS
#undef C4J_HIGH_PAIRS
#undef C4J_EVEN_QUARTERS
#undef C4J_ODD_QUARTERS
