#include "kernels/convolution/scatter.h"

namespace conv4j {

namespace {

class ScatterBlocks : public ScatterBackwardData {
 public:
  explicit ScatterBlocks(const Problem& problem) : ScatterBackwardData(problem, problem.n) {
    const int64_t positions = heights_ * widths_;
    turned_ = reserve_per_thread<float>(positions * problem.dst.axis[2] * columns_);
    sums_ = reserve_per_thread<float>(problem.axes[2].kernel * problem.ic * positions * columns_);
  }

 private:
  // Images of all positions of a block are columns together: its kernel is gone through once.
  void scatter(const Call& call, const float* rows, const Block& block, const Strip& strip) const override {
    const Problem& p = problem_;
    const Item& depth = outputs_[0][static_cast<size_t>(block.depth)];
    const Item* const height_items = outputs_[1].data();
    const int64_t lines = block.end - block.begin, widths = block.last - block.first;
    const int64_t columns = lines * widths * columns_, line = p.axes[2].kernel * p.weights_tap;
    float* const turned = turned_.of<float>(call);
    float* const sums = sums_.of<float>(call);
    float* to = turned;
    for (int64_t h = 0; h < lines; ++h) {
      for (const Item* width = block.first; width != block.last; ++width, to += columns_) {
        const float* from = rows + h * p.dst.axis[1] + width->first * p.dst.axis[2];
        p.kernels.transpose(from, p.dst.image, p.n, p.oc, to, columns);
      }
    }
    const int64_t kernel = p.kernel_index(depth.kernel, height_items[block.begin].kernel, block.first->kernel);
    Segment terms = {0, 0, p.oc};
    Tile t = {};
    t.segments = &terms;
    t.segment_count = 1;
    t.a_row = p.oc;
    t.a_ahead = kWeightsAhead;
    t.b = turned;
    t.b_step = t.columns = t.c_row = columns;
    t.c = sums;
    t.rows = p.axes[2].kernel * p.ic;
    for (int64_t i = 0; i < depth.taps; ++i) {
      t.a = call.weights + kernel * p.weights_kernel + p.tap_index(depth.tap + i, 0, 0) * p.weights_tap;
      for (int64_t j = 0; j < p.axes[1].kernel; ++j, t.a += line) {
        bool is_computed = false;
        for (int64_t h = 0; h < lines; ++h) {
          const Item& height = height_items[block.begin + h];
          const int64_t from_tap = j - height.tap;
          if (from_tap < 0 || from_tap >= height.taps) continue;
          if (!is_computed) p.kernels.gemm(t);
          is_computed = true;
          const int64_t row = height.other + from_tap * height.other_tap_step;
          float* const c = source_row(strip, depth.tap + i, row);
          for (const Item* width = block.first; width != block.last; ++width) {
            const int64_t column = (h * widths + (width - block.first)) * columns_;
            p.kernels.add_rows(c + width->other * p.src.axis[2] * columns_, columns_,
                               sums + width->tap * p.ic * columns + column, columns, width->taps * p.ic, columns_);
          }
        }
      }
    }
  }

  Place turned_, sums_;
};

}  // namespace

std::unique_ptr<KernelPass> make_scatter_blocks(const Problem& problem) {
  return std::make_unique<ScatterBlocks>(problem);
}

}  // namespace conv4j
