#include "kernels/convolution/tap_columns.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "core/division.h"
#include "kernels/convolution/grid.h"
#include "kernels/convolution/scatter.h"
#include "kernels/convolution/start.h"

namespace conv4j {

namespace {

// Columns are filled up to halves of a vector.
constexpr int64_t kHalf = 8;

// Floats of products that leave a second-level cache room for the rest.
constexpr int64_t kManyProducts = 64 << 10;

// Of a weight that is read where it lies otherwise (84 uses: 1.2 to 1.5 times the time, 196 0.9 to 1.15, 288 0.9), and
// of one that is turned anyway (28 uses: 0.84 to 1.05).
constexpr int64_t kFewestUses = 256;
constexpr int64_t kFewestTurnedUses = 64;

// [tap of a plane][channel], filled up.
int64_t columns_of(const Problem& problem, int64_t channels) {
  const int64_t filled = problem.axes[1].kernel * problem.axes[2].kernel * channels;
  return ceil_div(filled, kHalf) * kHalf;
}

// One side's positions computed from the other side's. A plane of taps is that of one tap of the depth.
class TapColumns : public KernelPass {
 protected:
  TapColumns(const Problem& problem, FindItems find, const Steps& own, int64_t channels, const Steps& other,
             int64_t terms)
      : KernelPass(problem),
        own_(own),
        other_(other),
        channels_(channels),
        terms_(terms),
        columns_(columns_of(problem, channels)),
        plane_(terms * columns_),
        panel_(problem.axes[0].kernel * plane_),
        ones_(static_cast<size_t>(channels), 1.0f) {
    for (int axis : {0, 1}) items_[axis] = find(problem.axes[axis], false);
    const int64_t lines = find_lines();
    find_strips(find, lines);
    for (const Strip& strip : strips_) slot_ = std::max(slot_, (strip.end - strip.begin) * columns_);
    for (int64_t line = 0; line < other.axis[0] / other.axis[1]; ++line) slots_.push_back(line % lines * slot_);
    products_step_ = lines * slot_;
    few_heights_ = static_cast<int64_t>(items_[1].size()) / (2 * lines);
    panels_ = reserve<float>(problem.kernel_count() * problem.groups * panel_);
    widened_ = reserve_per_thread<float>(problem.ic * problem.oc);
    products_ = reserve_per_thread<float>(problem.axes[0].kernel * products_step_);
    segments_ = reserve_per_thread<Segment>(problem.taps);
  }

  // Calls set_init(where, offset of the tile, first channel of the group, tile) for each tile of results.
  template <typename SetInit>
  void run(const Call& call, const float* from, float* to, const SetInit& set_init) const {
    const Problem& p = problem_;
    fill_panels(call);
    const auto depths = static_cast<int64_t>(items_[0].size()), heights = static_cast<int64_t>(items_[1].size());
    const auto strips = static_cast<int64_t>(strips_.size());
    const int64_t wholes = p.n * p.groups * depths * strips, pieces = pieces_of(wholes);
    parallel_for(wholes * pieces, [&](int64_t unit) {
      const int64_t piece = take_digit(unit, pieces);
      const Strip& strip = strips_[static_cast<size_t>(take_digit(unit, strips))];
      const Item& depth = items_[0][static_cast<size_t>(take_digit(unit, depths))];
      const int64_t group = take_digit(unit, p.groups);
      const Item image = single(unit);
      const float* const source = from + unit * other_.image + group * terms_;
      const int64_t begin = heights * piece / pieces, end = heights * (piece + 1) / pieces;
      int64_t line = needed_[static_cast<size_t>(begin)].begin;
      for (int64_t i = begin; i < end; ++i) {
        const Item& height = items_[1][static_cast<size_t>(i)];
        for (; line < needed_[static_cast<size_t>(i)].end; ++line) {
          for (int64_t d = 0; d < depth.taps; ++d) multiply(call, source, strip, depth, d, line, group);
        }
        for (const Item& width : strip.widths) {
          add_up(call, {{&depth, &height, &width}, &image, 2}, strip, group, to, set_init);
        }
      }
    });
  }

 private:
  // From the first line of the other side that a result or a later one meets, to behind the last that it or an earlier
  // one does.
  struct Lines {
    int64_t begin, end;
  };
  // Positions of the other side that share a kernel.
  struct Run {
    int64_t first, count, residue;
  };
  // A part of a row of results, and what it meets.
  struct Strip {
    std::vector<Item> widths;
    int64_t begin, end;
    std::vector<Run> runs;
  };

