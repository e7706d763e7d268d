#include "core/division.h"

#include <gtest/gtest.h>

namespace conv4j {
namespace {

TEST(Quotient, OfSmallAndLargeNumbers) {
  const int64_t large = int64_t{1} << 40;
  for (int64_t a : {int64_t{0}, int64_t{1}, int64_t{27}, int64_t{0xffffffff}, large, large + 5}) {
    for (int64_t b : {int64_t{1}, int64_t{7}, int64_t{0xffffffff}, large}) {
      EXPECT_EQ(quotient(a, b), a / b);
      EXPECT_EQ(remainder(a, b), a % b);
    }
  }
}

TEST(CeilDiv, RoundsUpOnBothSidesOfZero) {
  for (int64_t b : {1, 2, 7}) {
    for (int64_t a = -3 * b; a <= 3 * b; ++a) {
      const int64_t up = ceil_div(a, b);
      EXPECT_TRUE(up * b >= a && (up - 1) * b < a) << a << " by " << b;
    }
  }
}

TEST(Modulo, IsNeverNegative) {
  for (int64_t b : {1, 2, 7}) {
    for (int64_t a = -3 * b; a <= 3 * b; ++a) {
      const int64_t rest = modulo(a, b);
      EXPECT_TRUE(rest >= 0 && rest < b) << a << " by " << b;
      EXPECT_EQ((a - rest) % b, 0) << a << " by " << b;
    }
  }
}

}  // namespace
}  // namespace conv4j
