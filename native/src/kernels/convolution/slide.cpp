// Layers in which neighbouring positions of a row share most of what they meet, depthwise ones or those whose sums fill
// no lanes. Rows are computed in the order of memory: strips of 12 positions that slide down an image, so that the rows
// under their taps stay in the first-level cache, took 1.25 times as long for 8 images of 96 channels, depthwise; for
// one sum, 1.02 to 1.16 times, of 64 channels alone 0.97.
#include "kernels/convolution/slide.h"

#include <algorithm>

#include "core/division.h"
#include "kernels/convolution/grid.h"
#include "kernels/convolution/start.h"

namespace conv4j {

namespace {

// Positions of a row worth sliding over.
constexpr int64_t kLongRow = 12;

bool is_depthwise(const Problem& problem) { return problem.groups > 1 && problem.ic == 1 && problem.oc == 1; }

// Kernels of a row that repeat.
constexpr int64_t kMostPhases = 4;
// Positions of a run, short enough for threads to share out a row: a multiple of all numbers of phases, so that all
// runs begin with the same one.
constexpr int64_t kRun = 96;

// `whole` is all of a row as if there were no borders.
std::vector<Item> runs_of(const Item& whole) {
  std::vector<Item> runs;
  for (int64_t begin = 0; begin < whole.count; begin += kRun) {
    runs.push_back(part_of(whole, begin, std::min(begin + kRun, whole.count)));
  }
  return runs;
}

// One side's positions computed from the other side's.
class Slide : public KernelPass {
 protected:
  Slide(const Problem& problem, FindItems find, const Item& row, const Steps& own, const Steps& other)
      : KernelPass(problem), own_(own), other_(other) {
    for (int axis : {0, 1}) axes_[axis] = find(problem.axes[axis], false);
    axes_[2] = runs_of(row);
    const Axis& width = problem.axes[2];
    phases_ = width.period();
    segments_ = reserve_per_thread<Segment>(problem.axes[0].kernel * problem.axes[1].kernel);
  }

  // The windows, and what find_segments adds up; for a constructor, in which output_kernel is known.
  void find_taps() {
    const Problem& p = problem_;
    find_windows(axes_[2][0]);
    for (int axis : {0, 1}) {
      const bool is_depth = axis == 0;
      taps_[axis].resize(axes_[axis].size() * static_cast<size_t>(p.axes[axis].kernel));
      Segment* next = taps_[axis].data();
      for (const Item& item : axes_[axis]) {
        for (int64_t i = 0; i < item.taps; ++i) {
          const int64_t kernel = output_kernel(axis, item, i, 0) - item.kernel;
          const int64_t tap = item.tap + i * item.tap_step;
          next[i] = {i * item.other_tap_step * other_.axis[axis],
                     p.kernel_index(is_depth ? kernel : 0, is_depth ? 0 : kernel, 0) * p.weights_kernel +
                         p.tap_index(is_depth ? tap : 0, is_depth ? 0 : tap, 0) * p.weights_tap,
                     0};
        }
        next += p.axes[axis].kernel;
      }
    }
  }

  // Calls set_init(where, offset of the tile, tile) for each tile.
  template <typename SetInit>
  void run(const Call& call, const float* from, float* to, const SetInit& set_init) const {
    const Problem& p = problem_;
    const bool streams = streams_positions(call, to, own_, own_.axis[2], p.taps);
    const int64_t depths = static_cast<int64_t>(axes_[0].size()), heights = static_cast<int64_t>(axes_[1].size());
    const auto runs = static_cast<int64_t>(axes_[2].size());
    const auto pieces = [](int64_t most, int64_t units) { return std::min(most, ceil_div(few_units(), units)); };
    const int64_t rows = pieces(heights, p.n * depths), widths = pieces(runs, p.n * depths * rows);
    parallel_for(p.n * depths * rows * widths, [&](int64_t unit) {
      const int64_t part = take_digit(unit, widths), row = take_digit(unit, rows);
      Where where = {};
      where.rows = 2;
      where.axis[0] = &axes_[0][static_cast<size_t>(take_digit(unit, depths))];
      const Item image = single(unit);
      where.image = &image;
      Segment* segments = segments_.of<Segment>(call);
      Tile t = {};
      t.columns = own_.axis[2];
      t.streams = streams;
      t.terms = other_.axis[2];
      t.phases = phases_;
      t.windows = windows_.data();
      t.a_row = other_.axis[2];
      t.c_row = own_.axis[2];
      t.segments = segments;
      const int64_t begin = runs * part / widths, end = runs * (part + 1) / widths;
      for (int64_t h = heights * row / rows; h < heights * (row + 1) / rows; ++h) {
        const Item* const height = where.axis[1] = &axes_[1][static_cast<size_t>(h)];
        t.b = p.weights_at(call.weights, p.kernel_index(where.axis[0]->kernel, height->kernel, 0) * p.weights_kernel);
        t.segment_count = find_segments(*where.axis[0], *height, segments);
        for (int64_t w = begin; w < end; ++w) {
          where.axis[2] = &axes_[2][static_cast<size_t>(w)];
          t.rows = where.count();
          set_padding(*where.axis[2], t);
          const int64_t own = where.own(own_);
          t.a = from + where.other(other_);
          t.a_last = newest(where);
          t.c = to + own;
          set_init(where, own, t);
          is_depthwise(p) ? p.channelwise_slide(t) : p.dot_slide(t);
        }
      }
      if (streams) p.kernels.end_streams();
    });
  }

