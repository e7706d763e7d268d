#include "core/cpu.h"

#include <cstdlib>
#include <fstream>
#include <string>

#include "core/error.h"

namespace conv4j {

namespace {

constexpr Isa kBestFirst[] = {Isa::kAvx512, Isa::kAvx2, Isa::kGeneric};

}  // namespace

const char* isa_name(Isa isa) {
  switch (isa) {
    case Isa::kAvx512:
      return "avx512";
    case Isa::kAvx2:
      return "avx2";
    default:
      return "generic";
  }
}

bool cpu_has(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    case Isa::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    case Isa::kGeneric:
      return true;
    default:
      return false;
  }
}

Isa default_isa() {
  const char* forced = std::getenv("CONV4J_ISA");
  for (Isa isa : kBestFirst) {
    if (forced == nullptr ? cpu_has(isa) : forced == std::string(isa_name(isa))) {
      if (!cpu_has(isa)) {
        throw Error(Status::kUnsupported, std::string("CONV4J_ISA: this CPU lacks ") + forced);
      }
      return isa;
    }
  }
  throw Error(Status::kUnsupported, std::string("CONV4J_ISA: expected generic, avx2 or avx512 but got ") + forced);
}

// An Intel core has a dozen for both (local layers' gradients on a Cascade Lake: 1.1 to 1.9 times the time).
bool stores_pass_misses() {
#if defined(__x86_64__)
  static const bool is_amd = __builtin_cpu_is("amd");
  return is_amd;
#else
  return false;
#endif
}

int64_t last_level_cache_bytes() {
  static const int64_t size = [] {
    constexpr int64_t kUsual = int64_t{32} << 20;
    // Linux itself: glibc's sysconf counts the caches of all of an AMD CPU (320 MB where 32 are shared).
    std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index3/size");
    int64_t kilobytes = 0;
    return file >> kilobytes && kilobytes > 0 ? kilobytes << 10 : kUsual;
  }();
  return size;
}

}  // namespace conv4j
