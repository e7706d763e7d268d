#include "kernels/activation/activation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "test/isa.h"
#include "test/random.h"

namespace conv4j {
namespace {

using Kind = Activation::Kind;

constexpr Kind kKinds[] = {Kind::kRelu, Kind::kLeakyRelu, Kind::kSigmoid, Kind::kTanh, Kind::kGelu};
constexpr float kSlope = 0.125f;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

double exact(Kind kind, double x) {
  switch (kind) {
    case Kind::kRelu:
      return x < 0 ? 0 : x;
    case Kind::kLeakyRelu:
      return x < 0 ? static_cast<double>(kSlope * static_cast<float>(x)) : x;
    case Kind::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case Kind::kTanh:
      return std::tanh(x);
    default:
      return x * std::erfc(-x / std::sqrt(2.0)) / 2;
  }
}

// ReLUs are exact. Sigmoid and tanh take an exponential within 2 roundings, a sum and a quotient, of which the smallest
// are denormal. GELU is off by half of what erf is, 1.5e-7, times x, and by roundings.
double tolerance(Kind kind, double x, double value) {
  const double rounding = 0x1p-23;
  if (kind == Kind::kRelu || kind == Kind::kLeakyRelu) return 0;
  if (kind == Kind::kGelu) return std::fabs(x) * (0.75e-7 + 3 * rounding);
  return 4 * rounding * std::fabs(value) + 0x1p-148;
}

class ActivationTest : public test::IsaTest {
 protected:
  std::vector<float> apply(Kind kind, std::vector<float> x) {
    const ActivationView view{1, static_cast<int64_t>(x.size()), static_cast<int64_t>(x.size()), 1, 1};
    activate(kernels(), view, {kind, kSlope}, x.data());
    return x;
  }
};

TEST_P(ActivationTest, EveryMagnitudeAgreesWithDoubles) {
  std::vector<float> x;
  for (float size = 1e-38f; size < 1e38f; size *= 1.01f) {
    x.push_back(size);
    x.push_back(-size);
  }
  for (float value = -105; value <= -80; value += 1.0f / 256) x.push_back(value);
  for (float value = -20; value <= 20; value += 1.0f / 256) x.push_back(value);
  for (Kind kind : kKinds) {
    const std::vector<float> y = apply(kind, x);
    for (size_t i = 0; i < x.size(); ++i) {
      const double expected = exact(kind, static_cast<double>(x[i]));
      ASSERT_NEAR(expected, static_cast<double>(y[i]), tolerance(kind, static_cast<double>(x[i]), expected))
          << "kind " << static_cast<int>(kind) << " of " << x[i];
    }
  }
}

TEST_P(ActivationTest, NotANumberStaysThatAndInfinitiesGoToTheLimits) {
  for (Kind kind : kKinds) {
    const std::vector<float> y = apply(kind, {NAN, kInfinity, -kInfinity, 0.0f, 1.0f});
    EXPECT_TRUE(std::isnan(y[0])) << static_cast<int>(kind);
    const bool bounded = kind == Kind::kSigmoid || kind == Kind::kTanh;
    EXPECT_EQ(bounded ? 1.0f : kInfinity, y[1]);
    if (kind == Kind::kLeakyRelu) {
      EXPECT_EQ(-kInfinity, y[2]);
    } else {
      EXPECT_NEAR(kind == Kind::kTanh ? -1.0f : 0.0f, y[2], 1e-30f) << static_cast<int>(kind);
    }
    EXPECT_EQ(kind == Kind::kSigmoid ? 0.5f : 0.0f, y[3]);
  }
}

TEST_P(ActivationTest, PaddingLanesStayZeroInEveryLayout) {
  for (const Layout& layout :
       {Layout::channels_first(), Layout::channels_last(), Layout::blocked(8), Layout::blocked(16)}) {
    for (int64_t channels : {1, 7, 16, 17, 33}) {
      const ActivationView view = activation_view(layout, {2, channels, 5});
      std::vector<float> x(static_cast<size_t>(2 * view.image()), 0.0f);
      activate(kernels(), view, {Kind::kSigmoid, 0}, x.data());
      for (size_t i = 0; i < x.size(); ++i) {
        const int64_t block = static_cast<int64_t>(i) / (view.positions * view.lanes) % view.blocks;
        const bool padding = block * view.lanes + static_cast<int64_t>(i) % view.lanes >= channels;
        ASSERT_EQ(padding ? 0.0f : 0.5f, x[i]) << channels << " channels, element " << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, ActivationTest, test::every_isa(), test::name_of_isa);

}  // namespace
}  // namespace conv4j
