#include "kernels/convolution/channelwise.h"

#include <algorithm>
#include <utility>

#include "kernels/convolution/grid.h"
#include "kernels/convolution/spread.h"
#include "kernels/convolution/start.h"

namespace conv4j {

namespace {

// Rows of a tile: short, so that all channels of neighbouring positions of every phase come one after the other (96
// channels, t = 2, 8 images: medians of 16 and 32 rows are equal to half as much again).
constexpr int64_t kMostRows = 8;

// One side's positions computed from the other side's.
class Channelwise : public KernelPass {
 protected:
  Channelwise(const Problem& problem, std::vector<Grid> grids, const Steps& own, const Steps& other)
      : KernelPass(problem),
        channels_(problem.geometry.oc),
        grids_(std::move(grids)),
        own_(own),
        other_(other),
        most_tiles_(std::max<int64_t>(kNearWeights / problem.weights_kernel, 1)) {
    segments_ = reserve_per_thread<Segment>(problem.taps * problem.ic);
  }

  // Computes `to` out of `from`. find(where, list) finds a tile's segments and returns their number, set_init(where,
  // offset of the tile, tile) sets what it starts from, and run(tile) computes it.
  template <typename Find, typename SetInit, typename Run>
  void run(const Call& call, const float* from, float* to, bool streams, const Find& find, const SetInit& set_init,
           const Run& run) const {
    const Problem& p = problem_;
    const auto run_line = [&](const Line& line) {
      Segment* list = segments_.of<Segment>(call);
      Tile t = {};
      t.segments = list;
      t.columns = channels_;
      t.streams = streams;
      int64_t kind = -1;
      for (int64_t i = line.begin; i < line.end;) {
        const Where where = line.at(i), next = line.at(std::min(i + 1, line.end - 1));
        if (where.axis[2]->kind != kind) t.segment_count = find(where, list);
        kind = where.axis[2]->kind;
        const int64_t own = where.own(own_), kernel = kernel_of(p, where);
        t.a = from + where.other(other_);
        t.a_next = next.other(other_) - where.other(other_);
        t.b = p.weights_at(call.weights, kernel);
        t.b_next = kernel_of(p, next) - kernel;
        t.c = to + own;
        t.c_next = next.own(own_) - own;
        t.rows = where.count();
        t.a_row = where.other_row(other_);
        t.c_row = where.own_row(own_);
        set_init(where, own, t);
        i += run_tiles(line, i, t, run);
      }
    };
    for_each_line(grids_, run_line, ending(streams));
  }

  int64_t channels_;

 private:
  // Runs the tile at i and, if its rows are images or a single position, those that follow it at equal steps; the
  // return value is their number. Images are rows four at a time: with more, their lines are too many for the CPU's own
  // prefetchers (96 channels on a Zen 4, eight: 1.3 to 1.6 times the time). The others find the weights of these tiles
  // in the cache.
  template <typename Run>
  int64_t run_tiles(const Line& line, int64_t i, Tile& tile, const Run& run) const {
    if (line.first.rows != 3 && tile.rows > 1) {
      tile.tiles = 1;  // The line may have single positions, too.
      run(tile);
      return 1;
    }
    tile.tiles = std::min(line.equal_steps(i), most_tiles_);
    for (int64_t first = 0; first < tile.rows; first += kImages) {
      Tile piece = tile;
      if (first == 0) piece.b_ahead = problem_.weights_kernel;
      piece.rows = std::min(kImages, tile.rows - first);
      piece.a += first * tile.a_row;
      piece.c += first * tile.c_row;
      if (piece.init != nullptr) piece.init += first * tile.init_row;
      run(piece);
    }
    return tile.tiles;
  }

  static constexpr int64_t kImages = 4;
  static constexpr int64_t kNearWeights = 64 << 10;  // in the second-level cache

  std::vector<Grid> grids_;
  Steps own_, other_;
  int64_t most_tiles_;
  Place segments_;
};

class ChannelwiseForward : public Channelwise {
 public:
  explicit ChannelwiseForward(const Problem& problem)
      : Channelwise(problem, output_grids(problem, kMostRows), problem.dst, Spread(problem).steps()),
        start_(problem),
        spread_(problem) {
    turned_ = reserve<float>(start_.turned_size());
    src_ = reserve<float>(spread_.size());
  }