  // The kernel of an axis by which tap `tap` connects positions of the other side of this residue.
  virtual int64_t kernel(int axis, int64_t residue, int64_t tap) const = 0;
  // That of the depth, for an item of results and its i-th tap.
  virtual int64_t kernel_depth(const Item& depth, int64_t i) const = 0;
  // Puts the weights of a tap, rows of the inner channels `step` apart, into [terms][channels] of a panel.
  virtual void fill(const float* from, int64_t step, float* to) const = 0;

  // Returns how many are needed at a time. With dilation they come and go out of order at the border.
  int64_t find_lines() {
    const auto count = items_[1].size();
    needed_.resize(count);
    int64_t begin = other_.axis[0] / other_.axis[1], end = 0, most = 1;
    const auto last = [](const Item& item) { return item.other + (item.taps - 1) * item.other_tap_step; };
    for (size_t i = count; i-- > 0;) {
      const Item& item = items_[1][i];
      if (item.taps > 0) begin = std::min({begin, item.other, last(item)});
      needed_[i].begin = begin;
    }
    for (size_t i = 0; i < count; ++i) {
      const Item& item = items_[1][i];
      if (item.taps > 0) end = std::max({end, item.other + 1, last(item) + 1});
      needed_[i].end = end;
      most = std::max(most, end - needed_[i].begin);
    }
    return most;
  }

  // Of results, whatever their kernels, and as many as the products of so many lines at a time allow.
  void find_strips(FindItems find, int64_t lines) {
    Axis axis = problem_.axes[2];
    const int64_t kernels = axis.kernels(), size = own_.axis[1] / own_.axis[2];
    axis.sharing = Sharing::kShared;
    const std::vector<Item> widths = find(axis, true);
    const int64_t floats = problem_.axes[0].kernel * lines * (other_.axis[1] / other_.axis[2]) * columns_;
    const int64_t count = std::min(ceil_div(floats, kManyProducts), size);
    for (int64_t i = 0; i < count; ++i) {
      Strip strip = {{}, std::numeric_limits<int64_t>::max(), 0, {}};
      for (const Item& run : widths) {
        const auto up_to = [&](int64_t position) {
          return std::clamp<int64_t>(ceil_div(position - run.first, run.step), 0, run.count);
        };
        const int64_t begin = up_to(size * i / count), end = up_to(size * (i + 1) / count);
        if (begin >= end) continue;
        const Item item = part_of(run, begin, end);
        strip.widths.push_back(item);
        if (item.taps == 0) continue;
        const int64_t last_tap = item.other + (item.taps - 1) * item.other_tap_step;
        strip.begin = std::min({strip.begin, item.other, last_tap});
        strip.end = std::max(strip.end, std::max(item.other, last_tap) + (item.count - 1) * item.other_step + 1);
      }
      strip.begin = std::min(strip.begin, strip.end);
      for (int64_t first = strip.begin; first < std::min(strip.begin + kernels, strip.end); ++first) {
        strip.runs.push_back({first, (strip.end - first - 1) / kernels + 1, first % kernels});
      }
      strips_.push_back(strip);
    }
  }

  // Pieces of the height compute lines at their borders twice.
  int64_t pieces_of(int64_t wholes) const {
    const int64_t threads = problem_.threads;
    if (wholes % threads == 0 || wholes >= 8 * threads) return 1;
    return std::clamp<int64_t>(4 * threads / wholes, 1, std::max<int64_t>(few_heights_, 1));
  }

  void fill_panels(const Call& call) const {
    const Problem& p = problem_;
    const bool is_ic_inner = p.order == Problem::Order::kIcInner;
    const int64_t rows = is_ic_inner ? p.oc : p.ic, length = is_ic_inner ? p.ic : p.oc;
    const int64_t step = is_ic_inner ? p.taps * p.ic : p.oc;
    parallel_for(p.kernel_count() * p.groups, [&](int64_t unit) {
      float* const panel = panels_.of<float>(call) + unit * panel_;
      std::memset(panel, 0, static_cast<size_t>(panel_) * sizeof(float));
      const int64_t widths = p.axes[2].kernels(), heights = p.axes[1].kernels(), index = unit / p.groups;
      const int64_t w = index % widths, h = index / widths % heights, d = index / widths / heights;
      for (int64_t tap = 0; tap < p.taps; ++tap) {
        const int64_t k = tap % p.axes[2].kernel, j = tap / p.axes[2].kernel % p.axes[1].kernel;
        const int64_t plane_taps = p.axes[1].kernel * p.axes[2].kernel;
        const int64_t element = p.kernel_index(d, kernel(1, h, j), kernel(2, w, k)) * p.weights_kernel +
                                unit % p.groups * p.weights_group + tap * p.weights_tap;
        float* const to = panel + tap / plane_taps * plane_ + tap % plane_taps * channels_;
        if (p.weights_type == DataType::kF32) {
          fill(call.weights + element, step, to);
          continue;
        }
        float* const widened = widened_.of<float>(call);
        for (int64_t row = 0; row < rows; ++row) {
          p.kernels.widen(static_cast<const Bf16*>(p.weights_at(call.weights, element + row * step)), length,
                          widened + row * length);
        }
        fill(widened, length, to);
      }
    });
  }

