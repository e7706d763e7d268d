// The C interface as a C++ program sees it.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

#include "conv4j/conv4j.h"
#include "test/plan.h"
#include "test/random.h"

namespace conv4j {
namespace {

using test::address;
using test::bytes;
using test::memory;
using test::Plan;

// n images of ic x 6 x 6, 3x3 kernels, padding 1.
c4j_geometry small_geometry(int64_t n, int64_t ic, int64_t oc) {
  const c4j_axis axis = test::axis(6, 3, C4J_SHARED, 1, 1, 1);
  return test::geometry(n, ic, oc, 1, {axis, axis});
}

TEST(ApiTest, GeometryIsAnArrayOfInt64) {
  EXPECT_EQ(sizeof(c4j_geometry), 35 * sizeof(int64_t));
  EXPECT_EQ(sizeof(c4j_options), 6 * sizeof(int64_t));
}

TEST(ApiTest, ForwardOfOnesCountsTheTapsInsideTheSource) {
  const Plan plan(small_geometry(1, 2, 1));
  ASSERT_EQ(C4J_OK, plan.status()) << c4j_last_error();
  const std::vector<float> src(2 * 36, 1.0f), weights(18, 1.0f);
  std::vector<float> dst(36);
  ASSERT_EQ(C4J_OK, c4j_plan_execute(plan.get(), C4J_FORWARD, C4J_OVERWRITE, address(src), bytes(src), 0,
                                     address(weights), bytes(weights), 0, 0, 0, 0, address(dst), bytes(dst), 0))
      << c4j_last_error();
  EXPECT_EQ(dst[0], 8.0f);
  EXPECT_EQ(dst[1], 12.0f);
  EXPECT_EQ(dst[7], 18.0f);
}

TEST(ApiTest, BuffersThatAreTooSmallAreRefusedBeforeAnythingIsWritten) {
  const Plan plan(small_geometry(1, 2, 1));
  ASSERT_EQ(C4J_OK, plan.status());
  const std::vector<float> src(2 * 36, 1.0f), weights(18, 1.0f);
  std::vector<float> dst(36, -1.0f);
  const auto run = [&](int64_t src_bytes, int64_t weights_bytes, int64_t dst_bytes) {
    return c4j_plan_execute(plan.get(), C4J_FORWARD, C4J_OVERWRITE, address(src), src_bytes, 0, address(weights),
                            weights_bytes, 0, 0, 0, 0, address(dst), dst_bytes, 0);
  };
  EXPECT_EQ(C4J_INVALID_ARGUMENT, run(bytes(src) - 4, bytes(weights), bytes(dst)));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, run(bytes(src), bytes(weights) - 4, bytes(dst)));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, run(bytes(src), bytes(weights), bytes(dst) - 4));
  EXPECT_STREQ("dst: expected 144 bytes but got 140", c4j_last_error());
  EXPECT_EQ(std::vector<float>(36, -1.0f), dst);
}

TEST(ApiTest, ImpossibleGeometriesAreRefused) {
  const auto status_of = [](void (*spoil)(c4j_geometry&)) {
    c4j_geometry geometry = small_geometry(1, 4, 4);
    spoil(geometry);
    return Plan(geometry).status();
  };
  EXPECT_EQ(C4J_OK, status_of([](c4j_geometry&) {}));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.spatial = 4; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.n = -1; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.ic = 0; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.groups = 3; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.bias = 4; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.axes[0].stride = 0; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.axes[1].kernel = INT64_MAX; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.axes[0].output = 7; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.orientation = 2; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.transposed = 2; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.transposed = 1, g.bias = C4J_BIAS_POSITION; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.axes[0].sharing = 4; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.axes[0].sharing_size = 0; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.axes[1].sharing_size = int64_t{1} << 31; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) { g.spatial = 0; }));
  EXPECT_STREQ("spatial: expected 1 to 3", c4j_last_error());
  // Tiled, for oneDNN has checks of its own.
  EXPECT_EQ(C4J_INVALID_ARGUMENT,
            status_of([](c4j_geometry& g) { g.axes[0].sharing = C4J_TILED, g.ic = 3, g.groups = 2; }));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of([](c4j_geometry& g) {
              g.axes[0].sharing = C4J_TILED, g.axes[0].pad_begin = -1, g.axes[0].output = 2;
            }));
}

