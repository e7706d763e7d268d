#include "core/parallel.h"

#include <omp.h>

namespace conv4j {

int cpu_count() { return omp_get_num_procs(); }

int thread_count() { return omp_get_max_threads(); }

int thread_index() { return omp_get_thread_num(); }

ScopedThreads::ScopedThreads(int threads) : previous_(omp_get_max_threads()) { omp_set_num_threads(threads); }

ScopedThreads::~ScopedThreads() { omp_set_num_threads(previous_); }

void parallel_for(int64_t count, void (*body)(const void* context, int64_t index), const void* context) {
  if (count == 1 || thread_count() == 1) {
    for (int64_t i = 0; i < count; ++i) body(context, i);
    return;
  }
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < count; ++i) body(context, i);
}

}  // namespace conv4j
