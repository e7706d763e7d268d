// Loops that find the limits of the machine, compiled once per instruction set.
#ifndef CONV4J_BENCH_LOOPS_H_
#define CONV4J_BENCH_LOOPS_H_

#include <cstdint>
#include <vector>

namespace conv4j::bench {

enum class Traffic {
  kRead,
  kWrite,
  kModify
};

// Goes once over `size_bytes` (a multiple of kLoopBytes) from `data`, aligned to 64.
struct Loop {
  Traffic traffic;
  void (*run)(char* data, int64_t size_bytes);
};
constexpr int64_t kLoopBytes = 4096;

struct Loops {
  std::vector<Loop> memory;
  double (*multiply_add)(int64_t rounds);  // returns the flops done
};

Loops loops_generic();
Loops loops_avx2();
Loops loops_avx512();

}  // namespace conv4j::bench

#endif  // CONV4J_BENCH_LOOPS_H_