  // One line of the other side, by the plane of taps of a depth's d-th.
  void multiply(const Call& call, const float* from, const Strip& strip, const Item& depth, int64_t d, int64_t line,
                int64_t group) const {
    const Problem& p = problem_;
    const int64_t widths = p.axes[2].kernels();
    const int64_t panel = p.kernel_index(kernel_depth(depth, d), line % p.axes[1].kernels(), 0);
    const float* const weights =
        panels_.of<float>(call) + (panel * p.groups + group) * panel_ + (depth.tap + d * depth.tap_step) * plane_;
    float* const products = products_.of<float>(call) + d * products_step_ + slots_[static_cast<size_t>(line)];
    from += (depth.other + d * depth.other_tap_step) * other_.axis[0] + line * other_.axis[1];
    const Segment terms = {0, 0, terms_};
    Tile t = {};
    t.segments = &terms;
    t.segment_count = 1;
    t.a_row = widths * other_.axis[2];
    t.a_ahead = other_.axis[1];
    t.b_step = t.columns = columns_;
    t.c_row = widths * columns_;
    for (const Run& run : strip.runs) {
      t.rows = run.count;
      t.a = from + run.first * other_.axis[2];
      t.b = weights + run.residue * p.groups * panel_;
      t.c = products + (run.first - strip.begin) * columns_;
      p.kernels.gemm(t);
    }
  }

  template <typename SetInit>
  void add_up(const Call& call, const Where& where, const Strip& strip, int64_t group, float* to,
              const SetInit& set_init) const {
    const Item &depth = *where.axis[0], &height = *where.axis[1], &width = *where.axis[2];
    Segment* const list = segments_.of<Segment>(call);
    Tile t = {};
    t.segments = list;
    for (int64_t d = 0; d < depth.taps; ++d) {
      for (int64_t h = 0; h < height.taps; ++h) {
        const int64_t line = d * products_step_ + slots_[static_cast<size_t>(height.other + h * height.other_tap_step)];
        const int64_t tap = (height.tap + h * height.tap_step) * problem_.axes[2].kernel + width.tap;
        for (int64_t w = 0; w < width.taps; ++w) {
          list[t.segment_count++] = {
              line + w * width.other_tap_step * columns_ + (tap + w * width.tap_step) * channels_, 0, 1};
        }
      }
    }
    const int64_t own = where.own(own_);
    t.rows = width.count;
    t.columns = channels_;
    t.a = products_.of<float>(call) + (width.other - strip.begin) * columns_;
    t.a_row = width.other_step * columns_;
    t.b = ones_.data();
    t.c = to + own + group * channels_;
    t.c_row = width.step * own_.axis[2];
    set_init(where, own, group * channels_, t);
    problem_.kernels.channelwise(t);
  }

  Steps own_, other_;

 protected:
  int64_t channels_, terms_;  // of a group: of the results, and of the other side
  int64_t columns_;

 private:
  int64_t plane_, panel_;  // floats of the weights of a plane of taps, and of all planes
  std::vector<float> ones_;
  std::vector<Item> items_[2];
  std::vector<Lines> needed_;  // by height
  std::vector<Strip> strips_;
  std::vector<int64_t> slots_;  // where the products of a line go
  int64_t slot_ = 0, products_step_, few_heights_;
  Place panels_, widened_, products_, segments_;
};

class TapColumnsForward : public TapColumns {
 public:
  explicit TapColumnsForward(const Problem& problem)
      : TapColumns(problem, output_items, problem.dst, problem.oc, problem.src, problem.ic), start_(problem) {
    turned_ = reserve<float>(start_.turned_size());
  }

  void run(const Call& call) const override {
    const Start::Values values = start_.of(call, turned_.of<float>(call));
    TapColumns::run(call, call.src, call.dst, [&](const Where& where, int64_t own, int64_t channel, Tile& t) {
      start_.set(values, where, own, problem_.weights_kernel, t);
      if (t.init != nullptr) t.init += channel;
    });
  }

