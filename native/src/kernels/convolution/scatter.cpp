#include "kernels/convolution/scatter.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "core/division.h"
#include "kernels/convolution/image_columns.h"
#include "kernels/convolution/items.h"

namespace conv4j {

namespace {

// Of rows of output positions, so that any number of threads finds enough.
constexpr int64_t kStrips = 8;
// See the forward pass.
constexpr int64_t kWeightsAhead = 4096;
// One row alone takes weights from memory so fast that little more than what keeps the CPU's own prefetchers going
// helps (deepface_l4, one image, on a Zen 4: 0.64 -> 0.97 of the roofline; from 4 KB on 0.65). From the cache, any
// prefetch costs a tenth and more, but weights that fill it come from memory, too (deepface_l5, 31 MB, on a Zen 5: 1.9
// -> 1.05 ms).
constexpr int64_t kRowAhead = 256;
// Results of a row of taps that are too few for a tile of their own. Of images as columns, more are (mnist_c1, 32
// images: 0.95 of the time; deepface_l5, one image, would take 1.02).
constexpr int64_t kShortRow = 64, kShortRowOfImages = 256;

bool exceeds_half_of_last_level(const Problem& problem) {
  return problem.weights_size() * problem.weight_bytes > last_level_cache_bytes() / 2;
}

bool is_tiled(const Problem& problem) {
  return std::any_of(std::begin(problem.axes), std::end(problem.axes), [](const Axis& axis) {
    return axis.sharing == Sharing::kTiled && axis.sharing_size < axis.output;
  });
}

// Whether the images of all positions of a block become columns together (blocks2_c64_56, 8 images, on a Cascade Lake:
// 0.7 of the time).
bool joins_blocks(const Problem& problem) {
  const Axis& width = problem.axes[2];
  return width.dilation == 1 && problem.groups == 1 && width.sharing == Sharing::kBlocks && width.sharing_size > 1 &&
         width.sharing_size < width.output;
}

// Neighbouring output positions that add to what they see together, or each result would be read and written once for
// every few products (8 images, deepface_l4: 0.88 of the time; by twos 0.95, by eights 0.97).
constexpr int64_t kTogether = 4;
// Images that leave lanes empty (16 images by source positions: 0.95 to 1.05 of the time).
constexpr int64_t kFewImages = 8;

// Whether neighbours do so: the inputs of a source position make rows enough.
bool adds_together(const Problem& problem) {
  return problem.n > 1 && problem.n <= kFewImages && problem.ic >= kFewInputs && !joins_blocks(problem);
}

// Empty lanes are made columns, too (masked, deepface_l4, 6 images: 41 ms instead of 13).
int64_t columns_of(const Problem& problem) {
  const int64_t half = problem.kernels.lanes / 2;
  return adds_together(problem) ? ceil_div(problem.n, half) * half : problem.n;
}

// Each output position adds to all source elements under its taps: by source positions, kernels would come out of
// order, and in pieces. Images are columns; of one alone, terms are in the lanes, and a tile is one row.
class ScatterBackwardData : public KernelPass {
 public:
  explicit ScatterBackwardData(const Problem& problem)
      : KernelPass(problem),
        by_images_(problem.n > 1),
        columns_(columns_of(problem)),
        images_(problem, columns_),
        dst_(problem.dst),
        row_ahead_(exceeds_half_of_last_level(problem) ? kRowAhead : 0) {
    source_depths_ = source_items(problem.axes[0], false);
    for (int axis = 0; axis < 3; ++axis) outputs_[axis] = output_items(problem.axes[axis], false);
    const Axis& height = problem.axes[1];
    const Axis& width = problem.axes[2];
    strip_rows_ = std::max<int64_t>(height.output / kStrips, 1);
    widths_ = width.output;
    if (height.sharing == Sharing::kBlocks && height.sharing_size <= strip_rows_) {
      heights_ = height.sharing_size;
      strip_rows_ = ceil_div(strip_rows_, heights_) * heights_;
    }
    if (width.sharing == Sharing::kBlocks) widths_ = std::min(width.sharing_size, width.output);
    strip_count_ = ceil_div(height.output, strip_rows_);
    strip_height_ = (strip_rows_ - 1) * height.stride + (height.kernel - 1) * height.dilation + 1;
    strip_size_ = problem.axes[0].kernel * strip_height_ * problem.src.axis[1] * columns_;
    strips_ = reserve<float>(problem.axes[0].output * strip_count_ * strip_size_);
    if (joins()) {
      sums_ = reserve_per_thread<float>(problem.axes[2].kernel * problem.ic * heights_ * widths_ * columns_);
    } else if (folds()) {
      sums_ = reserve_per_thread<float>(problem.taps * problem.ic * columns_);
    }
    if (by_images_) {
      for (int64_t& step : dst_.axis) step *= columns_;
      dst_.image = 1;
      const int64_t turned = joins() ? widths_ * problem.dst.axis[2] : problem.dst.axis[1];
      turned_size_ = heights_ * turned * columns_;
      turned_ = reserve_per_thread<float>(turned_size_);
      row_ = reserve_per_thread<float>(problem.src.axis[1] * columns_);
    }
    if (adds_together(problem)) find_neighbours();
  }

