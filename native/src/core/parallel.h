// The one place that knows OpenMP.
#ifndef CONV4J_CORE_PARALLEL_H_
#define CONV4J_CORE_PARALLEL_H_

#include <cstdint>

#include "core/division.h"

namespace conv4j {

int cpu_count();

// That the runtime gives to one caller (OMP_THREAD_LIMIT).
int most_threads();

// Of a parallel_for that the calling thread runs.
int thread_count();

// Which of a parallel_for's threads this is, from 0.
int thread_index();

// Sets how many threads the calling thread's parallel work takes, oneDNN's included, and restores it in the end.
class ScopedThreads {
 public:
  explicit ScopedThreads(int threads);
  ~ScopedThreads();
  ScopedThreads(const ScopedThreads&) = delete;
  ScopedThreads& operator=(const ScopedThreads&) = delete;

 private:
  int previous_;
};

// To be called before parallel work of so many threads: the runtime ends the process if it cannot start those that the
// calling thread's team lacks, and loops of oneDNN wait for those that it withholds, as settings in the environment
// tell it to. Throws an Error if there is no room for them.
void ensure_threads(int threads);

void parallel_for(int64_t count, void (*body)(const void* context, int64_t index), const void* context);

// Runs body(0), ..., body(count - 1), each once, in any order and thread. The body must not throw.
template <typename Body>
void parallel_for(int64_t count, const Body& body) {
  parallel_for(
      count, [](const void* context, int64_t index) { (*static_cast<const Body*>(context))(index); }, &body);
}

// Which of `count` things a unit of work is about: its number holds such choices as digits of their own bases, and this
// takes the last one off.
inline int64_t take_digit(int64_t& number, int64_t count) {
  if (count == 1) return 0;
  const int64_t rest = quotient(number, count), digit = number - rest * count;
  number = rest;
  return digit;
}

}  // namespace conv4j

#endif  // CONV4J_CORE_PARALLEL_H_
