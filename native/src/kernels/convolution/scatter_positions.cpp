#include "kernels/convolution/scatter.h"

namespace conv4j {

namespace {

// One row alone takes weights from memory so fast that little more than what keeps the CPU's own prefetchers going
// helps (deepface_l4, one image, on a Zen 4: 0.64 -> 0.97 of the roofline; from 4 KB on 0.65). From the cache, any
// prefetch costs a tenth and more, but weights that fill it come from memory, too (deepface_l5, 31 MB, on a Zen 5: 1.9
// -> 1.05 ms).
constexpr int64_t kRowAhead = 256;
// Of fewer terms, columns follow each other so closely that a Zen 4 needs none (deepface_l4 0.91 of the time, l5 0.83;
// 32 terms 1.03, 64 1.07).
constexpr int64_t kLongTerms = 32;
// Results of a row of taps that are too few for a tile of their own. Of images as columns, more are (mnist_c1, 32
// images: 0.95 of the time; deepface_l5, one image, would take 1.02).
constexpr int64_t kShortRow = 64, kShortRowOfImages = 256;

int64_t row_ahead(const Problem& problem) {
  const bool pays = cpu() != Cpu::kZen4 || problem.oc >= kLongTerms;
  return pays && exceeds_half_of_last_level(problem) ? kRowAhead : 0;
}

// Of one image, a tile is one row.
class ScatterPositions : public ScatterBackwardData {
 public:
  explicit ScatterPositions(const Problem& problem)
      : ScatterBackwardData(problem, problem.n > 1 ? whole_columns(problem) : 1),
        by_images_(problem.n > 1),
        row_ahead_(row_ahead(problem)) {
    if (by_images_) turn_rows();
    if (folds()) sums_ = reserve_per_thread<float>(problem.taps * problem.ic * columns_);
  }

 private:
  // Whether the taps of a row follow each other in memory.
  bool merges() const { return problem_.axes[2].dilation == 1 && problem_.groups == 1; }
  // Whether a row of taps is so short that all rows of a kernel, which follow each other in memory, are computed in one
  // and then added to the source's.
  bool folds() const {
    const Problem& p = problem_;
    return merges() && p.axes[2].kernel * p.ic * columns_ < (by_images_ ? kShortRowOfImages : kShortRow);
  }

  void scatter(const Call& call, const float* rows, const Block& block, const Strip& strip) const override {
    for (int64_t h = block.begin; h < block.end; ++h, rows += dst_.axis[1]) {
      if (outputs_[1][static_cast<size_t>(h)].taps > 0) scatter_row(call, rows, h, block, strip);
    }
  }

  void scatter_row(const Call& call, const float* row, int64_t h, const Block& block, const Strip& strip) const {
    const Problem& p = problem_;
    const Item &depth = outputs_[0][static_cast<size_t>(block.depth)], &height = outputs_[1][static_cast<size_t>(h)];
    const Segment terms = {0, 0, p.oc};
    Tile t = tile(terms);
    for (const Item* width = block.first; width < block.last; ++width) {
      const float* const position = row + width->first * dst_.axis[2];
      const int64_t kernel = p.kernel_index(depth.kernel, height.kernel, width->kernel) * p.weights_kernel;
      for (int64_t i = 0; i < depth.taps; ++i) {
        const int64_t weights = kernel + p.tap_index(depth.tap + i, height.tap, width->tap) * p.weights_tap;
        float* const c = source_row(strip, depth.tap + i, height.other) + width->other * p.src.axis[2] * columns_;
        if (folds() && width->taps == p.axes[2].kernel) {
          scatter_folded(call, position, weights, height.taps, c, t);
        } else {
          scatter_taps(call, position, weights, height.taps, width->taps, c, t);
        }
      }
    }
  }

  // What all tiles have in common: to set it for each took small ones 1.15 to 1.24 times as long.
  Tile tile(const Segment& terms) const {
    const Problem& p = problem_;
    const int64_t next = p.axes[2].kernel * p.weights_tap;
    Tile t = {};
    t.segments = &terms;
    t.segment_count = 1;
    t.c_next = t.init_next = p.axes[1].dilation * row_size_;
    if (by_images_) {
      t.a_row = p.oc;
      t.a_next = next;
      t.a_ahead = kWeightsAhead;
      t.b_step = images_.step();
      t.c_row = t.init_row = t.columns = columns_;
    } else {
      t.b_step = p.oc;
      t.b_next = next;
      t.b_ahead = row_ahead_;
      t.rows = 1;
    }
    return t;
  }

  // A position's taps of one depth, `heights` rows of `widths`.
  void scatter_taps(const Call& call, const float* position, int64_t weights, int64_t heights, int64_t widths, float* c,
                    Tile& t) const {
    const Problem& p = problem_;
    const int64_t tile_taps = merges() ? widths : 1;
    t.tiles = heights;
    for (int64_t g = 0; g < p.groups; ++g) {
      for (int64_t tap = 0; tap < widths; tap += tile_taps) {
        t.c = c + (tap * p.axes[2].dilation * p.src.axis[2] + g * p.ic) * columns_;
        t.init = t.c;
        run_tile(call, position + g * p.oc * columns_, weights + g * p.weights_group + tap * p.weights_tap,
                 tile_taps * p.ic, t);
      }
    }
  }

  // Whole rows of taps.
  void scatter_folded(const Call& call, const float* position, int64_t weights, int64_t heights, float* c,
                      Tile& t) const {
    const Problem& p = problem_;
    const int64_t row = p.axes[2].kernel * p.ic;
    t.tiles = 1;
    t.c = sums_.of<float>(call);
    t.init = nullptr;
    run_tile(call, position, weights, heights * row, t);
    p.kernels.add_rows(c, p.axes[1].dilation * row_size_, t.c, row * columns_, heights, row * columns_);
  }

  // So many results of each image, from the channels of a position and a group.
  void run_tile(const Call& call, const float* channels, int64_t weights, int64_t results, Tile& t) const {
    const Problem& p = problem_;
    if (by_images_) {
      t.a = call.weights + weights;
      t.b = channels;
      t.rows = results;
      images_.gemm(t);
    } else {
      t.a = channels;
      t.b = p.weights_at(call.weights, weights);
      t.columns = results;
      p.dot(t);
    }
  }

  bool by_images_;  // These are columns.
  int64_t row_ahead_;
  Place sums_;
};

}  // namespace

std::unique_ptr<KernelPass> make_scatter_positions(const Problem& problem) {
  return std::make_unique<ScatterPositions>(problem);
}

}  // namespace conv4j
