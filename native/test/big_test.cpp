// Offsets beyond 32 bits. Pages that nobody writes take no memory, so operands are filled only where a test looks.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include "test/plan.h"
#include "test/random.h"

namespace conv4j {
namespace {

using test::axis;
using test::geometry;
using test::Plan;

constexpr int64_t kFloat = sizeof(float);

int64_t available_bytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string word; file >> word;) {
    int64_t kilobytes = 0;
    if (word == "MemAvailable:" && file >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

// Floats that are zero.
class Array {
 public:
  explicit Array(int64_t count) : bytes_(count * kFloat) {
    if (c4j_memory_allocate(bytes_, &address_) != C4J_OK) throw std::bad_alloc();
  }
  ~Array() { c4j_memory_free(address_, bytes_); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  float& operator[](int64_t i) { return reinterpret_cast<float*>(address_)[i]; }
  Plan::Memory memory() const { return {address_, bytes_}; }

 private:
  int64_t address_ = 0;
  int64_t bytes_;
};

void fill(Array& array, int64_t first, const std::vector<float>& values) {
  for (size_t i = 0; i < values.size(); ++i) array[first + static_cast<int64_t>(i)] = values[i];
}

// Every position has weights of its own; the last position's lie behind byte 2^31.
TEST(BigTest, WeightsPast2To31BytesAreReadAndWrittenAtTheirFarEnd) {
  constexpr int64_t kSide = 25, kChannels = 320, kTaps = 9, kSource = kSide + 2;
  constexpr int64_t kOfPosition = kTaps * kChannels * kChannels;
  constexpr int64_t kWeights = kSide * kSide * kOfPosition;
  constexpr int64_t kLast = kWeights - kOfPosition;
  static_assert(kLast * kFloat > std::numeric_limits<int32_t>::max());
  if (available_bytes() < kWeights * kFloat * 5 / 4) GTEST_SKIP() << "too little free memory";

  const c4j_axis side = axis(kSource, 3, C4J_LOCAL, 1);
  const Plan plan(geometry(1, kChannels, kChannels, 1, {side, side}));
  ASSERT_EQ(C4J_OK, plan.status()) << c4j_last_error();
  ASSERT_NE(std::string::npos, plan.implementation(C4J_FORWARD).find("oc_inner")) << "another order of weights";

  Array src(kSource * kSource * kChannels), dst(kSide * kSide * kChannels), weights(kWeights);
  const std::vector<float> kernel = test::random_integers(kOfPosition, 1);       // [tap][ic][oc]
  const std::vector<float> patch = test::random_integers(kTaps * kChannels, 2);  // [tap][ic]
  const auto src_at = [](int64_t tap, int64_t ic) {
    return ((kSide - 1 + tap / 3) * kSource + kSide - 1 + tap % 3) * kChannels + ic;
  };
  for (int64_t i = 0; i < kTaps * kChannels; ++i) {
    src[src_at(i / kChannels, i % kChannels)] = patch[static_cast<size_t>(i)];
  }
  fill(weights, kLast, kernel);
  const auto execute = [&](int64_t pass) {
    ASSERT_EQ(C4J_OK, plan.execute(pass, C4J_OVERWRITE, src.memory(), weights.memory(), {0, 0}, dst.memory()))
        << c4j_last_error();
  };

  execute(C4J_FORWARD);
  const int64_t last_dst = (kSide * kSide - 1) * kChannels;
  for (int64_t oc = 0; oc < kChannels; ++oc) {
    float sum = 0;
    for (int64_t i = 0; i < kTaps * kChannels; ++i) {
      sum += patch[static_cast<size_t>(i)] * kernel[static_cast<size_t>(i * kChannels + oc)];
    }
    ASSERT_EQ(dst[last_dst + oc], sum) << "channel " << oc;
    ASSERT_EQ(dst[oc], 0) << "channel " << oc << " of the first position";
  }

  const std::vector<float> gradient = test::random_integers(kChannels, 3);
  fill(dst, last_dst, gradient);
  execute(C4J_BACKWARD_WEIGHTS);
  for (int64_t i = 0; i < kOfPosition; ++i) {
    ASSERT_EQ(weights[kLast + i],
              patch[static_cast<size_t>(i / kChannels)] * gradient[static_cast<size_t>(i % kChannels)])
        << "element " << i << " of the last position";
  }

  fill(weights, kLast, kernel);
  execute(C4J_BACKWARD_DATA);
  for (int64_t ic = 0; ic < kChannels; ++ic) {  // The last source element meets only the last tap.
    float sum = 0;
    for (int64_t oc = 0; oc < kChannels; ++oc) {
      sum += gradient[static_cast<size_t>(oc)] *
             kernel[static_cast<size_t>(((kTaps - 1) * kChannels + ic) * kChannels + oc)];
    }
    ASSERT_EQ(src[src_at(kTaps - 1, ic)], sum) << "channel " << ic;
  }
}

// Floats that take no more memory than two chunks, which are zero: all chunks of the array but the last are the same.
class FoldedArray {
 public:
  explicit FoldedArray(int64_t count) : bytes_(count * kFloat) {
    const size_t chunks = (static_cast<size_t>(bytes_) + kChunk - 1) / kChunk;
    size_ = chunks * kChunk;
    const int file = memfd_create("folded", 0);
    void* pages = mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    bool ok = file >= 0 && ftruncate(file, 2 * kChunk) == 0 && pages != MAP_FAILED;
    begin_ = static_cast<char*>(pages);
    for (size_t i = 0; ok && i < chunks; ++i) {
      ok = mmap(begin_ + i * kChunk, kChunk, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file,
                i + 1 < chunks ? 0 : kChunk) != MAP_FAILED;
    }
    close(file);
    if (!ok) throw std::bad_alloc();
  }
  ~FoldedArray() { munmap(begin_, size_); }
  FoldedArray(const FoldedArray&) = delete;
  FoldedArray& operator=(const FoldedArray&) = delete;

  float& operator[](int64_t i) { return reinterpret_cast<float*>(begin_)[i]; }
  Plan::Memory memory() const { return {c4j_memory_address(begin_), bytes_}; }

  // The first element that is no other's double.
  int64_t last_chunk() const { return static_cast<int64_t>((size_ - kChunk) / sizeof(float)); }

 private:
  static constexpr size_t kChunk = 256 << 20;

  int64_t bytes_;
  size_t size_;
  char* begin_;
};

TEST(BigTest, ASourcePast2To31ElementsIsReadAndWrittenAtItsFarEnd) {
  constexpr int64_t kSide = 1000, kChannels = 2200, kStride = 110, kOutput = 10;
  constexpr int64_t kWindow = 4 * kChannels;            // [tap][channel]
  constexpr int64_t kCorner = (kOutput - 1) * kStride;  // where the last window begins, down and across
  static_assert((kCorner * kSide + kCorner) * kChannels > std::numeric_limits<int32_t>::max());
  const auto src_at = [](int64_t i) {
    const int64_t tap = i / kChannels;
    return ((kCorner + tap / 2) * kSide + kCorner + tap % 2) * kChannels + i % kChannels;
  };

  const c4j_axis side = axis(kSide, 2, C4J_TILED, 2, kStride);
  ASSERT_EQ(kOutput, side.output);
  const Plan plan(geometry(1, kChannels, 1, 1, {side, side}));
  ASSERT_EQ(C4J_OK, plan.status()) << c4j_last_error();

  FoldedArray src(kSide * kSide * kChannels);
  ASSERT_GE(src_at(0), src.last_chunk());
  Array dst(kOutput * kOutput), weights(4 * kWindow);  // One output channel: all orders of a kernel are the same.
  const std::vector<float> patch = test::random_integers(kWindow, 1), kernel = test::random_integers(kWindow, 2);
  for (int64_t i = 0; i < kWindow; ++i) src[src_at(i)] = patch[static_cast<size_t>(i)];
  fill(weights, 3 * kWindow, kernel);
  const auto execute = [&](int64_t pass) {
    ASSERT_EQ(C4J_OK, plan.execute(pass, C4J_OVERWRITE, src.memory(), weights.memory(), {0, 0}, dst.memory()))
        << c4j_last_error();
  };

  execute(C4J_FORWARD);
  float sum = 0;
  for (size_t i = 0; i < kWindow; ++i) sum += patch[i] * kernel[i];
  for (int64_t i = 0; i < kOutput * kOutput; ++i) {
    ASSERT_EQ(dst[i], i + 1 == kOutput * kOutput ? sum : 0) << "position " << i;
  }

  dst[kOutput * kOutput - 1] = 3;
  execute(C4J_BACKWARD_WEIGHTS);
  for (int64_t i = 0; i < kWindow; ++i) {
    ASSERT_EQ(weights[3 * kWindow + i], 3 * patch[static_cast<size_t>(i)]) << "element " << i;
  }

  fill(weights, 3 * kWindow, kernel);
  execute(C4J_BACKWARD_DATA);
  for (int64_t i = 0; i < kWindow; ++i) {
    ASSERT_EQ(src[src_at(i)], 3 * kernel[static_cast<size_t>(i)]) << "element " << i;
  }
}

}  // namespace
}  // namespace conv4j
