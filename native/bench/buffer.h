// Memory as users of the library have it.
#ifndef CONV4J_BENCH_BUFFER_H_
#define CONV4J_BENCH_BUFFER_H_

#include <cstdint>
#include <random>
#include <stdexcept>
#include <utility>

#include "conv4j/conv4j.h"

namespace conv4j::bench {

inline void check(int32_t status) {
  if (status != C4J_OK) throw std::runtime_error(c4j_last_error());
}

class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(int64_t size_bytes) : size_bytes_(size_bytes) { check(c4j_memory_allocate(size_bytes, &address_)); }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() {
    if (address_ != 0) c4j_memory_free(address_, size_bytes_);
  }

  int64_t address() const { return address_; }
  int64_t size_bytes() const { return size_bytes_; }
  char* data() const { return reinterpret_cast<char*>(address_); }

  // Random numbers from -1 to 1; touches every page.
  void fill(unsigned seed) {
    std::minstd_rand next(seed + 1);
    float* values = reinterpret_cast<float*>(address_);
    constexpr float kScale = 2.0f / static_cast<float>(std::minstd_rand::max());
    for (int64_t i = 0; i < size_bytes_ / 4; ++i) values[i] = static_cast<float>(next()) * kScale - 1;
  }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(address_, other.address_);
    std::swap(size_bytes_, other.size_bytes_);
  }

  int64_t address_ = 0;
  int64_t size_bytes_ = 0;
};

}  // namespace conv4j::bench

#endif  // CONV4J_BENCH_BUFFER_H_
