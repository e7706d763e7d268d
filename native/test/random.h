// Numbers for tests, and the bound that their sums are held to.
#ifndef CONV4J_TEST_RANDOM_H_
#define CONV4J_TEST_RANDOM_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace conv4j::test {

inline std::vector<float> random_floats(int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> distribution(-1, 1);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = distribution(generator);
  return values;
}

// Small enough for sums of thousands of products to be exact.
inline std::vector<float> random_integers(int64_t count, unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int> distribution(-4, 4);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = static_cast<float>(distribution(generator));
  return values;
}

// What a float sum of `terms` products may differ by, `magnitude` being the sum of their absolute values.
inline double tolerance(int64_t terms, double magnitude) {
  const double k = static_cast<double>(terms);
  return std::ldexp(1.0, -23) * std::min(k + 2, 8 + 4 * std::sqrt(k)) * magnitude + k * std::ldexp(1.0, -149);
}

}  // namespace conv4j::test

#endif  // CONV4J_TEST_RANDOM_H_
