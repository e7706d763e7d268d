#include <cstring>
#include <memory>
#include <vector>

#include "core/parallel.h"
#include "kernels/convolution/backward_weights.h"
#include "kernels/convolution/grid.h"

namespace conv4j {

namespace {

// Local layers of one output channel, by source positions: each gives all kernels that reach it their gradients, sums
// over the images, and is read once, where by output positions it is read for every tap (local_oc1, AVX2, 8 images:
// 0.79 of the time, where a gradient of 9 MB comes from memory 0.5). Writing past the caches gains nothing.
class SourceBackwardWeights : public KernelPass {
 public:
  explicit SourceBackwardWeights(const Problem& problem)
      : KernelPass(problem), grids_(source_grids_by_images(problem)) {
    for (int axis = 0; axis < 3; ++axis) outputs_[axis] = output_items(problem.axes[axis], false);
  }

  void run(const Call& call) const override {
    if (!call.add) clear_kernels_at_borders(call.weights);
    const auto run_line = [&](const Line& line) {
      for (int64_t i = line.begin; i < line.end; ++i) run_position(call, line.at(i));
    };
    for_each_line(grids_, run_line, [] {});
  }

 private:
  void run_position(const Call& call, const Where& where) const {
    const Problem& p = problem_;
    const Item &d = *where.axis[0], &h = *where.axis[1], &w = *where.axis[2];
    if (h.taps == 0 || w.taps == 0) return;
    // A step to the next tap is one back to its output position and to its kernel.
    const auto step = [&](const Item& item, int64_t kernels, int64_t taps) {
      return item.other_tap_step * kernels * p.weights_kernel + item.tap_step * taps * p.weights_tap;
    };
    const int64_t kernels = p.axes[2].kernels(), taps = p.axes[2].kernel;
    const int64_t depth = step(d, p.axes[1].kernels() * kernels, p.axes[1].kernel * taps);
    const int64_t height = step(h, kernels, taps), width = step(w, 1, 1);
    const Segment images = {0, 0, p.n};
    Tile t = {};
    t.segments = &images;
    t.segment_count = 1;
    // The last tap of a line comes first: its outputs follow each other.
    t.a = call.dst + where.other(p.dst) - (w.taps - 1) * p.dst.axis[2];
    t.a_row = p.dst.image;
    t.a_line = h.other_tap_step * p.dst.axis[1];
    t.b = call.src + where.own(p.src);
    t.b_step = p.src.image;
    t.c = call.weights + kernel_of(p, where) + p.tap_index(d.tap, h.tap, w.tap) * p.weights_tap + (w.taps - 1) * width;
    t.c_row = t.init_row = -width;
    t.c_line = height;
    t.line_rows = w.taps;
    t.rows = h.taps * w.taps;
    t.columns = p.ic;
    for (int64_t i = 0; i < d.taps; ++i) {
      t.init = call.add ? t.c : nullptr;
      p.kernels.gemm_t(t);
      t.a += d.other_tap_step * p.dst.axis[0];
      t.c += depth;
    }
  }

  // Kernels some of whose taps lie on the padding, and those of no position.
  void clear_kernels_at_borders(float* weights) const {
    const Problem& p = problem_;
    const int64_t depths = p.axes[0].kernels(), heights = p.axes[1].kernels(), widths = p.axes[2].kernels();
    parallel_for(depths * heights, [&](int64_t unit) {
      const int64_t depth = unit / heights, height = unit % heights;
      const bool is_inside = meets_all(0, depth) && meets_all(1, height);
      for (int64_t width = 0; width < widths; ++width) {
        if (is_inside && meets_all(2, width)) continue;
        std::memset(weights + p.kernel_index(depth, height, width) * p.weights_kernel, 0,
                    static_cast<size_t>(p.weights_kernel) * sizeof(float));
      }
    });
  }

  bool meets_all(int axis, int64_t kernel) const {
    const Axis& a = problem_.axes[axis];
    return kernel < a.output && outputs_[axis][static_cast<size_t>(kernel)].taps == a.kernel;
  }

  std::vector<Grid> grids_;
  std::vector<Item> outputs_[3];
};

}  // namespace

// Where several taps share a position, a line's taps meet outputs that follow each other, and a position's sums pay for
// a tile (one image: 64 channels 0.73 of the time, 40 0.88, 20 1.33; 8 images: 16 channels 0.84, 10 1.08).
std::unique_ptr<KernelPass> make_source_backward_weights(const Problem& problem) {
  constexpr int64_t kManyInputs = 16, kManyProducts = 40;
  const Axis& width = problem.axes[2];
  const bool follow = width.stride % width.dilation == 0;
  if (problem.geometry.oc > 1 || problem.order != Problem::Order::kIcInner || !follow || problem.taps == 1 ||
      problem.ic < kManyInputs || problem.n * problem.ic < kManyProducts) {
    return nullptr;
  }
  return std::make_unique<SourceBackwardWeights>(problem);
}

}  // namespace conv4j