TEST(ApiTest, ImpossibleOptionsAreRefused) {
  c4j_geometry geometry = small_geometry(1, 4, 4);
  EXPECT_EQ(C4J_INVALID_ARGUMENT, Plan(geometry, {1025, C4J_AUTO, 0, C4J_F32, C4J_ACTIVATION_NONE, 0}).status());
  EXPECT_EQ(C4J_INVALID_ARGUMENT, Plan(geometry, {-1, C4J_AUTO, 0, C4J_F32, C4J_ACTIVATION_NONE, 0}).status());
  EXPECT_EQ(C4J_INVALID_ARGUMENT, Plan(geometry, {1, 3, 0, C4J_F32, C4J_ACTIVATION_NONE, 0}).status());
  EXPECT_EQ(C4J_INVALID_ARGUMENT, Plan(geometry, {1, C4J_AUTO, 4, C4J_F32, C4J_ACTIVATION_NONE, 0}).status());
  EXPECT_EQ(C4J_INVALID_ARGUMENT, Plan(geometry, {1, C4J_AUTO, -1, C4J_F32, C4J_ACTIVATION_NONE, 0}).status());
  EXPECT_EQ(C4J_INVALID_ARGUMENT, Plan(geometry, {1, C4J_AUTO, 0, C4J_F32, 6, 0}).status());
  geometry.axes[0].sharing = C4J_LOCAL;
  EXPECT_EQ(C4J_UNSUPPORTED, Plan(geometry, {1, C4J_ONEDNN, 0, C4J_F32, C4J_ACTIVATION_NONE, 0}).status());
  for (int64_t c4j_axis::*padding : {&c4j_axis::pad_begin, &c4j_axis::pad_end}) {
    geometry = small_geometry(1, 4, 4);
    geometry.axes[0].*padding = 1 << 27;
    EXPECT_EQ(C4J_UNSUPPORTED, Plan(geometry, {1, C4J_ONEDNN, 0, C4J_F32, C4J_ACTIVATION_NONE, 0}).status());
  }
}

TEST(ApiTest, NumbersThatNameNothingAreRefused) {
  c4j_geometry geometry = small_geometry(1, 4, 4);
  geometry.axes[0].sharing = C4J_LOCAL;
  const Plan plan(geometry);
  int64_t number = 0;
  EXPECT_EQ(C4J_INVALID_ARGUMENT, c4j_plan_layout(plan.get(), 2, &number));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, c4j_plan_pass_layout(plan.get(), C4J_BACKWARD_BIAS, C4J_SRC, &number));
  EXPECT_EQ(nullptr, c4j_plan_implementation(plan.get(), -1));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, c4j_plan_workspace_bytes(plan.get(), 4, C4J_ADD, &number));
}

