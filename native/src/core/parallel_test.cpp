#include "core/parallel.h"

#include <gtest/gtest.h>

#include <vector>

namespace conv4j {
namespace {

TEST(ParallelFor, VisitsAll) {
  for (int threads : {1, 3, 8}) {
    const ScopedThreads scope(threads);
    for (int64_t count : {0, 1, 2, 7, 100}) {
      std::vector<int> visits(static_cast<size_t>(count), 0);
      parallel_for(count, [&](int64_t i) { ++visits[static_cast<size_t>(i)]; });
      EXPECT_EQ(visits, std::vector<int>(static_cast<size_t>(count), 1));
    }
  }
}

}  // namespace
}  // namespace conv4j
