#include <algorithm>
#include <cstring>

#include "core/division.h"
#include "kernels/convolution/channelwise.h"
#include "kernels/convolution/grid.h"
#include "kernels/convolution/splits.h"
#include "kernels/convolution/spread.h"

namespace conv4j {

namespace {

// Terms run along the positions of the grid's rows; positions of the other axes and images are segments. A unit of work
// is some columns of a row of kernels. Where the weights are few, each image gets sums of its own, added up in the end:
// all kernels then find it in the second-level cache. Where registers nearly hold them, too, a unit is some lines of
// images in the order of memory, all kernels at once (96 channels, 3 x 3 taps, 8 images: 0.8 of the time on a Cascade
// Lake, 1.15 on a Zen 4, which has a fast last-level cache; 0.5 on a Zen 3, whose second level is half as large).
class ChannelwiseBackwardWeights : public KernelPass {
 public:
  explicit ChannelwiseBackwardWeights(const Problem& problem)
      : KernelPass(problem),
        channels_(problem.geometry.oc),
        spread_(problem),
        rows_(output_grids(problem, INT64_MAX)[0].rows),
        phases_(phases(problem.axes[2], rows_)),
        slides_(slides(problem)),
        by_lines_(rows_ == 2 && lines_pay(problem) && line_splits(problem) >= (slides_ ? kFewSplits / 2 : kFewSplits)),
        splits_(problem, by_lines_    ? line_splits(problem)
                         : rows_ != 3 ? Splits::by_images(problem)
                                      : 1) {
    for (int axis : {0, 1}) {
      items_[axis] = output_items(problem.axes[axis], false);
      by_kernel_[axis] = items_by_kernel(problem.axes[axis], axis == rows_);
    }
    const Axis& width = problem.axes[2];
    const std::vector<Item> runs = neighbours(output_items(width, false), width.stride);
    if (phases_ > 1) {
      widths_ = {{0, phases_, runs}};
    } else if (rows_ == 3 && width.sharing == Sharing::kLocal) {
      for (const Item& run : runs) widths_.push_back({run.first, run.count, {run}});
      are_tiles_ = true;
    } else {
      for (const std::vector<Item>& items : items_by_kernel(width, rows_ == 2)) {
        widths_.push_back({static_cast<int64_t>(widths_.size()), 1, items});
      }
    }
    columns_ =
        std::min(channels_, problem.axes[0].kernels() * problem.axes[1].kernels() >= 16 ? channels_ : kFewColumns);
    is_near_ = problem.n * image_bytes(problem) <= last_level_cache_bytes() / (slides_ ? kPartOfLastLevel : 1) &&
               (slides_ || problem.kernels.lanes == kWidest);
    segments_ = reserve_per_thread<Segment>(kMostSegments);
    sums_ = reserve<float>(splits_.scratch_size());
    src_ = reserve<float>(spread_.size());
  }

  void run(const Call& call) const override {
    const float* src = spread_.of(call.src, src_.of<float>(call));
    by_lines_ ? run_lines(call, src) : run_kernels(call, src);
    splits_.add_up(call.weights, sums_.of<float>(call));
  }

 private:
  static constexpr int64_t kFewColumns = 32;
  static constexpr int64_t kMostSegments = 64;
  static constexpr int64_t kMostPhases = 4;
  static constexpr int64_t kPositionsAhead = 4;
  static constexpr int64_t kWidest = 16;
  // With AVX2, from memory that others use, too (a Zen 3, 56 x 56: 4 images 0.88 of the time, 8 images 1.5).
  static constexpr int64_t kPartOfLastLevel = 4;
  // 3 x 3 taps of 4 kernels and 7 x 7 of one still gain by lines; 5 x 5 of two do not, 7 x 7 of two take 1.2 times as
  // long, but where they slide with AVX2 (a Zen 3, 5 x 5 and 7 x 7 of 2 to 4: 0.64 to 0.94, 8 images 0.66 to 0.97).
  static constexpr int64_t kFewSums = 49;
  // Bytes of both sides of an image that stay near a Zen 3's core while all kernels find them there (600 KB, by lines:
  // 1.0 to 1.36 of the time, 800 KB 0.70; where they slide 280 KB 0.9 to 1.1, 560 KB 0.77 to 0.97).
  static constexpr int64_t kNearImage = 700 << 10, kNearSlide = 500 << 10;
  // Splits that feed some threads evenly.
  static constexpr int64_t kFewSplits = 8;

  // Neighbouring kernels of the width, and the positions that use them.
  struct Widths {
    int64_t first, count;
    std::vector<Item> items;
  };

  // Items of an axis from `first` to `last` whose taps are the same.
  struct Alike {
    const Item* first;
    const Item* last;
  };

  static int64_t image_bytes(const Problem& p) {
    return (p.src.image + p.dst.image) * static_cast<int64_t>(sizeof(float));
  }

