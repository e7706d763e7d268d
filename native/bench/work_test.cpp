#include "bench/work.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace conv4j::bench {
namespace {

// Walks every tap of a two-dimensional case and remembers what it touches.
Work walk(const c4j_geometry& g, int64_t pass, double weight_bytes) {
  using Element = std::array<int64_t, 6>;
  std::set<Element> src, weights, dst;
  double flops = 0;
  const c4j_axis &h = g.axes[0], &w = g.axes[1];
  const int64_t ic = g.ic / g.groups, oc = g.oc / g.groups;
  for (int64_t n = 0; n < g.n; ++n) {
    for (int64_t o = 0; o < g.oc; ++o) {
      for (int64_t y = 0; y < h.output; ++y) {
        for (int64_t x = 0; x < w.output; ++x) {
          for (int64_t i = 0; i < ic; ++i) {
            for (int64_t ky = 0; ky < h.kernel; ++ky) {
              for (int64_t kx = 0; kx < w.kernel; ++kx) {
                const int64_t sy = y * h.stride - h.pad_begin + ky * h.dilation;
                const int64_t sx = x * w.stride - w.pad_begin + kx * w.dilation;
                if (sy < 0 || sy >= h.input || sx < 0 || sx >= w.input) continue;
                flops += 2;
                src.insert({n, o / oc * ic + i, sy, sx});
                weights.insert({o, kernel_of(h, y), kernel_of(w, x), i, ky, kx});
                dst.insert({n, o, y, x});
              }
            }
          }
        }
      }
    }
  }
  const double touched[] = {4.0 * static_cast<double>(src.size()), weight_bytes * static_cast<double>(weights.size()),
                            4.0 * static_cast<double>(dst.size())};
  const double whole[] = {4.0 * static_cast<double>(g.n * g.ic * h.input * w.input),
                          4.0 * static_cast<double>(g.oc * kernels_of(h) * kernels_of(w) * ic * h.kernel * w.kernel),
                          4.0 * static_cast<double>(g.n * g.oc * h.output * w.output)};
  switch (pass) {
    case C4J_FORWARD:
      return {flops, touched[0] + touched[1], whole[2]};
    case C4J_BACKWARD_DATA:
      return {flops, touched[1] + touched[2], whole[0]};
    default:
      return {flops, touched[0] + touched[2], whole[1]};
  }
}

TEST(WorkTest, CountsWhatAWalkOverEveryTapFinds) {
  const c4j_axis axes[] = {
      {7, 3, 1, 1, 1, 1, 7, C4J_LOCAL, 1},    // kernels at the border have weights that nothing touches
      {8, 3, 3, 1, 0, 0, 2, C4J_TILED, 2},    // a source that is not touched to its end
      {9, 2, 3, 1, 0, 0, 3, C4J_BLOCKS, 2},   // gaps in the source
      {6, 3, 1, 2, 4, 2, 8, C4J_TILED, 5},    // outputs with one tap
      {5, 2, 2, 3, 1, 1, 2, C4J_SHARED, 1},   //
      {4, 3, 1, 1, 2, 2, 6, C4J_TILED, 9},    // more kernels than positions
      {3, 1, 2, 1, 2, 2, 4, C4J_BLOCKS, 3}};  // outputs with none
  for (const c4j_axis& h : axes) {
    for (const c4j_axis& w : axes) {
      const c4j_geometry geometry = {2, 2, 4, 6, 2, C4J_BIAS_NONE, C4J_CROSS_CORRELATION, 0, {h, w, {}}};
      for (int64_t pass : {C4J_FORWARD, C4J_BACKWARD_DATA, C4J_BACKWARD_WEIGHTS}) {
        for (int64_t weight_bytes : {2, 4}) {
          const Work counted = work_of(geometry, pass, weight_bytes);
          const Work walked = walk(geometry, pass, static_cast<double>(weight_bytes));
          EXPECT_EQ(walked.flops, counted.flops);
          EXPECT_EQ(walked.read_bytes, counted.read_bytes);
          EXPECT_EQ(walked.result_bytes, counted.result_bytes);
        }
      }
    }
  }
}

}  // namespace
}  // namespace conv4j::bench
