#include "bench/machine.h"

#include <omp.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "bench/timing.h"

namespace conv4j::bench {

namespace {

Loops loops_of(const std::string& isa) {
#if defined(__x86_64__)
  if (isa == "avx512") return loops_avx512();
  if (isa == "avx2") return loops_avx2();
#endif
  return loops_generic();
}

// Seconds of `body(thread)` on that many threads.
template <typename Body>
double time_of(int threads, clockid_t clock, const Body& body) {
  const double begin = now(clock);
#pragma omp parallel num_threads(threads)
  body(omp_get_thread_num());
  return now(clock) - begin;
}

}  // namespace

Machine::Machine(int samples, bool cpu_time) : samples_(samples), cpu_time_(cpu_time) {
  for (const char* isa : {"avx512", "avx2", "generic"}) {
    if (!isas_.empty() || std::strcmp(isa, c4j_isa()) == 0) isas_.push_back(isa);
  }
}

clockid_t Machine::clock(int threads) const {
  return cpu_time_ && threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
}

double Machine::peak(const std::string& isa, int threads) {
  double& peak = peaks_[{isa, threads}];
  if (peak > 0) return peak;
  const Loops loops = loops_of(isa);
  for (int i = 0; i < 40 * samples_; ++i) {
    std::vector<double> flops(static_cast<size_t>(threads));
    const double seconds = time_of(
        threads, clock(threads), [&](int t) { flops[static_cast<size_t>(t)] = loops.multiply_add(int64_t{1} << 17); });
    peak = std::max(peak, flops[0] * threads / seconds);
  }
  return peak;
}

double Machine::bandwidth(Traffic traffic, double size_bytes, int threads) {
  const int64_t part = std::max<int64_t>(static_cast<int64_t>(size_bytes) / threads / kLoopBytes, 1) * kLoopBytes;
  double& bandwidth = bandwidths_[{traffic, part, threads}];
  if (bandwidth == 0) bandwidth = measure_bandwidth(traffic, part, threads);
  return bandwidth;
}

double Machine::measure_bandwidth(Traffic traffic, int64_t part, int threads) {
  const int64_t size_bytes = part * threads;
  if (memory_.size_bytes() < size_bytes) {
    memory_ = Buffer();
    memory_ = Buffer(size_bytes);
    memory_.fill(0);
  }
  double best = 0;
  for (const Loop& loop : loops_of(isas_[0]).memory) {
    if (loop.traffic != traffic) continue;
    int64_t repeats = 1;
    const auto body = [&](int t) {
      for (int64_t i = 0; i < repeats; ++i) loop.run(memory_.data() + t * part, part);
    };
    const auto time = [&] { return time_of(threads, clock(threads), body); };
    time();
    repeats = std::max<int64_t>(static_cast<int64_t>(1e-3 / std::min({time(), time(), time()})), 1);
    // Where they are short, more, of which some find the machine undisturbed.
    const double begin = now();
    for (int i = 0; i < samples_ || now() - begin < 0.01; ++i) {
      best = std::max(best, static_cast<double>(size_bytes * repeats) / time());
    }
  }
  return best;
}

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown CPU";
}

}  // namespace conv4j::bench