  // Whether 16 registers hold what neighbouring positions of a line of kernels share.
  bool slides(const Problem& p) const {
    const Axis& width = p.axes[2];
    return p.kernels.lanes < kWidest && phases_ > 1 && width.kernel > 2 && width.stride == width.dilation && p.ic == 1;
  }

  bool lines_pay(const Problem& p) const {
    if (phases_ * p.taps * p.ic > kFewSums && !slides_) return false;
    if (cpu() != Cpu::kZen3) return cpu() == Cpu::kIntel;
    return image_bytes(p) > (slides_ ? kNearSlide : kNearImage);
  }

  int64_t line_splits(const Problem& p) const {
    return slides_ ? Splits::by_lines(p, kFewSplits) : Splits::by_lines(p);
  }

  static int64_t phases(const Axis& width, int rows) {
    return rows == 2 && width.period() <= kMostPhases ? width.period() : 1;
  }

  void run_lines(const Call& call, const float* src) const {
    const Problem& p = problem_;
    const auto depths = static_cast<int64_t>(items_[0].size()), heights = static_cast<int64_t>(items_[1].size());
    parallel_for(splits_.count(), [&](int64_t unit) {
      const Splits::Part lines = splits_.part(unit, p.n * depths * heights);
      float* weights = splits_.sums(unit, call.weights, sums_.of<float>(call));
      if (unit > 0 || !call.add) std::memset(weights, 0, static_cast<size_t>(p.weights_size()) * sizeof(float));
      for (int64_t line = lines.begin; line < lines.end; ++line) {
        int64_t n = line;
        const Item* const height = &items_[1][static_cast<size_t>(take_digit(n, heights))];
        const Item* const depth = &items_[0][static_cast<size_t>(take_digit(n, depths))];
        if (height->taps == 0 || depth->taps == 0) continue;
        for (const Widths& widths : widths_) {
          float* c = weights + p.kernel_index(depth->kernel, height->kernel, widths.first) * p.weights_kernel;
          for (const Item& width : widths.items) {
            if (width.taps == 0) continue;
            add_products({n, n + 1}, call, src, call.dst, {depth, depth + 1}, {height, height + 1}, width, channels_, c,
                         true, false);
          }
        }
      }
    });
  }

  void run_kernels(const Call& call, const float* src) const {
    const Problem& p = problem_;
    const int64_t blocks = ceil_div(channels_, columns_);
    const int64_t depths = p.axes[0].kernels(), heights = p.axes[1].kernels();
    const bool streams = rows_ == 3 && streams_weights(call, channels_);
    parallel_for(splits_.count() * blocks * depths * heights, [&](int64_t unit) {
      const int64_t height = take_digit(unit, heights), depth = take_digit(unit, depths);
      const int64_t column = take_digit(unit, blocks) * columns_;
      const int64_t columns = std::min(columns_, channels_ - column);
      const Splits::Part images = splits_.part(unit, p.n);
      float* weights = splits_.sums(unit, call.weights, sums_.of<float>(call));
      const std::vector<Item>& depth_items = by_kernel_[0][static_cast<size_t>(depth)];
      const std::vector<Item>& height_items = by_kernel_[1][static_cast<size_t>(height)];
      for (const Widths& widths : widths_) {
        float* c = weights + p.kernel_index(depth, height, widths.first) * p.weights_kernel + column;
        sum_up(images, call, src + column, call.dst + column, depth_items, height_items, widths, columns, c,
               call.add && unit == 0, streams);
      }
      if (streams) p.kernels.end_streams();
    });
  }

  static std::vector<std::vector<Item>> items_by_kernel(const Axis& axis, bool runs) {
    std::vector<std::vector<Item>> by_kernel(static_cast<size_t>(axis.kernels()));
    for (const Item& item : output_items(axis, runs)) by_kernel[static_cast<size_t>(item.kernel)].push_back(item);
    for (std::vector<Item>& items : by_kernel) {
      std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.kind < b.kind; });
    }
    return by_kernel;
  }

  template <typename Run>
  static void for_each_alike(const std::vector<Item>& items, const Run& run) {
    const Item* end = items.data() + items.size();
    for (const Item* first = items.data(); first != end;) {
      const Item* last = first;
      while (last != end && last->kind == first->kind) ++last;
      if (first->taps > 0) run(Alike{first, last});
      first = last;
    }
  }

