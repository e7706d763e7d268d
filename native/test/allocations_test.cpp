// A call of a plan allocates nothing: no workspace after the first, and no bytes of the heap but those that oneDNN
// takes and gives back while it runs a primitive.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <utility>
#include <vector>

#include "bench/onednn.h"
#include "conv4j/conv4j.h"
#include "test/plan.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

namespace {

thread_local int64_t allocations = 0;

}  // namespace

// glibc lets a program put its own functions in the place of these.
extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

void* malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}

void* realloc(void* old, size_t size) {
  ++allocations;
  return __libc_realloc(old, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** address, size_t alignment, size_t size) {
  ++allocations;
  *address = __libc_memalign(alignment, size);
  return *address == nullptr ? ENOMEM : 0;
}

}  // extern "C"

namespace conv4j {
namespace {

using bench::StandardConvolution;

template <typename Call>
int64_t allocations_of(const Call& call) {
  for (int i = 0; i < 3; ++i) call();
  const int64_t before = allocations;
  for (int i = 0; i < 10; ++i) call();
  return (allocations - before) / 10;
}

int64_t allocations_of(const test::Plan& plan, int64_t pass, int64_t accumulate, bool bias, int64_t layout_of_all) {
  const std::vector<float> src(4096, 1.0f), weights(262144, 1.0f), values(4096, 1.0f), dst(4096);
  const test::Plan::Memory none = {0, 0};
  const bool takes_bias = bias && (pass == C4J_BACKWARD_BIAS || pass == C4J_FORWARD);
  return allocations_of([&] {
    ASSERT_EQ(C4J_OK, plan.execute(pass, accumulate, test::memory(src), test::memory(weights),
                                   takes_bias ? test::memory(values) : none, test::memory(dst), layout_of_all))
        << c4j_last_error();
  });
}

c4j_geometry layer(int64_t sharing, int64_t sharing_size, int64_t bias, int64_t groups = 1) {
  const c4j_axis axis = test::axis(6, 3, sharing, sharing_size, 1, 1);
  return test::geometry(2, 16, 16, groups, {axis, axis}, bias);
}

TEST(AllocationsTest, OwnKernelsAllocateNothing) {
  const std::pair<int64_t, int64_t> sharings[] = {{C4J_SHARED, 1}, {C4J_TILED, 2}, {C4J_LOCAL, 1}, {C4J_BLOCKS, 4}};
  for (const auto& [sharing, size] : sharings) {
    for (int64_t groups : {1, 16}) {
      for (int64_t pass : {C4J_FORWARD, C4J_BACKWARD_DATA, C4J_BACKWARD_WEIGHTS, C4J_BACKWARD_BIAS}) {
        for (int64_t accumulate : {C4J_OVERWRITE, C4J_ADD}) {
          // A result with a bias that is added to is staged, and added by a primitive of oneDNN.
          const bool biased = pass != C4J_FORWARD || accumulate == C4J_OVERWRITE;
          const test::Plan plan(layer(sharing, size, biased ? C4J_BIAS_CHANNEL : C4J_BIAS_NONE, groups),
                                {1, C4J_KERNELS, C4J_ISA_DEFAULT, C4J_F32, C4J_ACTIVATION_NONE, 0});
          EXPECT_EQ(0, allocations_of(plan, pass, accumulate, biased, -1)) << sharing << " pass " << pass;
        }
      }
    }
  }
}

TEST(AllocationsTest, NorDoTheyForAnyBias) {
  for (int64_t sharing : {C4J_SHARED, C4J_TILED}) {
    for (int64_t bias : {C4J_BIAS_CHANNEL, C4J_BIAS_KERNEL, C4J_BIAS_POSITION}) {
      const test::Plan plan(layer(sharing, sharing == C4J_TILED ? 2 : 1, bias),
                            {1, C4J_KERNELS, C4J_ISA_DEFAULT, C4J_F32, C4J_ACTIVATION_NONE, 0});
      EXPECT_EQ(0, allocations_of(plan, C4J_FORWARD, C4J_OVERWRITE, true, -1)) << sharing << " bias " << bias;
    }
  }
}

TEST(AllocationsTest, PlansOfLongKernelsGrowAsTheyDo) {
  const auto bytes_of = [](int64_t length) {
    const auto used = [] {
      const struct mallinfo2 info = mallinfo2();
      return static_cast<double>(info.uordblks + info.hblkhd);
    };
    const double before = used();
    const test::Plan plan(test::geometry(1, 1, 1, 1, {test::axis(length, length, C4J_TILED, 2, 1, length - 1)}));
    EXPECT_EQ(C4J_OK, plan.status()) << c4j_last_error();
    return used() - before;
  };
  const double bytes = bytes_of(1 << 12);
  EXPECT_GT(bytes, 1 << 12);
  EXPECT_LT(bytes_of(1 << 14), 6 * bytes);
}

TEST(AllocationsTest, FreedMemoryGoesBackToTheSystem) {
  const auto pages = [] {
    int64_t all = 0;
    std::ifstream("/proc/self/statm") >> all;
    return all;
  };
  const auto use = [] {
    for (int64_t i = 0; i < 64; ++i) {
      for (int64_t size : {int64_t{1} << 20, (int64_t{2} << 20) + 4096 * i}) {
        int64_t memory = 0;
        ASSERT_EQ(C4J_OK, c4j_memory_allocate(size, &memory));
        ASSERT_EQ(C4J_OK, c4j_memory_free(memory, size));
      }
    }
  };
  use();
  const int64_t before = pages();
  use();
  EXPECT_LT(pages() - before, 256);
}

TEST(AllocationsTest, PlansOnOneDnnAllocateNoMoreThanItsPrimitives) {
  for (int64_t groups : {1, 4, 16}) {
    const c4j_geometry geometry = layer(C4J_SHARED, 1, C4J_BIAS_NONE, groups);
    const test::Plan plan(geometry, {1, C4J_ONEDNN, C4J_ISA_DEFAULT, C4J_F32, C4J_ACTIVATION_NONE, 0});
    StandardConvolution raw(geometry, C4J_FORWARD, 1, {});
    const int64_t expected = allocations_of([&] { raw.run(); });
    EXPECT_GT(expected, 0);  // or nothing is counted
    EXPECT_LE(allocations_of(plan, C4J_FORWARD, C4J_OVERWRITE, false, -1), expected) << groups << " groups";
  }
}

}  // namespace
}  // namespace conv4j

#endif
