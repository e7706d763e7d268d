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
constexpr Isa kIsas[] = {Isa::kAvx512, Isa::kAvx2, Isa::kGeneric};  // the best first

#if defined(C4J_EMULATES_AVX512)
constexpr bool kEmulatesAvx512 = true;  // by AVX2
#else
constexpr bool kEmulatesAvx512 = false;
#endif

const char* isa_name(Isa isa);

bool cpu_has(Isa isa);

// The best that the CPU has, or what the environment variable CONV4J_ISA says; throws Error when that names no
// instruction set or one that the CPU lacks.
Isa default_isa();

// What all CPUs share, or what the environment variable CONV4J_CACHE says; throws Error when that is no number of
// bytes.
int64_t last_level_cache_bytes();

// Kinds of CPUs for which own kernels choose different ways. Intel's cores have a slow last-level cache, and a dozen
// buffers for misses and for stores past the caches (as measured on a Cascade Lake); AMD's have more of both.
enum class Cpu {
  kIntel,  // and any other
  kZen3,   // and before, without AVX-512
  kZen4,
  kZen5
};

// This CPU, or what the environment variable CONV4J_CPU says; throws Error when that names none.
Cpu cpu();

inline bool is_amd() { return cpu() != Cpu::kIntel; }
inline bool is_zen4_or_before() { return cpu() == Cpu::kZen3 || cpu() == Cpu::kZen4; }

// Whether a core loads two vectors for each one that it multiplies: a Zen 4's with AVX-512, which takes two cycles for
// a vector.
inline bool loads_keep_up(Isa isa) { return cpu() == Cpu::kZen4 && isa == Isa::kAvx512; }

}  // namespace conv4j

#endif  // CONV4J_CORE_CPU_H_
