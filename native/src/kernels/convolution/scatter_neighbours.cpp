#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "kernels/convolution/scatter.h"

namespace conv4j {

namespace {

// Neighbouring output positions that add to what they see together, or each result would be read and written once for
// every few products (8 images, deepface_l4: 0.88 of the time; by twos 0.95, by eights 0.97).
constexpr int64_t kTogether = 4;

class ScatterNeighbours : public ScatterBackwardData {
 public:
  explicit ScatterNeighbours(const Problem& problem) : ScatterBackwardData(problem, whole_columns(problem)) {
    turn_rows();
    find_neighbours();
  }

 private:
  // Output positions side by side, and the taps of all of them by the source position that these see.
  struct Neighbours {
    int64_t count;
    std::map<int64_t, std::vector<Segment>> taps;
  };

  void find_neighbours() {
    const Problem& p = problem_;
    const int64_t output = p.axes[2].output;
    for (int64_t block = 0; block < output; block += widths_) {
      const int64_t block_end = std::min(block + widths_, output);
      std::vector<Neighbours>& all = neighbours_.emplace_back();
      for (int64_t first = block; first < block_end; first += kTogether) {
        Neighbours neighbours = {std::min(kTogether, block_end - first), {}};
        for (int64_t w = first; w < first + neighbours.count; ++w) {
          const Item& item = outputs_[2][static_cast<size_t>(w)];
          for (int64_t k = 0; k < item.taps; ++k) {
            neighbours.taps[item.other + k * item.other_tap_step].push_back(
                {item.kernel * p.weights_kernel + (item.tap + k * item.tap_step) * p.weights_tap, w * dst_.axis[2],
                 p.oc});
          }
        }
        all.push_back(std::move(neighbours));
      }
    }
  }

  // What neighbours give to the source: rows are the inputs of a position, terms the channels of all that see it.
  void scatter_neighbours(const Call& call, const float* row, int64_t d, int64_t h, const Neighbours& neighbours,
                          const Strip& strip) const {
    const Problem& p = problem_;
    const Item &depth = outputs_[0][static_cast<size_t>(d)], &height = outputs_[1][static_cast<size_t>(h)];
    Tile t = {};
    t.a_row = p.oc;
    t.b_step = images_.step();
    t.c_row = t.init_row = t.columns = columns_;
    t.rows = p.ic;
    const int64_t line = p.axes[2].kernel * p.weights_tap;
    for (int64_t i = 0; i < depth.taps; ++i) {
      const float* weights = call.weights + p.kernel_index(depth.kernel, height.kernel, 0) * p.weights_kernel +
                             p.tap_index(depth.tap + i, height.tap, 0) * p.weights_tap;
      float* c = source_row(strip, depth.tap + i, height.other);
      for (int64_t j = 0; j < height.taps; ++j, weights += line, c += p.axes[1].dilation * row_size_) {
        // The next line of taps of each kernel, after the last one the next neighbours' first (a fixed distance takes
        // 1.07 to 1.3 times the time, two lines 1.0).
        t.a_ahead = j + 1 < height.taps ? line : neighbours.count * p.weights_kernel - j * line;
        for (const auto& [position, taps] : neighbours.taps) {
          t.segments = taps.data();
          t.segment_count = static_cast<int64_t>(taps.size());
          for (int64_t g = 0; g < p.groups; ++g) {
            t.a = weights + g * p.weights_group;
            t.b = row + g * p.oc * columns_;
            t.c = c + (position * p.src.axis[2] + g * p.ic) * columns_;
            t.init = t.c;
            images_.gemm(t);
          }
        }
      }
    }
  }

  void scatter(const Call& call, const float* rows, const Block& block, const Strip& strip) const override {
    const int64_t first = block.first - outputs_[2].data();
    for (int64_t h = block.begin; h < block.end; ++h, rows += dst_.axis[1]) {
      for (const Neighbours& neighbours : neighbours_[static_cast<size_t>(first / widths_)]) {
        scatter_neighbours(call, rows, block.depth, h, neighbours, strip);
      }
    }
  }

  std::vector<std::vector<Neighbours>> neighbours_;  // of each block of widths
};

}  // namespace

std::unique_ptr<KernelPass> make_scatter_neighbours(const Problem& problem) {
  return std::make_unique<ScatterNeighbours>(problem);
}

}  // namespace conv4j
