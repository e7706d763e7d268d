#include "plan/choose.h"

#include <gtest/gtest.h>

#include <string>

#include "test/plan.h"

namespace conv4j {
namespace {

// Whatever the batch: choices are made at one, and oneDNN has other loops at others (128 to 128 channels, 3 x 3, AVX2,
// one image and eight). Its reference loops take thousands of times as long.
void expect_no_reference(const c4j_geometry& layer) {
  for (int64_t n : {1, 8}) {
    c4j_geometry geometry = layer;
    geometry.n = n;
    const test::Plan plan(geometry);
    ASSERT_EQ(C4J_OK, plan.status()) << c4j_last_error();
    for (int64_t pass : {C4J_FORWARD, C4J_BACKWARD_DATA, C4J_BACKWARD_WEIGHTS}) {
      EXPECT_EQ(std::string::npos, plan.implementation(pass).find("ref"))
          << plan.implementation(pass) << " in pass " << pass << " of " << geometry.ic << " to " << geometry.oc
          << " channels in " << geometry.groups << " groups, " << n << " images of " << geometry.axes[0].input
          << ", kernel " << geometry.axes[0].kernel << ", stride " << geometry.axes[0].stride << ", dilation "
          << geometry.axes[0].dilation << (geometry.transposed == 0 ? "" : ", transposed");
    }
  }
}

TEST(ChooseTest, NoLayerIsLeftToReferenceLoops) {
  for (int64_t transposed : {0, 1}) {
    for (int64_t ic : {3, 24, 64, 128, 512}) {
      for (int64_t oc : {3, 24, 64, 128, 512}) {
        for (int64_t groups : {int64_t{1}, ic}) {
          if (groups > 1 && ic != oc) continue;
          for (int64_t input : {7, 28, 56}) {
            for (int64_t kernel : {1, 3, 4}) {
              for (int64_t stride : {1, 2}) {
                c4j_axis axis = test::axis(input, kernel, C4J_SHARED, 1, stride, (kernel - 1) / 2);
                c4j_geometry geometry = test::geometry(1, ic, oc, groups, {axis, axis});
                geometry.transposed = transposed;
                expect_no_reference(geometry);
              }
            }
          }
        }
      }
    }
  }
}

// oneDNN's loops for them go through all taps, those on the padding, too.
TEST(ChooseTest, NorIsOneWithALongKernel) {
  for (int64_t kernel : {10000, 1 << 16, 1 << 17}) {
    for (int64_t transposed : {0, 1}) {
      c4j_geometry geometry = test::geometry(1, 1, 1, 1, {test::axis(4, kernel, C4J_SHARED, 1, 1, kernel - 1)});
      geometry.transposed = transposed;
      expect_no_reference(geometry);
    }
  }
}

}  // namespace
}  // namespace conv4j