TEST(ApiTest, OperandsThatAPassCannotTakeAreRefused) {
  const Plan plain(small_geometry(1, 2, 1));
  c4j_geometry geometry = small_geometry(1, 2, 1);
  geometry.bias = C4J_BIAS_CHANNEL;
  const Plan biased(geometry);
  geometry.orientation = C4J_CONVOLUTION;
  const int64_t packed = Plan(geometry).layout(C4J_WEIGHTS);
  const std::vector<float> src(2 * 36), weights(18), dst(36), bias(1);
  const auto run = [&](const Plan& plan, int64_t pass, Plan::Memory b, int64_t bias_layout = 0) {
    return c4j_plan_execute(plan.get(), pass, C4J_OVERWRITE, address(src), bytes(src), 0, address(weights),
                            bytes(weights), 0, b.first, b.second, bias_layout, address(dst), bytes(dst), 0);
  };
  const Plan::Memory small = {address(bias), 3};
  EXPECT_EQ(C4J_OK, run(plain, C4J_FORWARD, {0, 0})) << c4j_last_error();
  EXPECT_EQ(C4J_INVALID_ARGUMENT, run(plain, C4J_FORWARD, memory(bias)));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, run(plain, C4J_BACKWARD_BIAS, memory(bias)));
  EXPECT_STREQ("bias: the plan has none", c4j_last_error());
  EXPECT_EQ(C4J_INVALID_ARGUMENT, run(biased, C4J_BACKWARD_DATA, memory(bias)));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, run(biased, C4J_FORWARD, small));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, run(biased, C4J_FORWARD, small, C4J_CHANNELS_LAST));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, run(biased, C4J_BACKWARD_BIAS, {0, 4}));
  EXPECT_STREQ("bias: expected 4 bytes but got 0", c4j_last_error());
  const auto summed = [&](int64_t dst_bytes, int64_t dst_layout) {
    return c4j_plan_execute(biased.get(), C4J_BACKWARD_BIAS, C4J_OVERWRITE, 0, 0, 0, 0, 0, 0, address(bias),
                            bytes(bias), 0, address(dst), dst_bytes, dst_layout);
  };
  for (int64_t layout : {C4J_CHANNELS_FIRST, C4J_CHANNELS_LAST}) {
    EXPECT_EQ(C4J_OK, summed(bytes(dst), layout)) << c4j_last_error();
    EXPECT_EQ(C4J_INVALID_ARGUMENT, summed(bytes(dst) - 4, layout));
  }
  ASSERT_GT(packed, C4J_CHANNELS_LAST);
  EXPECT_EQ(C4J_INVALID_ARGUMENT,
            c4j_plan_execute(plain.get(), C4J_FORWARD, C4J_OVERWRITE, address(src), bytes(src), packed,
                             address(weights), bytes(weights), 0, 0, 0, 0, address(dst), bytes(dst), 0));
  EXPECT_STREQ("src: expected activations but got packed weights", c4j_last_error());
}

TEST(ApiTest, NullIsRefusedWhereSomethingIsReadOrWritten) {
  const c4j_geometry geometry = small_geometry(1, 4, 4);
  const Plan plan(geometry);
  const int64_t dims[] = {1, 4, 6, 6};
  const std::vector<float> src(4 * 36);
  int64_t number = 0;
  const int64_t live = c4j_memory_live_bytes();
  const auto expect = [](const char* message, int32_t status) {
    EXPECT_EQ(C4J_INVALID_ARGUMENT, status);
    EXPECT_STREQ(message, c4j_last_error());
  };
  expect("flops_per_second: expected a place but got null", c4j_machine_limits(0, 1, 0, nullptr, &number));
  expect("bytes_per_second: expected a place but got null", c4j_machine_limits(0, 1, 0, &number, nullptr));
  expect("address: expected a place but got null", c4j_memory_allocate(1, nullptr));
  expect("size_bytes: expected a place but got null", c4j_layout_size_bytes(0, dims, 4, nullptr));
  expect("dims: expected at least one", c4j_layout_size_bytes(0, nullptr, 4, &number));
  expect("source: expected 576 bytes but got 0",
         c4j_reorder(dims, 4, 0, bytes(src), C4J_CHANNELS_FIRST, address(src), bytes(src), C4J_CHANNELS_LAST, 1));
  expect("destination: expected 576 bytes but got 0",
         c4j_reorder(dims, 4, address(src), bytes(src), C4J_CHANNELS_FIRST, 0, bytes(src), C4J_CHANNELS_LAST, 1));
  expect("geometry: expected one but got null", c4j_plan_create(nullptr, nullptr, &number));
  expect("plan: expected a place but got null", c4j_plan_create(&geometry, nullptr, nullptr));
  expect("new_plan: expected a place but got null", c4j_plan_with_batch(plan.get(), 2, nullptr));
  expect("layout: expected a place but got null", c4j_plan_layout(plan.get(), C4J_SRC, nullptr));
  expect("layout: expected a place but got null", c4j_plan_pass_layout(plan.get(), C4J_FORWARD, C4J_SRC, nullptr));
  expect("workspace_bytes: expected a place but got null",
         c4j_plan_workspace_bytes(plan.get(), C4J_FORWARD, C4J_OVERWRITE, nullptr));
  expect("plan: expected one but got null", c4j_plan_layout(0, C4J_SRC, &number));
  expect("src: expected 576 bytes but got 0",
         plan.execute(C4J_FORWARD, C4J_OVERWRITE, {0, 576}, memory(src), {0, 0}, memory(src)));
  expect("accumulate: expected 0 or 1",
         plan.execute(C4J_FORWARD, C4J_ADD + 1, memory(src), memory(src), {0, 0}, memory(src)));
  EXPECT_EQ(live, c4j_memory_live_bytes());
}

