// Which instruction set own kernels use.
#ifndef CONV4J_CORE_CPU_H_
#define CONV4J_CORE_CPU_H_

#include <cstdint>

namespace conv4j {

enum class Isa {
  kGeneric,
  kAvx2,
  kAvx512
};

const char* isa_name(Isa isa);

bool cpu_has(Isa isa);

// The best that the CPU has, or what the environment variable CONV4J_ISA says; throws Error when that names no
// instruction set or one that the CPU lacks.
Isa default_isa();

// What all CPUs share.
int64_t last_level_cache_bytes();

// Whether stores past the caches leave a core enough of the buffers that its misses need.
bool stores_pass_misses();

}  // namespace conv4j

#endif  // CONV4J_CORE_CPU_H_