  // A unit of work is a strip of rows of output positions, which go over their kernels in the order in memory, and give
  // to rows of the source of their own. These are summed up strip after strip. Images become columns row by row, near
  // the core (mnist_c1, all of them before: 32 images 1.2 times as long, 128 1.8 times).
  void run(const Call& call) const override {
    const Problem& p = problem_;
    const Axis &depth = p.axes[0], &height = p.axes[1];
    float* strips = strips_.of<float>(call);
    if (columns_ > p.n) {
      for (int thread = 0; thread < p.threads; ++thread) {
        std::fill_n(turned_.of<float>(call, thread), turned_size_, 0.0f);
      }
    }
    parallel_for(depth.output * strip_count_, [&](int64_t unit) {
      float* strip = strips + unit * strip_size_;
      std::fill_n(strip, strip_size_, 0.0f);
      const int64_t d = unit / strip_count_, first = unit % strip_count_ * strip_rows_;
      const int64_t last = std::min(first + strip_rows_, height.output);
      for (int64_t h = first; h < last; h += heights_) {
        const int64_t end = std::min(h + heights_, last);
        const float* rows = call.dst + d * p.dst.axis[0] + h * p.dst.axis[1];
        if (by_images_ && !joins()) {
          float* const turned = turned_.of<float>(call);
          images_.turn(rows, (end - h) * p.dst.axis[1], turned);
          rows = turned;
        }
        scatter_rows(call, rows, d, h, end, strip);
      }
    });
    const int64_t row_size = p.src.axis[1];
    parallel_for(depth.input * height.input, [&](int64_t unit) {
      const Item& d = source_depths_[static_cast<size_t>(unit / height.input)];
      const int64_t h = unit % height.input;
      float* to = call.src + d.first * p.src.axis[0] + h * p.src.axis[1];
      float* sum = by_images_ ? row_.of<float>(call) : to;
      if (by_images_ && call.add) {
        p.kernels.transpose(to, p.src.image, p.n, row_size, sum, columns_);
      } else if (!call.add) {
        for (int64_t i = 0; i < row_size; i += p.geometry.ic) {
          for (int64_t c = 0; c < p.geometry.ic; ++c) {
            std::fill_n(sum + (i + c) * columns_, columns_, call.bias == nullptr ? 0 : call.bias[c]);
          }
        }
      }
      for (int64_t i = 0; i < d.taps; ++i) {
        const int64_t output_d = d.other + i * d.other_tap_step, tap_d = d.tap + i * d.tap_step;
        for (int64_t strip = 0; strip < strip_count_; ++strip) {
          const int64_t at = h - strip_begin(strip);
          if (at < 0 || at >= strip_height_) continue;
          p.kernels.add(sum,
                        strips + (output_d * strip_count_ + strip) * strip_size_ +
                            (tap_d * strip_height_ + at) * row_size * columns_,
                        row_size * columns_);
        }
      }
      if (by_images_) p.kernels.transpose(sum, columns_, row_size, p.n, to, p.src.image);
    });
  }

 private:
  // Whether a row of taps is so short that all rows of a kernel, which follow each other in memory, are computed in one
  // and then added to the source's.
  bool folds() const {
    const Problem& p = problem_;
    return merges() && p.axes[2].kernel * p.ic * columns_ < (by_images_ ? kShortRowOfImages : kShortRow);
  }
  bool joins() const { return by_images_ && joins_blocks(problem_); }
  // Whether the taps of a row follow each other in memory.
  bool merges() const { return problem_.axes[2].dilation == 1 && problem_.groups == 1; }

  // The source row that a strip begins with.
  int64_t strip_begin(int64_t strip) const {
    const Axis& height = problem_.axes[1];
    return strip * strip_rows_ * height.stride - height.pad_begin;
  }

  // What rows of output positions give to the source, block by block if they are of one, whose kernels come from memory
  // once (blocks2_c64_56: 0.91 to 0.96 of the time).
  void scatter_rows(const Call& call, const float* rows, int64_t d, int64_t first, int64_t last, float* strip) const {
    const Item* const widths = outputs_[2].data();
    const int64_t output = problem_.axes[2].output;
    for (int64_t w = 0; w < output; w += widths_) {
      const int64_t end = std::min(w + widths_, output);
      if (joins()) {
        scatter_block(call, rows, {d, first, last}, {widths + w, widths + end}, strip);
        continue;
      }
      for (int64_t h = first; h < last; ++h) {
        const float* const row = rows + (h - first) * dst_.axis[1];
        if (neighbours_.empty()) {
          scatter_row(call, row, d, h, widths + w, widths + end, strip);
          continue;
        }
        for (const Neighbours& neighbours : neighbours_[static_cast<size_t>(w / widths_)]) {
          scatter_neighbours(call, row, d, h, neighbours, strip);
        }
      }
    }
  }

