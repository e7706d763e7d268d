#include "core/machine.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

#include "core/memory.h"
#include "core/parallel.h"

namespace conv4j {

namespace {

// Many short ones: a thread that the system lets wait spoils those under way.
constexpr int kSamples = 5;
constexpr double kSampleSeconds = 2e-5, kSeconds = 2e-3;
constexpr int64_t kLeastBytes = 64 << 10;
constexpr int64_t kMostBytes = 64 << 20;

#if defined(__x86_64__)
#define C4J_TARGET(name) __attribute__((target(name)))
#define C4J_IN_REGISTER(value) "+x"(value)
#else
#define C4J_TARGET(name)
#define C4J_IN_REGISTER(value) "+w"(value)
#endif

// Sums enough to hide the latency of a fused multiplication and addition, in registers; the compiler must not see
// through them. Returns the flops.
#define C4J_PEAK_LOOP(name, target_name, vector_bytes, sum_count)                            \
  C4J_TARGET(target_name) double name(int64_t rounds) {                                      \
    typedef float Vector __attribute__((vector_size(vector_bytes)));                         \
    Vector factor = {}, term = {}, sums[sum_count] = {};                                     \
    factor += 0.5f;                                                                          \
    term += 1.0f;                                                                            \
    _Pragma("GCC unroll 32") for (auto& sum : sums) asm volatile("" : C4J_IN_REGISTER(sum)); \
    for (int64_t round = 0; round < rounds; ++round) {                                       \
      _Pragma("GCC unroll 32") for (auto& sum : sums) sum = sum * factor + term;             \
    }                                                                                        \
    _Pragma("GCC unroll 32") for (auto& sum : sums) asm volatile("" : C4J_IN_REGISTER(sum)); \
    return static_cast<double>(rounds) * (sum_count)*2 * ((vector_bytes) / 4);               \
  }

C4J_PEAK_LOOP(peak_generic, "sse2", 16, 12)
#if defined(__x86_64__)
C4J_PEAK_LOOP(peak_avx2, "avx2,fma", 32, 12)
C4J_PEAK_LOOP(peak_avx512, "avx512f", 64, 24)
#endif

double run_peak(Isa isa, int64_t rounds) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512 && !kEmulatesAvx512) return peak_avx512(rounds);
  if (isa != Isa::kGeneric) return peak_avx2(rounds);
#endif
  (void)isa;
  return peak_generic(rounds);
}

// The least seconds of a call among some.
template <typename Call>
double least_seconds(const Call& call) {
  const auto seconds = [&](int64_t calls) {
    const auto begin = std::chrono::steady_clock::now();
    for (int64_t i = 0; i < calls; ++i) call();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  call();
  const auto calls = static_cast<int64_t>(kSampleSeconds / std::max(seconds(1), 1e-9)) + 1;
  double least = seconds(calls), sum = least;
  for (int i = 1; i < kSamples || sum < kSeconds; ++i) {
    const double sample = seconds(calls);
    least = std::min(least, sample);
    sum += sample;
  }
  return least / static_cast<double>(calls);
}

double measure_peak(Isa isa, int threads) {
  constexpr int64_t kRounds = 20000;
  ensure_threads(threads);
  const ScopedThreads scope(threads);
  const double seconds = least_seconds([&] { parallel_for(threads, [&](int64_t) { run_peak(isa, kRounds); }); });
  return threads * run_peak(isa, kRounds) / seconds;
}

double measure_bandwidth(int64_t size_bytes, int threads) {
  ensure_threads(threads);
  const ScopedThreads scope(threads);
  char* memory = static_cast<char*>(allocate_memory(size_bytes));
  const int64_t half = size_bytes / 2;
  const int64_t piece = half / threads;
  std::memset(memory, 1, static_cast<size_t>(size_bytes));  // Lines of zeros are written faster than others.
  const double seconds = least_seconds([&] {
    parallel_for(threads, [&](int64_t i) {
      std::memcpy(memory + half + i * piece, memory + i * piece, static_cast<size_t>(piece));
    });
  });
  free_memory(memory, size_bytes);
  return static_cast<double>(2 * piece * threads) / seconds;
}

std::mutex& measuring = *new std::mutex;  // Never destroyed: threads may outlive main.

// Under the lock, so that no two measurements are in each other's way.
template <typename Key, typename Measure>
double measured_once(std::map<Key, double>& known, const Key& key, const Measure& measure) {
  const std::lock_guard<std::mutex> lock(measuring);
  const auto found = known.find(key);
  return found != known.end() ? found->second : known.emplace(key, measure()).first->second;
}

}  // namespace

double peak_flops(Isa isa, int threads) {
  static auto& known = *new std::map<std::pair<Isa, int>, double>;
  return measured_once(known, {isa, threads}, [&] { return measure_peak(isa, threads); });
}

double bandwidth(int64_t size_bytes, int threads) {
  static auto& known = *new std::map<std::pair<int64_t, int>, double>;
  int64_t rounded = kLeastBytes;
  while (rounded < std::min(size_bytes, kMostBytes)) rounded *= 2;
  return measured_once(known, {rounded, threads}, [&] { return measure_bandwidth(rounded, threads); });
}

}  // namespace conv4j
