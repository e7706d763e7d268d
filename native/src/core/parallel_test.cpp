#include "core/parallel.h"

#include <gtest/gtest.h>

#include <vector>

namespace conv4j {
namespace {

TEST(ParallelForRanges, CoverAll) {
  for (int threads : {1, 3, 8}) {
    const ScopedThreads scope(threads);
    for (int64_t count : {0, 1, 2, 7, 100}) {
      std::vector<int> visits(static_cast<size_t>(count), 0);
      parallel_for_ranges(count, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
      });
      EXPECT_EQ(visits, std::vector<int>(static_cast<size_t>(count), 1));
    }
  }
}

TEST(Quotient, OfSmallAndLargeNumbers) {
  const int64_t large = int64_t{1} << 40;
  for (int64_t a : {int64_t{0}, int64_t{1}, int64_t{27}, int64_t{0xffffffff}, large, large + 5}) {
    for (int64_t b : {int64_t{1}, int64_t{7}, int64_t{0xffffffff}, large}) {
      EXPECT_EQ(quotient(a, b), a / b);
      EXPECT_EQ(remainder(a, b), a % b);
    }
  }
}

}  // namespace
}  // namespace conv4j
