#include "core/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
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

TEST(ScopedThreads, LeaveTheCallersNumberAsItWas) {
  const ScopedThreads callers(3);
  {
    const ScopedThreads scope(2);
    EXPECT_EQ(2, thread_count());
  }
  EXPECT_EQ(3, thread_count());
}

// A caller's own number would lead out of memory that is laid out for the threads of a plan.
TEST(ParallelFor, NumbersItsThreadsFromZeroInARegionOfItsCallers) {
  ensure_threads(2);  // one level less than in the region
  for (int threads : {1, 2}) {
    std::atomic<int> highest{0};
#pragma omp parallel num_threads(4)
    {
      ensure_threads(threads);
      const ScopedThreads scope(threads);
      for (int i = 0; i < 20; ++i) {
        parallel_for(100, [&](int64_t) {
          for (int seen = highest; thread_index() > seen;) highest.compare_exchange_weak(seen, thread_index());
        });
      }
    }
    EXPECT_EQ(threads - 1, highest);
  }
}

}  // namespace
}  // namespace conv4j