 private:
  void set_padding(const Item& run, Tile& t) const {
    const int64_t end = run.other + run.count + run.taps - 1, size = other_.axis[1] / other_.axis[2];
    t.pad_before = std::max<int64_t>(0, -run.other);
    t.pad_after = std::max<int64_t>(0, end - size);
  }

  // From the first row's first tap to the last of all taps.
  int64_t newest(const Where& where) const {
    int64_t offset = 0;
    for (int axis : {1, 2}) {
      const Item& item = *where.axis[axis];
      offset += std::max<int64_t>(0, (item.taps - 1) * item.other_tap_step) * other_.axis[axis];
    }
    return offset;
  }

  // The weights of every phase and tap of a run, from those of kernel 0 and tap 0 of its line of kernels and taps.
  void find_windows(const Item& width) {
    const Problem& p = problem_;
    for (int64_t phase = 0; phase < phases_; ++phase) {
      for (int64_t i = 0; i < width.taps; ++i) {
        windows_.push_back(output_kernel(2, width, i, phase) * p.weights_kernel +
                           (width.tap + i * width.tap_step) * p.weights_tap);
      }
    }
  }

  // Lines of taps, the same for all runs of a row, from a tile's first position and the kernel of its line.
  int64_t find_segments(const Item& depth, const Item& height, Segment* list) const {
    const Segment* const depths = taps_of(0, depth);
    const Segment* const heights = taps_of(1, height);
    int64_t count = 0;
    for (int64_t d = 0; d < depth.taps; ++d) {
      for (int64_t h = 0; h < height.taps; ++h) {
        list[count++] = {depths[d].a + heights[h].a, depths[d].b + heights[h].b, problem_.axes[2].kernel};
      }
    }
    return count;
  }

  const Segment* taps_of(int axis, const Item& item) const {
    return taps_[axis].data() + (&item - axes_[axis].data()) * problem_.axes[axis].kernel;
  }

  // The kernel of the output position that tap number `tap` of an item's position connects, `further` positions on.
  virtual int64_t output_kernel(int axis, const Item& item, int64_t tap, int64_t further) const = 0;

  std::vector<Item> axes_[3];
  std::vector<Segment> taps_[2];
  std::vector<int64_t> windows_;
  Steps own_, other_;
  int64_t phases_;
  Place segments_;
};

class SlideForward : public Slide {
 public:
  explicit SlideForward(const Problem& problem)
      : Slide(problem, output_items, row_of(problem.axes[2]), problem.dst, problem.src), start_(problem) {
    find_taps();
    turned_ = reserve<float>(start_.turned_size());
  }

  void run(const Call& call) const override {
    const Start::Values values = start_.of(call, turned_.of<float>(call));
    Slide::run(call, call.src, call.dst, [&](const Where& where, int64_t own, Tile& t) {
      start_.set(values, where, own, problem_.weights_kernel, t);
    });
  }

 private:
  static Item row_of(const Axis& axis) { return {0, 1, axis.output, 0, 1, axis.kernel, -axis.pad_begin, 1, 1, 0, 0}; }

  int64_t output_kernel(int axis, const Item& item, int64_t, int64_t further) const override {
    return problem_.axes[axis].kernel_index(item.first + further);
  }

  Start start_;
  Place turned_;
};

class SlideBackwardData : public Slide {
 public:
  explicit SlideBackwardData(const Problem& problem)
      : Slide(problem, source_items, row_of(problem.axes[2]), problem.src, problem.dst) {
    find_taps();
  }

  void run(const Call& call) const override {
    Slide::run(call, call.dst, call.src, [&](const Where&, int64_t, Tile& t) {
      t.init = call.add ? t.c : call.bias;
      t.init_row = call.add ? t.c_row : 0;
    });
  }

 private:
  // In the order of what they meet, taps fall.
  static Item row_of(const Axis& axis) {
    const int64_t last = axis.kernel - 1;
    return {0, 1, axis.input, last, -1, axis.kernel, axis.pad_begin - last, 1, 1, 0, 0};
  }

  // Of a position on the padding that of the one inside which it would share it with.
  int64_t output_kernel(int axis, const Item& item, int64_t tap, int64_t further) const override {
    const Axis& a = problem_.axes[axis];
    const int64_t position = item.other + further + tap * item.other_tap_step;
    return a.kernel_index(position < 0 ? modulo(position, a.kernels()) : position);
  }
};

}  // namespace

bool slides(const Problem& problem, int64_t sums) {
  const Axis& width = problem.axes[2];
  const int64_t phases = width.period();
  const bool has_lanes = is_depthwise(problem) || (problem.groups == 1 && sums == 1 && width.output >= kLongRow);
  return has_lanes && width.kernel > 1 && width.stride == 1 && width.dilation == 1 && width.repeats() &&
         phases <= kMostPhases && (phases == 1 || problem.geometry.bias != BiasMode::kKernel);
}

std::unique_ptr<KernelPass> make_slide_forward(const Problem& problem) {
  return std::make_unique<SlideForward>(problem);
}
std::unique_ptr<KernelPass> make_slide_backward_data(const Problem& problem) {
  return std::make_unique<SlideBackwardData>(problem);
}

}  // namespace conv4j
