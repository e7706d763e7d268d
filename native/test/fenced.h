// Memory that tells when a kernel leaves its operands.
#ifndef CONV4J_TEST_FENCED_H_
#define CONV4J_TEST_FENCED_H_

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace conv4j::test {

// Numbers behind which a page begins that nobody may touch, so that one element too many, read or written, ends the
// test run. They and what lies before them start as NaNs: those that are read spoil a result, and those that are
// written show.
template <typename T = float>
class Fenced {
 public:
  explicit Fenced(int64_t count)
      : bytes_(static_cast<size_t>(count) * sizeof(T)),
        open_((bytes_ / kPage + 1) * kPage),
        pages_(mmap(nullptr, open_ + kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (pages_ == MAP_FAILED || mprotect(end(), kPage, PROT_NONE) != 0) throw std::runtime_error("no fenced memory");
    for (size_t i = 0; i < open_; i += sizeof kUntouched) std::memcpy(begin() + i, &kUntouched, sizeof kUntouched);
  }
  explicit Fenced(const std::vector<T>& values) : Fenced(static_cast<int64_t>(values.size())) {
    std::copy(values.begin(), values.end(), data());
  }
  ~Fenced() { munmap(pages_, open_ + kPage); }
  Fenced(const Fenced&) = delete;
  Fenced& operator=(const Fenced&) = delete;

  T* data() { return reinterpret_cast<T*>(end() - bytes_); }

  bool is_untouched(int64_t i) const {
    const char* p = end() - bytes_ + static_cast<size_t>(i) * sizeof(T);
    for (size_t half = 0; half < sizeof(T); half += sizeof kUntouched) {
      if (!is_untouched(p + half)) return false;
    }
    return true;
  }

  bool is_untouched_before() const {
    for (const char* p = end() - bytes_; p > begin(); p -= sizeof kUntouched) {
      if (!is_untouched(p - sizeof kUntouched)) return false;
    }
    return true;
  }

 private:
  static constexpr size_t kPage = 4096;
  static constexpr uint16_t kUntouched = 0x7fde;  // alone and twice a NaN that no arithmetic makes

  char* begin() const { return static_cast<char*>(pages_); }
  char* end() const { return begin() + open_; }
  static bool is_untouched(const char* p) { return std::memcmp(p, &kUntouched, sizeof kUntouched) == 0; }

  size_t bytes_;
  size_t open_;
  void* pages_;
};

}  // namespace conv4j::test

#endif  // CONV4J_TEST_FENCED_H_
