#include "onednn/convolution.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "conv4j/conv4j.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "onednn/engine.h"
#include "test/fenced.h"
#include "test/plan.h"
#include "test/random.h"

namespace conv4j {
namespace {

using test::memory;
using test::Plan;

std::vector<float> gradient_of_weights(const c4j_geometry& geometry, int64_t implementation,
                                       const std::vector<float>& src, const std::vector<float>& dst, int64_t weights) {
  c4j_options options = {};
  options.threads = 1;
  options.implementation = implementation;
  const Plan plan(geometry, options);
  EXPECT_EQ(C4J_OK, plan.status()) << c4j_last_error();
  std::vector<float> gradient(static_cast<size_t>(weights));
  EXPECT_EQ(C4J_OK, plan.execute(C4J_BACKWARD_WEIGHTS, C4J_OVERWRITE, memory(src), memory(gradient), {}, memory(dst),
                                 C4J_CHANNELS_FIRST))
      << c4j_last_error();
  return gradient;
}

void check_padded_depth(int64_t input, int64_t kernel, int64_t stride, int64_t begin, int64_t end) {
  constexpr int64_t kN = 2, kIc = 24, kOc = 32, kHeight = 2, kWidth = 5;
  const int64_t output = (input + begin + end - kernel) / stride + 1;
  const c4j_axis depth = {input, kernel, stride, 1, begin, end, output, C4J_SHARED, 1};
  const c4j_axis height = test::axis(kHeight, 1, C4J_SHARED, 1), width = test::axis(kWidth, 3, C4J_SHARED, 1, 1, 1);
  const c4j_geometry geometry = test::geometry(kN, kIc, kOc, 1, {depth, height, width});
  const auto src = test::random_integers(kN * kIc * input * kHeight * kWidth, 1);
  const auto dst = test::random_integers(kN * kOc * output * kHeight * kWidth, 2);
  const int64_t weights = kIc * kOc * kernel * 3;
  EXPECT_EQ(gradient_of_weights(geometry, C4J_KERNELS, src, dst, weights),
            gradient_of_weights(geometry, C4J_ONEDNN, src, dst, weights))
      << "input " << input << ", kernel " << kernel << ", stride " << stride << ", padding " << begin << ", " << end;
}

// Where oneDNN's own choice writes outside of the gradient.
TEST(OneDnnConvolutionTest, GradientsOf3DWeightsAreRightHoweverFarTheDepthIsPadded) {
  for (const int64_t input : {1, 2, 3, 5}) {
    for (const int64_t kernel : {2, 3, 5, 6}) {
      for (int64_t begin = 1; begin < kernel; ++begin) {
        for (const int64_t end : {int64_t{0}, kernel / 2, kernel - 1}) {
          if (input + begin + end < kernel) continue;
          for (const int64_t stride : {1, 2, 3}) check_padded_depth(input, kernel, stride, begin, end);
        }
      }
    }
  }
}

// Every pass, with operands and scratch of just the size that they are said to need.
void run_fenced(const Geometry& geometry, bool channels_last) {
  const auto convolution = onednn::make_convolution(geometry, Activation(), nullptr, channels_last);
  for (const Pass pass : kPasses) {
    const Implementation::PassInfo& info = convolution->info(pass);
    SCOPED_TRACE(info.name);
    const auto size = [](const onednn::Desc& desc) { return static_cast<int64_t>(desc.get_size() / sizeof(float)); };
    test::Fenced src(size(onednn::activations_desc(info.layouts[kSrc], geometry.src_dims())));
    test::Fenced weights(size(onednn::weights_desc(info.layouts[kWeights], geometry.weights_dims(), geometry.groups)));
    test::Fenced dst(size(onednn::activations_desc(info.layouts[kDst], geometry.dst_dims())));
    test::Fenced<char> scratch(align(info.scratch_bytes));
    void* const operands[] = {src.data(), weights.data(), dst.data()};
    convolution->run(pass, {}, operands, scratch.data());
    EXPECT_TRUE(src.is_untouched_before());
    EXPECT_TRUE(weights.is_untouched_before());
    EXPECT_TRUE(dst.is_untouched_before());
    EXPECT_TRUE(scratch.is_untouched_before());
  }
}

Geometry standard(int64_t n, int64_t ic, int64_t oc, const std::vector<Axis>& axes) {
  return {n, ic, oc, 1, BiasMode::kNone, false, false, axes};
}

// oneDNN's own choice for the gradient of the weights writes outside of its scratch where there are few channels.
TEST(OneDnnConvolutionTest, StridedKernelsOfOneTapStayInTheirMemory) {
  const Axis axis = {34, 1, 2, 1, 0, 0, 17, Sharing::kShared, 1};
  for (const int threads : {1, 2}) {
    const ScopedThreads scope(threads);
    for (int64_t ic = 1; ic <= 17; ++ic) {
      for (const bool channels_last : {false, true}) {
        run_fenced(standard(2, ic, 16, {axis, axis}), channels_last);
        run_fenced(standard(2, ic, 5, {axis}), channels_last);
      }
    }
  }
}

TEST(OneDnnConvolutionTest, RandomLayersStayInTheirMemory) {
  std::mt19937 generator(1);
  const auto draw = [&](int64_t least, int64_t most) {
    return std::uniform_int_distribution<int64_t>(least, most)(generator);
  };
  for (int layer = 0; layer < 200; ++layer) {
    Geometry geometry = standard(draw(1, 3), draw(1, 40), draw(1, 40), {});
    geometry.transposed = draw(0, 1) == 1;
    const int64_t most_outputs[] = {100, 20, 8};
    const int64_t spatial = draw(1, 3);
    for (int64_t i = 0; i < spatial; ++i) {
      Axis axis = {0, draw(1, 4), draw(1, 3), draw(1, 2), 0, 0, draw(1, most_outputs[spatial - 1]), Sharing::kShared,
                   1};
      const int64_t extent = (axis.kernel - 1) * axis.dilation + 1;
      axis.pad_begin = draw(0, extent - 1);
      axis.input = (axis.output - 1) * axis.stride + extent - axis.pad_begin + draw(0, axis.stride - 1);
      geometry.axes.push_back(axis);
    }
    SCOPED_TRACE("layer " + std::to_string(layer));
    const ScopedThreads scope(static_cast<int>(draw(1, 2)));
    run_fenced(geometry, draw(0, 1) == 1);
  }
}

}  // namespace
}  // namespace conv4j
