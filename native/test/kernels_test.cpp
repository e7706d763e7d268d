// Own kernels as a C++ program sees them.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "core/cpu.h"
#include "test/plan.h"
#include "test/random.h"

namespace conv4j {
namespace {

using test::axis;
using test::geometry;
using test::memory;
using test::Plan;

constexpr int64_t kIsas[] = {C4J_ISA_GENERIC, C4J_ISA_AVX2, C4J_ISA_AVX512};
constexpr int64_t kConvolutions[] = {C4J_FORWARD, C4J_BACKWARD_DATA, C4J_BACKWARD_WEIGHTS};

Isa isa_of(int64_t option) { return static_cast<Isa>(option - 1); }

size_t src_size(const c4j_geometry& g) {
  int64_t size = g.n * g.ic;
  for (int64_t i = 0; i < g.spatial; ++i) size *= g.axes[i].input;
  return static_cast<size_t>(size);
}

size_t dst_size(const c4j_geometry& g) {
  int64_t size = g.n * g.oc;
  for (int64_t i = 0; i < g.spatial; ++i) size *= g.axes[i].output;
  return static_cast<size_t>(size);
}

int64_t kernels(const c4j_axis& axis) {
  switch (axis.sharing) {
    case C4J_TILED:
      return axis.sharing_size;
    case C4J_LOCAL:
      return axis.output;
    case C4J_BLOCKS:
      return (axis.output - 1) / axis.sharing_size + 1;
    default:
      return 1;
  }
}

size_t weights_size(const c4j_geometry& g) {
  int64_t size = g.oc * g.ic / g.groups;
  for (int64_t i = 0; i < g.spatial; ++i) size *= kernels(g.axes[i]) * g.axes[i].kernel;
  return static_cast<size_t>(size);
}

size_t bias_size(const c4j_geometry& g) {
  int64_t size = g.bias == C4J_BIAS_NONE ? 0 : g.oc;
  for (int64_t i = 0; i < g.spatial; ++i) {
    if (g.bias == C4J_BIAS_KERNEL) size *= kernels(g.axes[i]);
    if (g.bias == C4J_BIAS_POSITION) size *= g.axes[i].output;
  }
  return static_cast<size_t>(size);
}

struct Operands {
  std::vector<float> src, weights, bias, dst;

  Operands(const c4j_geometry& g, std::vector<float> (*numbers)(int64_t count, unsigned seed))
      : src(numbers(static_cast<int64_t>(src_size(g)), 1)),
        weights(numbers(static_cast<int64_t>(weights_size(g)), 2)),
        bias(numbers(static_cast<int64_t>(bias_size(g)), 3)),
        dst(numbers(static_cast<int64_t>(dst_size(g)), 4)) {}