  // Of one depth.
  struct Heights {
    int64_t depth, begin, end;
  };
  struct Widths {
    const Item *begin, *end;
  };

  // Images of all positions of a block are columns together: its kernel is gone through once.
  void scatter_block(const Call& call, const float* rows, const Heights& heights, const Widths& widths,
                     float* strip) const {
    const Problem& p = problem_;
    const Item& depth = outputs_[0][static_cast<size_t>(heights.depth)];
    const Item* const height_items = outputs_[1].data();
    const int64_t lines = heights.end - heights.begin, columns = lines * (widths.end - widths.begin) * columns_;
    const int64_t row_size = p.src.axis[1] * columns_, line = p.axes[2].kernel * p.weights_tap;
    float* const block = turned_.of<float>(call);
    float* const sums = sums_.of<float>(call);
    float* to = block;
    for (int64_t h = 0; h < lines; ++h) {
      for (const Item* width = widths.begin; width != widths.end; ++width, to += columns_) {
        const float* from = rows + h * p.dst.axis[1] + width->first * p.dst.axis[2];
        p.kernels.transpose(from, p.dst.image, p.n, p.oc, to, columns);
      }
    }
    const int64_t kernel = p.kernel_index(depth.kernel, height_items[heights.begin].kernel, widths.begin->kernel);
    Segment terms = {0, 0, p.oc};
    Tile t = {};
    t.segments = &terms;
    t.segment_count = 1;
    t.a_row = p.oc;
    t.a_ahead = kWeightsAhead;
    t.b = block;
    t.b_step = t.columns = t.c_row = columns;
    t.c = sums;
    t.rows = p.axes[2].kernel * p.ic;
    for (int64_t i = 0; i < depth.taps; ++i) {
      t.a = call.weights + kernel * p.weights_kernel + p.tap_index(depth.tap + i, 0, 0) * p.weights_tap;
      for (int64_t j = 0; j < p.axes[1].kernel; ++j, t.a += line) {
        bool is_computed = false;
        for (int64_t h = 0; h < lines; ++h) {
          const Item& height = height_items[heights.begin + h];
          const int64_t from_tap = j - height.tap;
          if (from_tap < 0 || from_tap >= height.taps) continue;
          if (!is_computed) p.kernels.gemm(t);
          is_computed = true;
          float* const c = strip + ((depth.tap + i) * strip_height_ + height.other + from_tap * height.other_tap_step -
                                    strip_begin(heights.begin / strip_rows_)) *
                                       row_size;
          for (const Item* width = widths.begin; width != widths.end; ++width) {
            const int64_t column = (h * (widths.end - widths.begin) + (width - widths.begin)) * columns_;
            p.kernels.add_rows(c + width->other * p.src.axis[2] * columns_, sums + width->tap * p.ic * columns + column,
                               columns, width->taps * p.ic, columns_);
          }
        }
      }
    }
  }

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
                          float* strip) const {
    const Problem& p = problem_;
    const Item &depth = outputs_[0][static_cast<size_t>(d)], &height = outputs_[1][static_cast<size_t>(h)];
    Tile t = {};
    t.a_row = p.oc;
    t.b_step = images_.step();
    t.c_row = t.init_row = t.columns = columns_;
    t.rows = p.ic;
    const int64_t row_size = p.src.axis[1] * columns_, line = p.axes[2].kernel * p.weights_tap;
    for (int64_t i = 0; i < depth.taps; ++i) {
      const float* weights = call.weights + p.kernel_index(depth.kernel, height.kernel, 0) * p.weights_kernel +
                             p.tap_index(depth.tap + i, height.tap, 0) * p.weights_tap;
      float* c = strip + ((depth.tap + i) * strip_height_ + height.other - strip_begin(h / strip_rows_)) * row_size;
      for (int64_t j = 0; j < height.taps; ++j, weights += line, c += p.axes[1].dilation * row_size) {
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

  void scatter_row(const Call& call, const float* row, int64_t d, int64_t h, const Item* first, const Item* last,
                   float* strip) const {
    const Problem& p = problem_;
    const int64_t row_size = p.src.axis[1] * columns_;
    const Item &depth = outputs_[0][static_cast<size_t>(d)], &height = outputs_[1][static_cast<size_t>(h)];
    Segment terms = {0, 0, p.oc};
    Tile t = {};
    t.segments = &terms;
    t.segment_count = 1;
    if (height.taps == 0) return;
    float* const sums = sums_.of<float>(call);
    for (const Item* at = first; at < last; ++at) {
      const Item& width = *at;
      const bool folds_here = folds() && width.taps == p.axes[2].kernel;
      t.tiles = folds_here ? 1 : height.taps;
      const int64_t tile_taps = merges() ? width.taps : 1;
      const int64_t inputs = tile_taps * p.ic * (folds_here ? height.taps : 1);
      for (int64_t i = 0; i < depth.taps; ++i) {
        const int64_t weights = p.kernel_index(depth.kernel, height.kernel, width.kernel) * p.weights_kernel +
                                p.tap_index(depth.tap + i, height.tap, width.tap) * p.weights_tap;
        const float* a = row + width.first * dst_.axis[2];
        float* c = strip + ((depth.tap + i) * strip_height_ + height.other - strip_begin(h / strip_rows_)) * row_size +
                   width.other * p.src.axis[2] * columns_;
        for (int64_t g = 0; g < p.groups; ++g) {
          for (int64_t tap = 0; tap < width.taps; tap += tile_taps) {
            const int64_t b = weights + g * p.weights_group + tap * p.weights_tap;
            t.c = folds_here ? sums : c + (tap * p.axes[2].dilation * p.src.axis[2] + g * p.ic) * columns_;
            t.init = folds_here ? nullptr : t.c;
            t.c_next = t.init_next = p.axes[1].dilation * row_size;
            const int64_t next = p.axes[2].kernel * p.weights_tap;
            if (by_images_) {
              t.a = call.weights + b;
              t.a_row = p.oc;
              t.a_next = next;
              t.a_ahead = kWeightsAhead;
              t.b = a + g * p.oc * columns_;
              t.b_step = images_.step();
              t.c_row = t.init_row = columns_;
              t.rows = inputs;
              t.columns = columns_;
              images_.gemm(t);
            } else {
              t.a = a + g * p.oc;
              t.b = p.weights_at(call.weights, b);
              t.b_step = p.oc;
              t.b_next = next;
              t.b_ahead = row_ahead_;
              t.rows = 1;
              t.columns = inputs;
              p.dot(t);
            }
          }
        }
        if (!folds_here) continue;
        const int64_t count = width.taps * p.ic * columns_;
        for (int64_t j = 0; j < height.taps; ++j) {
          p.kernels.add(c + j * p.axes[1].dilation * row_size, sums + j * count, count);
        }
      }
    }
  }

  bool by_images_;   // These are columns.
  int64_t columns_;  // or 1
  ImageColumns images_;
  std::vector<Item> source_depths_, outputs_[3];  // one by one
  int64_t strip_rows_, strip_count_, strip_height_, strip_size_;
  int64_t heights_ = 1, widths_;  // of a block, or one whole row
  Steps dst_;                     // of what the tiles read
  int64_t row_ahead_;
  int64_t turned_size_ = 0;
  std::vector<std::vector<Neighbours>> neighbours_;  // of each block of widths
  Place strips_, turned_, row_, sums_;
};

}  // namespace

std::unique_ptr<KernelPass> make_scatter_backward_data(const Problem& problem) {
  // A line of positions makes no strips, which threads could share out.
  const bool has_strips = problem.axes[0].output * problem.axes[1].output >= kStrips;
  if (problem.order == Problem::Order::kIcInner || !has_strips) return nullptr;
  const int64_t positions = problem.positions(), half = problem.kernels.lanes / 2;
  const bool has_few_inputs = problem.ic < kFewInputs;
  bool pays = false;
  if (problem.n == 1) {
    // Of repeating kernels, each comes again and again (t = 16: 1.8 times the time). From a fast cache, by source
    // positions they do no harm (one image, deepface_l6 and cifar_32 on a Zen 4: 0.85 of the time; mnist_c1 1.5).
    const bool is_near = is_amd() && positions == 1 && !exceeds_half_of_last_level(problem);
    pays = positions < kManyUses && !is_tiled(problem) && (has_few_inputs || !is_near);
  } else if (positions < kManyPositions && problem.weights_type == DataType::kF32) {  // Rows of A are floats.
    const bool is_many = problem.n >= std::max(kManyImages, half);
    if (has_few_inputs) {
      pays = is_many;
    } else if (joins_blocks(problem)) {
      // Images that leave no lanes empty.
      pays = from_memory(problem) && is_many && problem.n % half == 0 && problem.n < 2 * kManyImages;
    } else {
      // By source positions, kernels come from memory in pieces (2 to 8 images on a Zen 4: 1.1 to 1.8 times the time).
      pays = from_memory(problem) && adds_together(problem);
    }
  }
  return pays ? std::make_unique<ScatterBackwardData>(problem) : nullptr;
}

}  // namespace conv4j
