#include "bench/timing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace conv4j::bench {
namespace {

TEST(TimingTest, MediansAreInTheMiddleOfWhatIsSorted) {
  EXPECT_EQ(2, median({3, 1, 2}));
  EXPECT_EQ(2.5, median({4, 1, 3, 2}));
}

TEST(TimingTest, HalvesAreOfEverySecondRound) {
  const Timed timed = {nullptr, {1, 5, 2, 7, 3}};
  EXPECT_EQ(2, timed.median_of(0));
  EXPECT_EQ(6, timed.median_of(1));
}

TEST(TimingTest, CallsTakeTurnsAfterOneThatIsNotTimed) {
  std::string turns;
  const auto timed = [&](char name, double seconds) {
    return Timed{[&turns, name, seconds] {
                   turns += name;
                   for (const double begin = now(); now() - begin < seconds;) {
                   }
                 },
                 {9}};
  };
  Timed a = timed('a', 2e-3), b = timed('b', 3e-3);
  take_turns({&a, &b}, {2, 5, 0}, CLOCK_MONOTONIC);
  EXPECT_EQ("aaabbbaabbaabb", turns);  // two to warm up and one to count by
  EXPECT_EQ(2u, a.seconds.size());
  EXPECT_GE(*std::min_element(a.seconds.begin(), a.seconds.end()), 2e-3);
  turns.clear();
  take_turns({&b}, {2, 5, 60}, CLOCK_MONOTONIC);
  EXPECT_EQ("bbbbbbbb", turns);  // alone, it stays warm
}

}  // namespace
}  // namespace conv4j::bench
