#include "onednn/convolution.h"

#include <gtest/gtest.h>

#include <vector>

#include "conv4j/conv4j.h"
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

}  // namespace
}  // namespace conv4j
