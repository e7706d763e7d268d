// Vectors of any CPU: four lanes, which every compiler has registers for. See avx512.h.
typedef float Vector __attribute__((vector_size(16), aligned(4), may_alias));
constexpr int kLanes = 4;
constexpr int kRegisters = 16;

typedef Vector Half;

template <typename V = Vector>
inline V load(const float* p) {
  return *reinterpret_cast<const Vector*>(p);
}
inline Vector hold(Vector v) { return v; }
inline void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }

template <typename V = Vector>
inline V load_some(const float* p, int64_t count) {
  return Vector{p[0], count > 1 ? p[1] : 0, count > 2 ? p[2] : 0, count > 3 ? p[3] : 0};
}
inline void store_some(float* p, Vector v, int64_t count) {
  for (int64_t i = 0; i < count; ++i) p[i] = v[i];
}

inline void stream(float* p, Vector v) { store(p, v); }
inline void fence() {}

inline void transpose(Vector (&v)[4]) {
  const Vector ab = __builtin_shufflevector(v[0], v[1], 0, 4, 1, 5);
  const Vector AB = __builtin_shufflevector(v[0], v[1], 2, 6, 3, 7);
  const Vector cd = __builtin_shufflevector(v[2], v[3], 0, 4, 1, 5);
  const Vector CD = __builtin_shufflevector(v[2], v[3], 2, 6, 3, 7);
  v[0] = __builtin_shufflevector(ab, cd, 0, 1, 4, 5);
  v[1] = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  v[2] = __builtin_shufflevector(AB, CD, 0, 1, 4, 5);
  v[3] = __builtin_shufflevector(AB, CD, 2, 3, 6, 7);
}
inline void transpose_pairs(Vector (&v)[2]) {
  const Vector a = v[0], b = v[1];
  v[0] = __builtin_shufflevector(a, b, 0, 1, 4, 5);
  v[1] = __builtin_shufflevector(a, b, 2, 3, 6, 7);
}

inline Vector pair_sums(Vector a, Vector b) {
  return __builtin_shufflevector(a, b, 0, 2, 4, 6) + __builtin_shufflevector(a, b, 1, 3, 5, 7);
}
inline Vector spread(Vector v) { return __builtin_shufflevector(v, Vector{}, 0, 4, 1, 5); }

typedef uint32_t Words __attribute__((vector_size(16)));

template <typename V = Vector>
inline V load_some(const Bf16* p, int64_t count) {
  const Words words = {p[0].bits, count > 1 ? p[1].bits : 0u, count > 2 ? p[2].bits : 0u, count > 3 ? p[3].bits : 0u};
  return reinterpret_cast<Vector>(words << 16);
}
template <typename V = Vector>
inline V load(const Bf16* p) {
  return load_some(p, kLanes);
}

typedef Vector Four;

inline Four sums_of(Vector a, Vector b, Vector c, Vector d) {
  const Vector ab = __builtin_shufflevector(a, b, 0, 4, 2, 6) + __builtin_shufflevector(a, b, 1, 5, 3, 7);
  const Vector cd = __builtin_shufflevector(c, d, 0, 4, 2, 6) + __builtin_shufflevector(c, d, 1, 5, 3, 7);
  return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}
inline Vector sums_of(const Vector (&v)[4]) { return sums_of(v[0], v[1], v[2], v[3]); }