  void sum_up(const Splits::Part& images, const Call& call, const float* src, const float* dst,
              const std::vector<Item>& depth_items, const std::vector<Item>& height_items, const Widths& widths,
              int64_t columns, float* c, bool add, bool streams) const {
    const Problem& p = problem_;
    // One position that meets every tap overwrites; else sums are added to zeros.
    if (!add) {
      const auto meets_all = [&](const std::vector<Item>& items, int axis) {
        return items.size() == 1 && items[0].taps == p.axes[axis].kernel;
      };
      const bool whole = (rows_ == 3 || images.end - images.begin == 1) && meets_all(depth_items, 0) &&
                         meets_all(height_items, 1) && meets_all(widths.items, 2) && widths.items[0].count >= phases_;
      for (int64_t i = 0; i < p.taps * p.ic * widths.count && !whole; ++i) {
        std::memset(c + i * channels_, 0, static_cast<size_t>(columns) * sizeof(float));
      }
      add = !whole;
    }
    for (const Item& width : widths.items) {
      if (width.taps == 0) continue;
      for_each_alike(depth_items, [&](const Alike& depths) {
        for_each_alike(height_items, [&](const Alike& heights) {
          add_products(images, call, src, dst, depths, heights, width, columns, c, add, streams);
        });
      });
    }
  }

  // The gradients of the weights that positions with the same taps use, from c on.
  void add_products(const Splits::Part& images, const Call& call, const float* src, const float* dst,
                    const Alike& depths, const Alike& heights, const Item& width, int64_t columns, float* c, bool add,
                    bool streams) const {
    const Problem& p = problem_;
    const Steps& steps = spread_.steps();
    // Taps of a row are the rows of a tile, unless their inputs do not lie at one distance.
    const bool merges = p.axes[2].dilation == 1 || p.ic == 1;
    for (int64_t d = 0; d < depths.first->taps; ++d) {
      for (int64_t w = 0; w < (merges ? 1 : width.taps); ++w) {
        Tile t = {};
        t.columns = columns;
        t.line_rows = merges ? width.taps * p.ic : p.ic;
        t.rows = heights.first->taps * t.line_rows;
        t.a = src + d * p.axes[0].dilation * steps.axis[0] + w * p.axes[2].dilation * steps.axis[2];
        t.a_step = merges && p.ic == 1 ? p.axes[2].dilation * channels_ : channels_;
        t.a_line = p.axes[1].dilation * steps.axis[1];
        t.b = dst;
        t.c = c + p.tap_index(depths.first->tap + d, heights.first->tap, width.tap + w) * p.weights_tap;
        t.c_row = t.init_row = channels_;
        t.c_line = p.axes[2].kernel * p.weights_tap;
        t.init = add ? t.c : nullptr;
        t.phases = phases_;
        t.first_phase = width.first % phases_;
        t.c_phase = p.weights_kernel;
        t.streams = streams && !add;
        t.is_near = is_near_;
        if (are_tiles_) {
          t.tiles = width.count;
          t.a_next = p.axes[2].stride * steps.axis[2];
          t.b_next = p.dst.axis[2];
          t.c_next = t.init_next = p.weights_kernel;
        }
        if (by_lines_) {
          t.a_ahead = p.axes[1].stride * steps.axis[1];
          t.b_ahead = p.dst.axis[1];
        }
        if (rows_ == 3) {
          t.a_ahead = kPositionsAhead * p.axes[2].stride * steps.axis[2];
          t.b_ahead = kPositionsAhead * p.dst.axis[2];
        }
        sum(images, call, depths, heights, width, t);
      }
    }
  }

  void sum(const Splits::Part& images, const Call& call, const Alike& depths, const Alike& heights, const Item& width,
           Tile& t) const {
    const Problem& p = problem_;
    const Steps& steps = spread_.steps();
    Segment* list = segments_.of<Segment>(call);
    t.segments = list;
    const Item image = {0, 1, p.n, 0, 0, 0, 0, 0, 1, 0, 0};
    for (int64_t n = images.begin; n < (rows_ == 3 ? 1 : images.end); ++n) {
      for (const Item* depth = depths.first; depth != depths.last; ++depth) {
        for (const Item* height = heights.first; height != heights.last; ++height) {
          const Where where = {{depth, height, &width}, &image, rows_};
          t.a_row = where.other_row(steps);
          t.b_step = where.own_row(p.dst);
          list[t.segment_count++] = {where.other(steps) + n * steps.image, where.own(p.dst) + n * p.dst.image,
                                     where.count()};
          if (t.segment_count < kMostSegments) continue;
          p.kernels.channelwise_t(t);
          t.segment_count = 0;
          t.init = t.c;
        }
      }
    }
    if (t.segment_count > 0) p.kernels.channelwise_t(t);
  }

  int64_t channels_;
  Spread spread_;
  int rows_;        // the axis whose items are runs; 3: the images
  int64_t phases_;  // kernels of a row whose sums are computed together
  bool slides_, by_lines_;
  std::vector<Item> items_[2];
  std::vector<std::vector<Item>> by_kernel_[2];
  std::vector<Widths> widths_;
  bool are_tiles_ = false;  // positions of an item have a kernel each
  bool is_near_;
  int64_t columns_;
  Splits splits_;
  Place segments_, sums_, src_;
};

}  // namespace

std::unique_ptr<KernelPass> make_channelwise_backward_weights(const Problem& problem) {
  return std::make_unique<ChannelwiseBackwardWeights>(problem);
}

}  // namespace conv4j