  std::vector<float>& result_of(int64_t pass) {
    switch (pass) {
      case C4J_FORWARD:
        return dst;
      case C4J_BACKWARD_DATA:
        return src;
      case C4J_BACKWARD_WEIGHTS:
        return weights;
      default:
        return bias;
    }
  }
};

// The result of a pass in the plan's layouts, or, for comparisons between plans, all in logical order.
std::vector<float> run(const Plan& plan, int64_t pass, int64_t accumulate, Operands operands,
                       int64_t layout_of_all = -1) {
  const Plan::Memory none = {0, 0};
  const bool takes_bias = pass == C4J_BACKWARD_BIAS || (pass == C4J_FORWARD && !operands.bias.empty());
  EXPECT_EQ(C4J_OK, plan.execute(pass, accumulate, memory(operands.src), memory(operands.weights),
                                 takes_bias ? memory(operands.bias) : none, memory(operands.dst), layout_of_all))
      << c4j_last_error();
  return operands.result_of(pass);
}

struct Named {
  std::string name;
  c4j_geometry geometry;
};

// Every order of packed weights, every kind of run, passes with few and with many units of work.
std::vector<Named> many_geometries() {
  const auto tiled = [](int64_t size) { return axis(size, 3, C4J_TILED, 2, 1, 1); };
  return {
      {"tiled", geometry(3, 17, 33, 1, {tiled(20), tiled(21)}, C4J_BIAS_KERNEL)},
      {"tiled, stride 2", geometry(2, 16, 32, 1, {axis(19, 4, C4J_TILED, 3, 2, 1), axis(23, 3, C4J_TILED, 2, 2)})},
      {"tiled, many positions", geometry(2, 24, 40, 1, {tiled(70), tiled(71)})},
      {"tiled, few output channels", geometry(2, 32, 3, 1, {tiled(18), tiled(18)}, C4J_BIAS_CHANNEL)},
      {"tiled, one output channel", geometry(2, 32, 1, 1, {tiled(18), tiled(40)}, C4J_BIAS_CHANNEL)},
      {"tiled, one input channel", geometry(2, 1, 24, 1, {tiled(18), tiled(40)})},
      {"local",
       geometry(5, 16, 16, 1, {axis(9, 3, C4J_LOCAL, 1, 1, 1), axis(9, 3, C4J_LOCAL, 1, 1, 1)}, C4J_BIAS_POSITION)},
      {"blocks",
       geometry(2, 8, 24, 1, {axis(17, 3, C4J_BLOCKS, 4), axis(17, 5, C4J_BLOCKS, 5, 1, 2)}, C4J_BIAS_KERNEL)},
      {"groups", geometry(3, 32, 64, 4, {tiled(15), tiled(15)}, C4J_BIAS_POSITION)},
      {"small groups", geometry(3, 12, 18, 6, {tiled(15), tiled(15)}, C4J_BIAS_CHANNEL)},
      {"depthwise", geometry(2, 37, 37, 37, {tiled(16), axis(16, 3, C4J_LOCAL, 1, 1, 1)}, C4J_BIAS_CHANNEL)},
      {"1-D", geometry(2, 16, 32, 1, {axis(997, 9, C4J_TILED, 2, 1, 4)}, C4J_BIAS_KERNEL)},
      {"3-D", geometry(2, 8, 16, 1, {tiled(7), axis(8, 3, C4J_SHARED, 1), axis(9, 2, C4J_LOCAL, 1, 1, 0, 2)})},
  };
}

TEST(KernelsTest, TheGeometriesOfTheseTestsUseEveryOrderOfWeights) {
  std::string names;
  for (const Named& c : many_geometries()) names += Plan(c.geometry).implementation(C4J_FORWARD) + "\n";
  for (const char* order : {"oc_inner", "ic_inner", "groups_inner"}) {
    EXPECT_NE(std::string::npos, names.find(order)) << names;
  }
}

TEST(KernelsTest, EveryPassHasTheSameBitsForAnyNumberOfThreadsAndFromRunToRun) {
  for (const Named& c : many_geometries()) {
    const Operands operands(c.geometry, test::random_floats);
    for (int64_t isa : kIsas) {
      if (!cpu_has(isa_of(isa))) continue;
      for (int64_t pass : {C4J_FORWARD, C4J_BACKWARD_DATA, C4J_BACKWARD_WEIGHTS, C4J_BACKWARD_BIAS}) {
        if (pass == C4J_BACKWARD_BIAS && operands.bias.empty()) continue;
        for (int64_t accumulate : {C4J_OVERWRITE, C4J_ADD}) {
          std::vector<float> first;
          for (int64_t threads : {1, 2, 3, 8}) {
            const Plan plan(c.geometry, {threads, C4J_KERNELS, isa, C4J_F32, C4J_ACTIVATION_NONE, 0});
            ASSERT_EQ(C4J_OK, plan.status()) << c4j_last_error();
            for (int repeat = 0; repeat < 2; ++repeat) {
              const std::vector<float> result = run(plan, pass, accumulate, operands);
              if (first.empty()) first = result;
              ASSERT_EQ(0, std::memcmp(first.data(), result.data(), result.size() * sizeof(float)))
                  << c.name << ", " << plan.implementation(pass) << ", pass " << pass << ", accumulate " << accumulate
                  << ", " << threads << " threads, repeat " << repeat;
            }
          }
        }
      }
    }
  }
}

TEST(KernelsTest, TiledByOneEqualsStandardConvolutionByOneDnnBitForBit) {
  for (int64_t groups : {1, 2, 16}) {
    for (int64_t stride : {1, 2}) {
      const auto of = [&](int64_t sharing) {
        return geometry(3, 32, 48, groups, {axis(14, 3, sharing, 1, stride, 1), axis(15, 3, sharing, 1, stride, 1, 2)},
                        C4J_BIAS_CHANNEL);
      };
      const Operands operands(of(C4J_TILED), test::random_integers);
      const Plan standard(of(C4J_SHARED), {1, C4J_ONEDNN, 0, C4J_F32, C4J_ACTIVATION_NONE, 0});
      ASSERT_EQ(C4J_OK, standard.status()) << c4j_last_error();
      for (int64_t isa : kIsas) {
        if (!cpu_has(isa_of(isa))) continue;
        const Plan tiled(of(C4J_TILED), {2, C4J_KERNELS, isa, C4J_F32, C4J_ACTIVATION_NONE, 0});
        ASSERT_EQ(C4J_OK, tiled.status()) << c4j_last_error();
        for (int64_t pass : kConvolutions) {
          EXPECT_EQ(0U, tiled.implementation(pass).find("kernels"));
          EXPECT_EQ(std::string::npos, standard.implementation(pass).find("kernels"));
          EXPECT_EQ(run(standard, pass, C4J_ADD, operands, C4J_CHANNELS_FIRST),
                    run(tiled, pass, C4J_ADD, operands, C4J_CHANNELS_FIRST))
              << groups << " groups, stride " << stride << ", " << tiled.implementation(pass) << ", pass " << pass;
        }
      }
    }
  }
}

TEST(KernelsTest, TiledByTheOutputEqualsLocalBitForBit) {
  for (int64_t groups : {1, 4, 16}) {
    const c4j_axis height = axis(11, 3, C4J_LOCAL, 1, 2, 1);
    const c4j_axis width = axis(9, 4, C4J_LOCAL, 1, 1, 1);
    const c4j_geometry local = geometry(3, 16, 32, groups, {height, width}, C4J_BIAS_KERNEL);
    c4j_geometry tiled = local;
    for (c4j_axis* a : {&tiled.axes[0], &tiled.axes[1]}) {
      a->sharing = C4J_TILED;
      a->sharing_size = a->output;
    }
    const Operands operands(local, test::random_integers);
    for (int64_t isa : kIsas) {
      if (!cpu_has(isa_of(isa))) continue;
      const Plan one(local, {2, C4J_AUTO, isa, C4J_F32, C4J_ACTIVATION_NONE, 0}),
          other(tiled, {1, C4J_AUTO, isa, C4J_F32, C4J_ACTIVATION_NONE, 0});
      ASSERT_EQ(C4J_OK, one.status()) << c4j_last_error();
      ASSERT_EQ(C4J_OK, other.status()) << c4j_last_error();
      for (int64_t pass : {C4J_FORWARD, C4J_BACKWARD_DATA, C4J_BACKWARD_WEIGHTS, C4J_BACKWARD_BIAS}) {
        EXPECT_EQ(run(one, pass, C4J_OVERWRITE, operands, C4J_CHANNELS_FIRST),
                  run(other, pass, C4J_OVERWRITE, operands, C4J_CHANNELS_FIRST))
            << groups << " groups, " << one.implementation(pass) << ", pass " << pass;
      }
    }
  }
}

TEST(KernelsTest, AForcedInstructionSetReportsItselfAndOneThatTheCpuLacksIsRefused) {
  for (int64_t isa : kIsas) {
    const std::string name = isa_name(isa_of(isa));
    const Plan plan(many_geometries()[0].geometry, {1, C4J_AUTO, isa, C4J_F32, C4J_ACTIVATION_NONE, 0});
    if (!cpu_has(isa_of(isa))) {
      EXPECT_EQ(C4J_UNSUPPORTED, plan.status());
      EXPECT_EQ("isa: this CPU lacks " + name, c4j_last_error());
      continue;
    }
    ASSERT_EQ(C4J_OK, plan.status()) << c4j_last_error();
    for (int64_t pass : kConvolutions) {
      EXPECT_EQ(0U, plan.implementation(pass).find("kernels " + name + " ")) << plan.implementation(pass);
    }
  }
  EXPECT_EQ(
      C4J_INVALID_ARGUMENT,
      Plan(many_geometries()[0].geometry, {1, C4J_AUTO, C4J_ISA_AVX512 + 1, C4J_F32, C4J_ACTIVATION_NONE, 0}).status());
}

TEST(KernelsTest, OneDnnForcedOnAnythingButSharedConvolutionIsRefused) {
  for (const Named& c : many_geometries()) {
    EXPECT_EQ(C4J_UNSUPPORTED, Plan(c.geometry, {1, C4J_ONEDNN, 0, C4J_F32, C4J_ACTIVATION_NONE, 0}).status())
        << c.name;
  }
}

}  // namespace
}  // namespace conv4j