// oneDNN divides by zero on these.
TEST(ApiTest, TensorsOfMoreThan2To34ElementsAreUnsupported) {
  constexpr int64_t kLine = int64_t{1} << 30;
  const auto line = [](int64_t n, int64_t ic) { return test::geometry(n, ic, 1, 1, {test::axis(kLine, 1, 0, 1)}); };
  EXPECT_EQ(C4J_UNSUPPORTED, Plan(line(1, 17)).status());
  EXPECT_EQ(C4J_UNSUPPORTED, Plan(line(17, 1)).status());
  EXPECT_EQ(C4J_UNSUPPORTED, Plan(line(0, 17)).status());
  EXPECT_EQ(C4J_UNSUPPORTED, Plan(test::geometry(1, 1, 17, 1, {test::axis(kLine, 1, 0, 1)})).status());
  EXPECT_EQ(C4J_UNSUPPORTED, Plan(test::geometry(1, 1, 17, 1, {test::axis(1, 1, C4J_TILED, kLine)})).status());
  const Plan plan(small_geometry(1, 4, 4));
  int64_t larger = 0;
  EXPECT_EQ(C4J_UNSUPPORTED, c4j_plan_with_batch(plan.get(), INT32_MAX, &larger));
  EXPECT_STREQ("dims: expected at most 2^34 elements", c4j_last_error());
  EXPECT_EQ(0, larger);
}

TEST(ApiTest, StridesAndDilationsThatMoveNothingMayBeAnything) {
  c4j_axis axis = test::axis(1, 1, C4J_SHARED, 1);
  axis.stride = axis.dilation = INT32_MAX;
  for (int64_t implementation : {C4J_AUTO, C4J_ONEDNN, C4J_KERNELS}) {
    const Plan plan(test::geometry(1, 1, 1, 1, {axis}), {1, implementation, 0, C4J_F32, C4J_ACTIVATION_NONE, 0});
    EXPECT_EQ(C4J_OK, plan.status()) << c4j_last_error();
  }
}

TEST(ApiTest, BatchZeroComputesNothingAndItsWeightsGradientIsZero) {
  const Plan plan(small_geometry(0, 2, 1));
  ASSERT_EQ(C4J_OK, plan.status()) << c4j_last_error();
  std::vector<float> weights(20, 5.0f);  // and what lies behind them
  ASSERT_EQ(C4J_OK, c4j_plan_execute(plan.get(), C4J_BACKWARD_WEIGHTS, C4J_ADD, 0, 0, 0, address(weights),
                                     bytes(weights), 0, 0, 0, 0, 0, 0, 0));
  EXPECT_EQ(std::vector<float>(20, 5.0f), weights);
  ASSERT_EQ(C4J_OK, c4j_plan_execute(plan.get(), C4J_BACKWARD_WEIGHTS, C4J_OVERWRITE, 0, 0, 0, address(weights),
                                     bytes(weights), 0, 0, 0, 0, 0, 0, 0));
  std::vector<float> expected(20, 0.0f);
  expected[18] = expected[19] = 5.0f;
  EXPECT_EQ(expected, weights);
}

