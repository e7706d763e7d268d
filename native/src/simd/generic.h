// Vectors of any CPU: four lanes, which every compiler has registers for. See avx512.h.
typedef float Vector __attribute__((vector_size(16), aligned(4), may_alias));
constexpr int kLanes = 4;
constexpr int kRegisters = 16;

inline Vector load(const float* p) { return *reinterpret_cast<const Vector*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<Vector*>(p) = v; }

inline Vector load_some(const float* p, int64_t count) {
  return Vector{p[0], count > 1 ? p[1] : 0, count > 2 ? p[2] : 0, count > 3 ? p[3] : 0};
}
inline void store_some(float* p, Vector v, int64_t count) {
  for (int64_t i = 0; i < count; ++i) p[i] = v[i];
}

typedef Vector Four;

inline Four sums_of(Vector a, Vector b, Vector c, Vector d) {
  const Vector ab = __builtin_shufflevector(a, b, 0, 4, 2, 6) + __builtin_shufflevector(a, b, 1, 5, 3, 7);
  const Vector cd = __builtin_shufflevector(c, d, 0, 4, 2, 6) + __builtin_shufflevector(c, d, 1, 5, 3, 7);
  return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}
