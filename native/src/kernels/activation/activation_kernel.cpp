// Activations in place. NaN stays NaN: comparisons with it are false, and every choice below leaves it then.
#include "kernels/isa/isa-inl.h"

namespace conv4j {
namespace C4J_ISA {

namespace {

typedef int Ints __attribute__((vector_size(sizeof(Vector))));

inline Vector all(float value) { return Vector{} + value; }

template <typename Function>
inline __attribute__((always_inline)) void map(float* x, int64_t count, const Function& f) {
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) store(x + i, f(load(x + i)));
  if (i < count) store_some(x + i, f(load_some(x + i, count - i)), count - i);
}

// 2^n
inline Vector power(Ints n) { return (Vector)((n + 127) << 23); }

// e^x for x up to 88, within 2 roundings; 0 below -104.
inline Vector exponential(Vector x) {
  x = x < -104.0f ? all(-104.0f) : x;
  // x = n ln 2 + r: adding the large number rounds to n.
  const Vector n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;
  const Vector r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  Vector p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  // In two steps, for the last of the small numbers are denormal.
  const Ints exponent = __builtin_convertvector(n, Ints), half = exponent >> 1;
  return p * power(half) * power(exponent - half);
}

}  // namespace

// slope x below 0, else x
void leaky_relu(float* x, int64_t count, float slope) {
  // Not a product with 0, which makes a NaN of an infinity.
  if (slope == 0) return map(x, count, [](Vector v) { return v < 0.0f ? all(0) : v; });
  map(x, count, [&](Vector v) { return v < 0.0f ? v * slope : v; });
}

// 1 / (1 + e^-x), below 0 e^x / (1 + e^x)
void sigmoid(float* x, int64_t count, float) {
  map(x, count, [](Vector v) {
    const Vector e = exponential(v < 0.0f ? v : -v);
    return (v < 0.0f ? e : all(1.0f)) / (1.0f + e);
  });
}

// Near 0 by a polynomial, as the quotient would lose digits.
void tanh(float* x, int64_t count, float) {
  map(x, count, [](Vector v) {
    const Vector size = v < 0.0f ? -v : v;
    const Vector bounded = size > 10.0f ? all(10.0f) : size;
    const Vector outer = 1.0f - 2.0f / (exponential(bounded + bounded) + 1.0f);
    const Vector z = v * v;
    Vector p = z * -5.70498872745e-3f + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    const Vector inner = p * z * v + v;
    return size < 0.625f ? inner : v < 0.0f ? -outer : outer;
  });
}

// x (1 + erf(x / sqrt 2)) / 2, with Abramowitz and Stegun's 7.1.26 for erf: within 1.5e-7
void gelu(float* x, int64_t count, float) {
  map(x, count, [](Vector v) {
    v = v < -15.0f ? all(-15.0f) : v;  // All below come to nothing, and so must minus infinity.
    const Vector size = v < 0.0f ? -v : v;
    const Vector y = (size > 15.0f ? all(15.0f) : size) * 0.707106781f;
    const Vector t = 1.0f / (y * 0.3275911f + 1.0f);
    Vector p = t * 1.061405429f - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    const Vector tail = 0.5f * p * t * exponential(-(y * y));
    return v * (v < 0.0f ? tail : 1.0f - tail);
  });
}

}  // namespace C4J_ISA
}  // namespace conv4j