TEST(ApiTest, APlanWithABiasWantsOneForward) {
  const c4j_axis axis = test::axis(6, 3, C4J_TILED, 2);
  for (int64_t implementation : {C4J_AUTO, C4J_ONEDNN}) {
    c4j_geometry geometry = test::geometry(1, 8, 8, 1, {axis, axis}, C4J_BIAS_CHANNEL);
    if (implementation == C4J_ONEDNN) geometry.axes[0].sharing = geometry.axes[1].sharing = C4J_SHARED;
    const Plan plan(geometry);
    ASSERT_EQ(C4J_OK, plan.status()) << c4j_last_error();
    const std::vector<float> src(8 * 36, 1.0f), weights(8 * 4 * 8 * 9, 1.0f), bias(8, 1.0f), dst(8 * 16);
    const auto run = [&](Plan::Memory b) {
      return plan.execute(C4J_FORWARD, C4J_OVERWRITE, memory(src), memory(weights), b, memory(dst));
    };
    EXPECT_EQ(C4J_INVALID_ARGUMENT, run({0, 0}));
    EXPECT_EQ(C4J_OK, run(memory(bias))) << c4j_last_error();
  }
}

TEST(ApiTest, CallersMayBeThreadsOfTheirOwnRegions) {
  const c4j_axis axis = test::axis(12, 3, C4J_TILED, 2);
  const std::vector<float> src = test::random_integers(2 * 16 * 144, 1);
  const std::vector<float> weights = test::random_integers(24 * 4 * 16 * 9, 2);
  for (int64_t threads : {1, 2}) {
    c4j_options options = {};
    options.threads = threads;
    const Plan plan(test::geometry(2, 16, 24, 1, {axis, axis}), options);
    ASSERT_EQ(C4J_OK, plan.status()) << c4j_last_error();
    const auto run = [&](std::vector<float>& dst) {
      return plan.execute(C4J_FORWARD, C4J_OVERWRITE, memory(src), memory(weights), {0, 0}, memory(dst));
    };
    std::vector<float> expected(2 * 24 * 100);
    ASSERT_EQ(C4J_OK, run(expected)) << c4j_last_error();
    std::vector<std::vector<float>> results(4, std::vector<float>(expected.size()));
    std::atomic<int> refused{0};
#pragma omp parallel for num_threads(4)
    for (size_t i = 0; i < results.size(); ++i) {
      for (int call = 0; call < 10; ++call) refused += run(results[i]) == C4J_OK ? 0 : 1;
    }
    EXPECT_EQ(0, refused);
    for (const std::vector<float>& result : results) EXPECT_EQ(expected, result);
  }
}

TEST(ApiTest, PackedWeightsComeBackAsTheyWere) {
  for (int64_t orientation : {C4J_CROSS_CORRELATION, C4J_CONVOLUTION}) {
    c4j_geometry geometry = small_geometry(1, 17, 33);
    geometry.orientation = orientation;
    const Plan plan(geometry);
    ASSERT_EQ(C4J_OK, plan.status());
    int64_t layout = 0, packed_bytes = 0;
    ASSERT_EQ(C4J_OK, c4j_plan_layout(plan.get(), C4J_WEIGHTS, &layout));
    const int64_t dims[] = {33, 17, 3, 3};
    ASSERT_EQ(C4J_OK, c4j_layout_size_bytes(layout, dims, 4, &packed_bytes));
    const std::vector<float> weights = test::random_floats(33 * 17 * 9, 1);
    std::vector<float> packed(static_cast<size_t>(packed_bytes) / sizeof(float)), back(weights.size());
    ASSERT_EQ(C4J_OK, c4j_reorder(dims, 4, address(weights), bytes(weights), C4J_CHANNELS_FIRST, address(packed),
                                  bytes(packed), layout, 1));
    ASSERT_EQ(C4J_OK, c4j_reorder(dims, 4, address(packed), bytes(packed), layout, address(back), bytes(back), 0, 1));
    EXPECT_EQ(weights, back);
  }
}

