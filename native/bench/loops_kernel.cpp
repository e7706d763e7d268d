#include <cstring>
#if defined(__SSE__)
#include <immintrin.h>
#endif

#include "bench/loops.h"

#define C4J_JOIN_(a, b) a##b
#define C4J_JOIN(a, b) C4J_JOIN_(a, b)

namespace conv4j::bench {

namespace {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

typedef float Vector __attribute__((vector_size(kVectorBytes), may_alias));
typedef int32_t Bits __attribute__((vector_size(kVectorBytes), may_alias));

// The compiler must take this value for a new one.
template <typename V>
inline void blur(V& value) {
#if defined(__x86_64__)
  asm volatile("" : "+v"(value));
#elif defined(__aarch64__)
  asm volatile("" : "+w"(value));
#else
  asm volatile("" : "+m"(value));
#endif
}

// Numbers that are not zero: Zen 4 writes lines of zeros to memory at 2.5 times the speed of others.
inline Vector some_numbers() {
  Vector value;
  for (int i = 0; i < kVectorBytes / 4; ++i) value[i] = 1e-3f * static_cast<float>(1 + i);
  blur(value);
  return value;
}

#if defined(__x86_64__) && !defined(__AVX512F__)
constexpr int kSums = 12;  // of 16 registers
#else
constexpr int kSums = 24;  // of 32
#endif

// Enough sums to hide the latency. Every loop over them must be unrolled, or they live in memory (0.3 of the speed).
double multiply_add(int64_t rounds) {
  const Vector factor = some_numbers(), term = some_numbers();
  Vector sums[kSums];
#pragma GCC unroll 32
  for (int i = 0; i < kSums; ++i) sums[i] = some_numbers();
  for (int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 32
    for (int i = 0; i < kSums; ++i) sums[i] = sums[i] * factor + term;
  }
#pragma GCC unroll 32
  for (int i = 0; i < kSums; ++i) blur(sums[i]);
  return static_cast<double>(rounds) * kSums * 2 * (kVectorBytes / 4);
}

constexpr int64_t kStep = kVectorBytes;

// kStreams runs of memory side by side, kUnroll vectors of each at a time, prefetched kAhead bytes before use.
template <int kStreams, int kUnroll, int kAhead>
void read(char* data, int64_t size_bytes) {
  const int64_t stream = size_bytes / kStreams;
  Bits sums[kStreams][kUnroll] = {};
  for (int64_t at = 0; at < stream; at += kUnroll * kStep) {
#pragma GCC unroll 16
    for (int s = 0; s < kStreams; ++s) {
      const char* from = data + s * stream + at;
      if (kAhead > 0) {
        for (int64_t line = 0; line < kUnroll * kStep; line += 64) __builtin_prefetch(from + kAhead + line, 0, 0);
      }
#pragma GCC unroll 16
      for (int u = 0; u < kUnroll; ++u) sums[s][u] |= *reinterpret_cast<const Bits*>(from + u * kStep);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < kStreams * kUnroll; ++i) blur(sums[i / kUnroll][i % kUnroll]);
}

template <int kStreams, int kUnroll>
void write(char* data, int64_t size_bytes) {
  const int64_t stream = size_bytes / kStreams;
  const Vector value = some_numbers();
  for (int64_t at = 0; at < stream; at += kUnroll * kStep) {
    for (int s = 0; s < kStreams; ++s) {
      for (int u = 0; u < kUnroll; ++u) *reinterpret_cast<Vector*>(data + s * stream + at + u * kStep) = value;
    }
  }
}

void write_string(char* data, int64_t size_bytes) { std::memset(data, 1, static_cast<size_t>(size_bytes)); }

template <int kStreams, int kUnroll>
void modify(char* data, int64_t size_bytes) {
  const int64_t stream = size_bytes / kStreams;
  const Vector value = some_numbers();
  for (int64_t at = 0; at < stream; at += kUnroll * kStep) {
    for (int s = 0; s < kStreams; ++s) {
      for (int u = 0; u < kUnroll; ++u) *reinterpret_cast<Vector*>(data + s * stream + at + u * kStep) += value;
    }
  }
}

#if defined(__SSE__)
// Whole lines of 64 bytes at a time, past the caches.
template <bool kModify>
void write_past_caches(char* data, int64_t size_bytes) {
  const Vector numbers = some_numbers();
  const __m128 value = _mm_loadu_ps(reinterpret_cast<const float*>(&numbers));
  for (int64_t at = 0; at < size_bytes; at += 64) {
    for (int64_t i = at; i < at + 64; i += 16) {
      float* to = reinterpret_cast<float*>(data + i);
      _mm_stream_ps(to, kModify ? _mm_add_ps(_mm_load_ps(to), value) : value);
    }
  }
  _mm_sfence();
}
#endif

}  // namespace

Loops C4J_JOIN(loops_, C4J_ISA)() {
  return {{
              {Traffic::kRead, read<1, 1, 0>},
              {Traffic::kRead, read<1, 8, 0>},
              {Traffic::kRead, read<1, 4, 1024>},
              {Traffic::kRead, read<4, 2, 0>},
              {Traffic::kWrite, write<1, 1>},
              {Traffic::kWrite, write<1, 8>},
              {Traffic::kWrite, write<4, 2>},
              {Traffic::kWrite, write_string},
              {Traffic::kModify, modify<1, 1>},
              {Traffic::kModify, modify<1, 8>},
              {Traffic::kModify, modify<4, 2>},
#if defined(__SSE__)
              {Traffic::kWrite, write_past_caches<false>},
              {Traffic::kModify, write_past_caches<true>},
#endif
          },
          multiply_add};
}

}  // namespace conv4j::bench