  void run(const Call& call) const override {
    const Problem& p = problem_;
    const Start::Values values = start_.of(call, turned_.of<float>(call));
    const float* src = spread_.of(call.src, src_.of<float>(call));
    const bool streams = streams_positions(call, call.dst, p.dst, channels_, p.taps * p.ic);
    const auto find = [&](const Where& where, Segment* list) { return find_segments(where, list); };
    const auto set_init = [&](const Where& where, int64_t own, Tile& t) {
      start_.set(values, where, own, p.weights_kernel, t);
    };
    Channelwise::run(call, src, call.dst, streams, find, set_init, p.channelwise);
  }

 private:
  int64_t find_segments(const Where& where, Segment* list) const {
    const Problem& p = problem_;
    const Steps& src = spread_.steps();
    const Item &depth = *where.axis[0], &height = *where.axis[1], &width = *where.axis[2];
    int64_t count = 0;
    for (int64_t d = 0; d < depth.taps; ++d) {
      for (int64_t h = 0; h < height.taps; ++h) {
        for (int64_t w = 0; w < width.taps; ++w) {
          const int64_t a = d * p.axes[0].dilation * src.axis[0] + h * p.axes[1].dilation * src.axis[1] +
                            w * p.axes[2].dilation * src.axis[2];
          const int64_t b = p.tap_index(depth.tap + d, height.tap + h, width.tap + w) * p.weights_tap;
          for (int64_t i = 0; i < p.ic; ++i) list[count++] = {a + i * channels_, b + i * channels_, 1};
        }
      }
    }
    return count;
  }

  Start start_;
  Spread spread_;
  Place turned_, src_;
};

class ChannelwiseBackwardData : public Channelwise {
 public:
  explicit ChannelwiseBackwardData(const Problem& problem)
      : Channelwise(problem, source_grids(problem, kMostRows), problem.src, problem.dst),
        gathers_(problem.ic > 1 || problem.oc > 1) {
    if (gathers_) shares_ = reserve_per_thread<float>(kMostRows * problem.ic * channels_);
  }

  void run(const Call& call) const override {
    const Problem& p = problem_;
    const bool streams = !gathers_ && streams_positions(call, call.src, p.src, channels_, p.taps);
    const auto find = [&](const Where& where, Segment* list) { return source_segments(p, where, p.dst, 1, list); };
    const auto set_init = [&](const Where&, int64_t, Tile& t) {
      t.init = call.add ? t.c : call.bias;
      t.init_next = call.add ? t.c_next : 0;
      t.init_row = call.add ? t.c_row : 0;
    };
    const auto run_tile = [&](const Tile& t) { gathers_ ? gather(call, t) : p.channelwise(t); };
    Channelwise::run(call, call.dst, call.src, streams, find, set_init, run_tile);
  }

 private:
  // A group's output channels each give their share to its input channels.
  void gather(const Call& call, Tile piece) const {
    const Problem& p = problem_;
    if (piece.tiles > 1) {
      const int64_t tiles = piece.tiles;
      piece.tiles = 1;
      for (int64_t i = 0; i < tiles; ++i) {
        gather(call, piece);
        piece.a += piece.a_next;
        piece.b = static_cast<const char*>(piece.b) + piece.b_next * p.weight_bytes;
        piece.c += piece.c_next;
        if (piece.init != nullptr) piece.init += piece.init_next;
      }
      return;
    }
    float* shares = shares_.of<float>(call);
    Tile t = piece;
    t.init = nullptr;
    t.c_row = p.ic * channels_;
    for (int64_t i = 0; i < p.ic; ++i) {
      t.b = static_cast<const char*>(piece.b) + i * channels_ * p.weight_bytes;
      t.c = shares + i * channels_;
      p.channelwise(t);
    }
    for (int64_t row = 0; row < piece.rows; ++row) {
      for (int64_t g = 0; g < p.groups; ++g) {
        for (int64_t i = 0; i < p.ic; ++i) {
          float sum = piece.init == nullptr ? 0 : piece.init[row * piece.init_row + g * p.ic + i];
          for (int64_t o = 0; o < p.oc; ++o) sum += shares[(row * p.ic + i) * channels_ + g * p.oc + o];
          piece.c[row * piece.c_row + g * p.ic + i] = sum;
        }
      }
    }
  }

  bool gathers_;
  Place shares_;
};

}  // namespace

std::unique_ptr<KernelPass> make_channelwise_forward(const Problem& problem) {
  return std::make_unique<ChannelwiseForward>(problem);
}
std::unique_ptr<KernelPass> make_channelwise_backward_data(const Problem& problem) {
  return std::make_unique<ChannelwiseBackwardData>(problem);
}

}  // namespace conv4j