TEST(ApiTest, GradientsOfWeightsFillTheLanesOfPaddingWithZeros) {
  for (int64_t oc : {66, 100, 150}) {
    const Plan plan(small_geometry(2, 70, oc));
    ASSERT_EQ(C4J_OK, plan.status());
    const int64_t dims[] = {oc, 70, 3, 3};
    int64_t packed_bytes = 0;
    ASSERT_EQ(C4J_OK, c4j_layout_size_bytes(plan.layout(C4J_WEIGHTS), dims, 4, &packed_bytes));
    const std::vector<float> src(2 * 70 * 36, 1.0f), dst(static_cast<size_t>(2 * oc * 36), 1.0f);
    std::vector<float> weights(static_cast<size_t>(packed_bytes) / sizeof(float), std::nanf(""));
    ASSERT_EQ(C4J_OK, c4j_plan_execute(plan.get(), C4J_BACKWARD_WEIGHTS, C4J_OVERWRITE, address(src), bytes(src),
                                       C4J_CHANNELS_LAST, address(weights), packed_bytes, plan.layout(C4J_WEIGHTS), 0,
                                       0, 0, address(dst), bytes(dst), C4J_CHANNELS_LAST))
        << c4j_last_error();
    const auto zeros = std::count(weights.begin(), weights.end(), 0.0f);
    const auto sums = std::count_if(weights.begin(), weights.end(), [](float x) { return x >= 50.0f; });
    EXPECT_EQ(oc * 70 * 9, sums) << oc;
    EXPECT_EQ(static_cast<int64_t>(weights.size()), zeros + sums) << oc;
  }
}

TEST(ApiTest, ElementsAreOfTheTypeThatALayoutsPlanWasAskedFor) {
  c4j_geometry geometry = small_geometry(1, 16, 16);
  geometry.axes[0].sharing = geometry.axes[1].sharing = C4J_LOCAL;
  const Plan plan(geometry), bf16(geometry, {1, C4J_AUTO, 0, C4J_BF16, C4J_ACTIVATION_NONE, 0});
  ASSERT_EQ(C4J_OK, plan.status()) << c4j_last_error();
  ASSERT_EQ(C4J_OK, bf16.status()) << c4j_last_error();
  EXPECT_NE(plan.layout(C4J_WEIGHTS), bf16.layout(C4J_WEIGHTS));
  EXPECT_EQ(C4J_F32, c4j_layout_type(plan.layout(C4J_WEIGHTS)));
  EXPECT_EQ(C4J_BF16, c4j_layout_type(bf16.layout(C4J_WEIGHTS)));
  EXPECT_STREQ("packed_oc_inner", c4j_layout_name(plan.layout(C4J_WEIGHTS)));
  EXPECT_STREQ("packed_oc_inner_bf16", c4j_layout_name(bf16.layout(C4J_WEIGHTS)));
  EXPECT_EQ(C4J_F32, c4j_layout_type(bf16.layout(C4J_SRC)));
  EXPECT_EQ(-1, c4j_layout_type(INT64_MAX));
  EXPECT_EQ(-1, c4j_layout_type(-1));
}

TEST(ApiTest, Bf16WeightsAreForOwnKernelsAndInference) {
  c4j_geometry geometry = small_geometry(1, 16, 16);
  EXPECT_EQ(C4J_UNSUPPORTED, Plan(geometry, {1, C4J_AUTO, 0, C4J_BF16, C4J_ACTIVATION_NONE, 0}).status());
  EXPECT_EQ(C4J_UNSUPPORTED, Plan(geometry, {1, C4J_ONEDNN, 0, C4J_BF16, C4J_ACTIVATION_NONE, 0}).status());
  EXPECT_EQ(C4J_OK, Plan(geometry, {1, C4J_KERNELS, 0, C4J_BF16, C4J_ACTIVATION_NONE, 0}).status());
  EXPECT_EQ(C4J_INVALID_ARGUMENT, Plan(geometry, {1, C4J_KERNELS, 0, C4J_BF16 + 1, C4J_ACTIVATION_NONE, 0}).status());

  geometry.axes[0].sharing = C4J_LOCAL;
  const Plan plan(geometry, {1, C4J_AUTO, 0, C4J_BF16, C4J_ACTIVATION_NONE, 0});
  const std::vector<float> src(16 * 36), dst(16 * 36), weights(6 * 16 * 16 * 9);
  EXPECT_EQ(C4J_UNSUPPORTED, plan.execute(C4J_BACKWARD_WEIGHTS, C4J_OVERWRITE, test::memory(src), test::memory(weights),
                                          {0, 0}, test::memory(dst)));
  EXPECT_EQ(C4J_OK, plan.execute(C4J_BACKWARD_DATA, C4J_OVERWRITE, test::memory(src), test::memory(weights), {0, 0},
                                 test::memory(dst)));
}