 private:
  int64_t kernel(int axis, int64_t residue, int64_t tap) const override {
    const Axis& a = problem_.axes[axis];
    return modulo(residue + a.pad_begin - tap * a.dilation, a.kernels());
  }
  int64_t kernel_depth(const Item& depth, int64_t) const override { return depth.kernel; }
  void fill(const float* from, int64_t step, float* to) const override {
    const Kernels& kernels = problem_.kernels;
    problem_.order == Problem::Order::kIcInner ? kernels.transpose(from, step, channels_, terms_, to, columns_)
                                               : kernels.copy(from, step, 0, terms_, channels_, to, columns_);
  }

  Start start_;
  Place turned_;
};

class TapColumnsBackwardData : public TapColumns {
 public:
  explicit TapColumnsBackwardData(const Problem& problem)
      : TapColumns(problem, source_items, problem.src, problem.ic, problem.dst, problem.oc) {}

  void run(const Call& call) const override {
    TapColumns::run(call, call.dst, call.src, [&](const Where&, int64_t, int64_t channel, Tile& t) {
      t.init = call.add ? t.c : call.bias == nullptr ? nullptr : call.bias + channel;
      t.init_row = call.add ? t.c_row : 0;
    });
  }

 private:
  int64_t kernel(int, int64_t residue, int64_t) const override { return residue; }
  int64_t kernel_depth(const Item& depth, int64_t i) const override {
    return problem_.axes[0].kernel_index(depth.other + i * depth.other_tap_step);
  }
  void fill(const float* from, int64_t step, float* to) const override {
    const Kernels& kernels = problem_.kernels;
    problem_.order == Problem::Order::kIcInner ? kernels.copy(from, step, 0, terms_, channels_, to, columns_)
                                               : kernels.transpose(from, step, channels_, terms_, to, columns_);
  }
};

// For `channels` of results, each a sum over so many `terms` for each tap. Not for so few channels that the dot kernels
// do as well (with AVX-512 1 channel took 1.6 times the time, 2 and 4, whose taps leave lanes empty, too, 1.2; with
// AVX2 3 took 1.2 times), nor in place of these on a CPU that favours them (1.02 to 1.3 on a Zen 4), nor where tiles
// would have few rows, or lines of products leave the cache unless they are so short that neighbouring ones compute
// much twice (7 x 7 taps, 7 channels: 1.5), nor for weights used less often, which are put into panels in each call.
bool fits(const Problem& problem, int64_t channels, int64_t terms, int64_t Axis::*other, int64_t uses, bool or_dots) {
  if (or_dots && problem.dots_keep_up) return false;
  const Axis &height = problem.axes[1], &width = problem.axes[2];
  if (!height.repeats() || !width.repeats() || width.*other < 6 * width.kernels()) return false;
  if (problem.n * problem.positions() < uses) return false;
  const int64_t lanes = problem.kernels.lanes;
  if (channels < (lanes == 16 ? 3 : 5) || terms < 16) return false;
  if (channels >= lanes && fullness(channels, lanes) > 0.8) return false;
  if (fullness(height.kernel * width.kernel * channels, lanes) < 0.8) return false;
  const int64_t lines = problem.axes[0].kernel * ((height.kernel - 1) * height.dilation + 1);
  return kManyProducts / (lines * columns_of(problem, channels)) >= 12 * (width.kernel - 1) * width.dilation;
}

}  // namespace

std::unique_ptr<KernelPass> make_tap_columns_forward(const Problem& problem) {
  const bool by_residue = problem.axes[1].stride == 1 && problem.axes[2].stride == 1;
  const bool has_kernel_bias = problem.geometry.bias == BiasMode::kKernel && problem.kernel_count() > 1;
  const bool or_dots = problem.order == Problem::Order::kIcInner;
  if (!by_residue || has_kernel_bias) return nullptr;
  if (!fits(problem, problem.oc, problem.ic, &Axis::input, kFewestUses, or_dots)) return nullptr;
  return std::make_unique<TapColumnsForward>(problem);
}

std::unique_ptr<KernelPass> make_tap_columns_backward_data(const Problem& problem) {
  const bool or_dots = problem.order == Problem::Order::kOcInner && problem.ic < kFewInputs;
  if (!fits(problem, problem.ic, problem.oc, &Axis::output, kFewestTurnedUses, or_dots)) return nullptr;
  return std::make_unique<TapColumnsBackwardData>(problem);
}

}  // namespace conv4j
