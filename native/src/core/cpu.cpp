#include "core/cpu.h"

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <string>

#include "core/error.h"

namespace conv4j {

namespace {

Cpu cpu_of(const std::string& name) {
  if (name == "intel") return Cpu::kIntel;
  if (name == "zen3") return Cpu::kZen3;
  if (name == "zen4") return Cpu::kZen4;
  if (name == "zen5") return Cpu::kZen5;
  throw Error(Status::kUnsupported, "CONV4J_CPU: expected intel, zen3, zen4 or zen5 but got " + name);
}

int64_t bytes_of(const std::string& text) {
  int64_t bytes = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, bytes);
  if (error == std::errc() && rest == end && bytes > 0) return bytes;
  throw Error(Status::kUnsupported, "CONV4J_CACHE: expected a number of bytes but got " + text);
}

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
      if (kEmulatesAvx512) return cpu_has(Isa::kAvx2);
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
  static const Isa best = [] {
    const char* forced = std::getenv("CONV4J_ISA");
    for (Isa isa : kIsas) {
      if (forced == nullptr ? cpu_has(isa) : forced == std::string(isa_name(isa))) {
        if (!cpu_has(isa)) {
          throw Error(Status::kUnsupported, std::string("CONV4J_ISA: this CPU lacks ") + forced);
        }
        return isa;
      }
    }
    throw Error(Status::kUnsupported, std::string("CONV4J_ISA: expected generic, avx2 or avx512 but got ") + forced);
  }();
  return best;
}

Cpu cpu() {
  static const Cpu kind = [] {
    if (const char* forced = std::getenv("CONV4J_CPU")) return cpu_of(forced);
#if defined(__x86_64__)
    if (__builtin_cpu_is("amd")) {
      if (!__builtin_cpu_supports("avx512f")) return Cpu::kZen3;
      // GCC 12 has no name for the family of Zen 5.
      return __builtin_cpu_is("amdfam19h") ? Cpu::kZen4 : Cpu::kZen5;
    }
#endif
    return Cpu::kIntel;
  }();
  return kind;
}

int64_t last_level_cache_bytes() {
  static const int64_t size = [] {
    constexpr int64_t kUsual = int64_t{32} << 20;
    if (const char* forced = std::getenv("CONV4J_CACHE")) return bytes_of(forced);
    // Linux itself: glibc's sysconf counts the caches of all of an AMD CPU (320 MB where 32 are shared).
    std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index3/size");
    int64_t kilobytes = 0;
    return file >> kilobytes && kilobytes > 0 ? kilobytes << 10 : kUsual;
  }();
  return size;
}

}  // namespace conv4j
