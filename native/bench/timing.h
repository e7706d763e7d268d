// Times of calls that take turns.
#ifndef CONV4J_BENCH_TIMING_H_
#define CONV4J_BENCH_TIMING_H_

#include <time.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace conv4j::bench {

// Of the wall, or of this thread's time on its CPU: the same on an idle machine.
inline double now(clockid_t clock = CLOCK_MONOTONIC) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

inline double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

struct Effort {
  int min_rounds;
  int max_rounds;
  double seconds;  // between the two, as many rounds as these allow
};

struct Timed {
  std::function<void()> call;
  std::vector<double> seconds;  // of a call, one number per round

  // Of every second round.
  double median_of(size_t first) const {
    std::vector<double> half;
    for (size_t i = first; i < seconds.size(); i += 2) half.push_back(seconds[i]);
    return median(half);
  }
};

// Rounds in which each has its turn: calls that together take a millisecond, after one that is not timed where
// another's turn has been before it.
inline void take_turns(const std::vector<Timed*>& all, const Effort& effort, clockid_t clock) {
  constexpr double kTurn = 1e-3;
  std::vector<int> calls;
  for (Timed* timed : all) {
    timed->seconds.clear();
    timed->call();
    timed->call();
    const double begin = now(clock);
    timed->call();
    calls.push_back(static_cast<int>(std::ceil(std::clamp(kTurn / (now(clock) - begin), 1.0, 1e4))));
  }
  const double begin = now();
  for (int round = 0; round < effort.max_rounds; ++round) {
    if (round >= effort.min_rounds && now() - begin > effort.seconds) break;
    for (size_t i = 0; i < all.size(); ++i) {
      if (all.size() > 1) all[i]->call();
      const double turn = now(clock);
      for (int call = 0; call < calls[i]; ++call) all[i]->call();
      all[i]->seconds.push_back((now(clock) - turn) / calls[i]);
    }
  }
}

}  // namespace conv4j::bench

#endif  // CONV4J_BENCH_TIMING_H_