TEST(ApiTest, MemoryIsZeroAlignedAndCounted) {
  const int64_t before = c4j_memory_live_bytes();
  for (int64_t size : {int64_t{0}, int64_t{1}, int64_t{4096}, (int64_t{2} << 20) + 12}) {
    int64_t memory = 0;
    ASSERT_EQ(C4J_OK, c4j_memory_allocate(size, &memory));
    EXPECT_EQ(0, memory % 64);
    EXPECT_EQ(before + size, c4j_memory_live_bytes());
    for (int64_t i = 0; i < size; i += 511) ASSERT_EQ(0, reinterpret_cast<const char*>(memory)[i]);
    ASSERT_EQ(C4J_OK, c4j_memory_free(memory, size));
  }
  int64_t memory = 0;
  EXPECT_EQ(C4J_OUT_OF_MEMORY, c4j_memory_allocate(INT64_MAX, &memory));
  EXPECT_EQ(C4J_OUT_OF_MEMORY, c4j_memory_allocate(int64_t{1} << 60, &memory));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, c4j_memory_allocate(-1, &memory));
  EXPECT_EQ(C4J_OK, c4j_memory_free(0, 4096));
  EXPECT_EQ(before, c4j_memory_live_bytes());
}

TEST(ApiTest, DimsOfNoTensorAreRefused) {
  c4j_geometry geometry = small_geometry(1, 4, 4);
  geometry.axes[0].sharing = C4J_LOCAL;
  const Plan plan(geometry);
  int64_t size = 0;
  const auto status_of = [&](int64_t layout, const std::vector<int64_t>& dims) {
    return c4j_layout_size_bytes(layout, dims.data(), static_cast<int64_t>(dims.size()), &size);
  };
  EXPECT_EQ(C4J_INVALID_ARGUMENT, c4j_layout_size_bytes(C4J_CHANNELS_FIRST, &size, 0, &size));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of(C4J_CHANNELS_FIRST, {-1, 1, 1}));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of(C4J_CHANNELS_FIRST, {int64_t{1} << 32, 1, int64_t{1} << 32}));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of(C4J_CHANNELS_FIRST, {1, int64_t{1} << 61, 1}));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, status_of(plan.layout(C4J_WEIGHTS), {4, 6, 4, 3, 3}));
  EXPECT_EQ(C4J_OK, status_of(plan.layout(C4J_WEIGHTS), {4, 6, 1, 4, 3, 3})) << c4j_last_error();
}

TEST(ApiTest, LayoutsThatWereNeverIssuedAreRefused) {
  const int64_t dims[] = {1, 1, 1};
  int64_t size = 0;
  EXPECT_EQ(C4J_INVALID_ARGUMENT, c4j_layout_size_bytes(INT64_MAX, dims, 3, &size));
  EXPECT_EQ(C4J_INVALID_ARGUMENT, c4j_layout_size_bytes(-1, dims, 3, &size));
  EXPECT_EQ(nullptr, c4j_layout_name(INT64_MAX));
  EXPECT_EQ(nullptr, c4j_layout_name(-1));
  int64_t next = 0;
  while (c4j_layout_type(next) >= 0) ++next;
  EXPECT_EQ(nullptr, c4j_layout_name(next));
  EXPECT_STREQ("channels_last", c4j_layout_name(C4J_CHANNELS_LAST));
}

}  // namespace
}  // namespace conv4j
