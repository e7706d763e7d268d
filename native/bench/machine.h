// The limits of this machine, measured when they are first asked for.
#ifndef CONV4J_BENCH_MACHINE_H_
#define CONV4J_BENCH_MACHINE_H_

#include <time.h>

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "bench/buffer.h"
#include "bench/loops.h"

namespace conv4j::bench {

class Machine {
 public:
  // Every limit is the best of `samples`. `cpu_time`: by the clock of the CPU where there is one thread.
  Machine(int samples, bool cpu_time);

  // By which calls on that many threads are timed.
  clockid_t clock(int threads) const;

  // Instruction sets that the CPU has, the best first.
  const std::vector<std::string>& isas() const { return isas_; }

  // Flops a second.
  double peak(const std::string& isa, int threads);

  // Bytes a second of the best loop over memory of this size, which the threads share out among themselves. A byte
  // that is read and written back counts once.
  double bandwidth(Traffic traffic, double size_bytes, int threads);

 private:
  double measure_bandwidth(Traffic traffic, int64_t size_bytes, int threads);

  const int samples_;
  const bool cpu_time_;
  std::vector<std::string> isas_;
  Buffer memory_;
  std::map<std::pair<std::string, int>, double> peaks_;
  std::map<std::tuple<Traffic, int64_t, int>, double> bandwidths_;
};

// As the system calls it.
std::string cpu_model();

}  // namespace conv4j::bench

#endif  // CONV4J_BENCH_MACHINE_H_
