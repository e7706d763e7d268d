// diff_weights of layers whose kernels many positions share.
#include <algorithm>
#include <cstring>
#include <utility>

#include "core/division.h"
#include "kernels/convolution/backward_weights.h"
#include "kernels/convolution/splits.h"

namespace conv4j {

namespace {

constexpr int64_t kFloat = sizeof(float);

// Many positions share a kernel. A unit of work is a block of taps of a kernel, and some output channels.
//
// The source elements under the taps and the gradients of many positions are copied into panels, zeros where taps lie
// on the padding, and the sum over them runs without gaps. In place, positions whose distance is a power of two would
// evict each other, and the short runs at the border would take a tile each (1.1 to 1.7 times the time with 64
// channels). Where a copy would serve few products, all but the border's positions are read where they lie.
//
// Units that read the same lines go through them together, as long as threads share these evenly and their gradients
// stay near the core (t3_c64_56 on a Cascade Lake, 0.93 of the time).
class SharedBackwardWeights : public BackwardWeights {
 public:
  explicit SharedBackwardWeights(const Problem& problem)
      : BackwardWeights(problem, problem.order == Problem::Order::kOcInner ? problem.panel : 0),
        merges_(problem.axes[2].dilation == 1 && problem.groups == 1),
        in_place_(fits_in_place(problem)),
        block_(in_place_ ? (merges_ ? problem.axes[2].kernel : 1) : even_block(problem)),
        blocks_(ceil_div(problem.taps, block_)),
        columns_(panel() > 0 ? panel() : std::min<int64_t>(problem.oc, kMostColumns)),
        outputs_(even_outputs()),
        output_blocks_(ceil_div(problem.oc, outputs_)),
        alike_(blocks_ * problem.axes[2].kernels()),
        splits_(problem, split_count(), gradient_size()),
        src_step_(block_ * problem.ic + kApart) {
    const Axis& width = problem.axes[2];
    const bool is_near = lanes_are_outputs() && !in_place_;
    const int64_t lanes = lanes_are_outputs() ? columns_ : block_ * problem.ic;
    terms_ = std::clamp<int64_t>((is_near ? kNearFloats : kPanelFloats) / lanes, 16, 256);
    // In place, both factors stay near the core. Windows of neighbouring positions share their source.
    const int64_t step = width.stride * width.period();
    most_in_place_ = std::max<int64_t>(16, kInPlaceFloats / (std::min(block_, step) * problem.ic + columns_));
    sums_ = reserve<float>(splits_.scratch_size());
    // No thread is to wait for long for another one.
    const auto is_even = [&](int64_t joint) {
      const int64_t units = splits_.count() * unit_count() / joint;
      return 20 * ceil_div(units, problem.threads) * problem.threads <= 21 * units;
    };
    for (int64_t joint : {width.kernels(), alike_}) {
      if (joint <= most_joint() && is_even(joint)) joint_ = joint;
    }
    const int64_t panels = in_place_ ? joint_ : 1;
    units_ = reserve_per_thread<Unit>(joint_);
    src_panels_ = reserve_per_thread<float>(panels * terms_ * src_step_);
    dst_panels_ = reserve_per_thread<float>(panels * terms_ * outputs_);
    rows_ = reserve_per_thread<Row>(joint_ * block_);
    segments_ = reserve_per_thread<Segment>(joint_ * kMostSegments);
  }

  void run(const Call& call) const override {
    const Problem& p = problem_;
    const bool streams = !in_place_ && this->streams(call);
    const int64_t widths = p.axes[2].kernels();
    parallel_for(splits_.count() * unit_count() / joint_, [&](int64_t index) {
      Unit u = {};
      u.first_output = take_digit(index, output_blocks_) * outputs_;
      u.outputs = std::min(outputs_, p.oc - u.first_output);
      const int64_t first = take_digit(index, alike_ / joint_) * joint_;
      u.group = take_digit(index, p.groups);
      for (int axis : {1, 0}) u.positions[axis] = p.axes[axis].positions_of(take_digit(index, p.axes[axis].kernels()));
      u.split = index;
      u.add = call.add && index == 0;
      Unit* units = units_.of<Unit>(call);
      for (int64_t i = 0; i < joint_; ++i) {
        const int64_t place = in_place_ ? i : 0;
        u.first_tap = (first + i) / widths * block_;
        u.inputs = (std::min(p.taps, u.first_tap + block_) - u.first_tap) * p.ic;
        u.positions[2] = p.axes[2].positions_of((first + i) % widths);
        u.src_panel = src_panels_.of<float>(call) + place * terms_ * src_step_;
        u.dst_panel = dst_panels_.of<float>(call) + place * terms_ * outputs_;
        u.rows = rows_.of<Row>(call) + i * block_;
        u.segments = segments_.of<Segment>(call) + i * kMostSegments;
        u.c = splits_.sums(index, call.weights, sums_.of<float>(call)) + unit_offset(u);
        // Only what is written once.
        u.streams = streams && p.n * u.positions[0].count * u.positions[1].count * u.positions[2].count <= terms_;
        units[i] = u;
        find_rows(units[i]);
        if (panel() > 0 && !u.add) clear_empty(units[i]);
      }
      run_units(call, units, units + joint_);
      if (streams) p.kernels.end_streams();
    });
    splits_.add_up(call.weights, sums_.of<float>(call));
  }

 private:
  static constexpr int64_t kFewProducts = 32;
  // Of a unit, which copies the source once for all of them (t4_c128_28: 0.96 of the time), and of a tile.
  static constexpr int64_t kMostOutputs = 128, kMostColumns = 64;
  static constexpr int64_t kInputs = 400;
  // For threads, where positions are too few for splits (two threads, one image, 28 x 28, on a Zen 3: 32 to 64 channels
  // 0.75 of the time, 32 to 128 0.65, 128 to 128 0.88); units of fewer inputs and outputs copy too often.
  static constexpr int64_t kFewUnits = 8, kFewInputs = 96, kFewOutputs = 48;
  static constexpr int64_t kPanelFloats = 16384;  // of the panel in the lanes
  // The same where the other panel's rows are many: half of a first-level cache (t2_c64_56 on a Cascade Lake, from its
  // second one: 1.2 times the time).
  static constexpr int64_t kNearFloats = 4096;
  static constexpr int64_t kApart = 16;             // keeps terms whose size is a power of two from evicting each other
  static constexpr int64_t kJointFloats = 131072;   // of gradients
  static constexpr int64_t kInPlaceFloats = 12288;  // 3072: up to 1.1 times the time, 1.3 on two threads
  static constexpr int64_t kMostSegments = 128;
  static constexpr int64_t kMostJoint = 16;

  // Counted in positions of a unit.
  struct Range {
    int64_t begin, end;
  };

  // Neighbouring taps of a row, read as one run, and the source that they see from the current line of positions.
  struct Row {
    const float* src;  // null: padding
    int64_t depth, height, first, taps;
    Range inside, touching;  // positions from which all taps, or any, lie inside the source
  };

  struct Unit {
    int64_t split;
    Positions positions[3];
    int64_t group;
    int64_t first_tap, inputs;
    int64_t first_output, outputs;
    float* c;
    bool add, streams;
    float *src_panel, *dst_panel;
    int64_t terms;  // in the panels
    Segment* segments;
    int64_t segment_count, segment_terms;
    Row* rows;
    int64_t row_count;
  };

  // Positions of a line: its gradients, and how far ahead the next line is.
  struct Stretch {
    const float* dst;
    int64_t first, last;  // counted in positions of the unit
    int64_t src_ahead, dst_ahead;
  };

  // Among the positions of units.
  struct Spot {
    int64_t n, d, h, w;
  };

  // Not where hardly a position's taps all lie inside the source.
  bool fits_in_place(const Problem& p) const {
    const Axis& width = p.axes[2];
    if (!merges_) return std::min(p.oc, p.ic) < kFewProducts / 4;
    return std::min(p.oc, p.ic * width.kernel) < kFewProducts && width.kernel <= std::max(kInputs, width.input / 64);
  }

  // Taps of a unit: whole lines if there are several, and about as many in each unit, since threads wait for the last.
  static int64_t even_block(const Problem& p) {
    const int64_t wanted = ceil_div(kFewUnits, parts(p) * ceil_div(p.oc, kMostOutputs));
    const int64_t fewer = std::max(p.taps / wanted, ceil_div(kFewInputs, p.ic));
    const int64_t most = std::clamp<int64_t>(std::min(kInputs / p.ic, fewer), 1, p.taps);
    const int64_t line = most > p.axes[2].kernel ? p.axes[2].kernel : 1;
    const int64_t lines = p.taps / line, blocks = ceil_div(lines, most / line);
    return ceil_div(lines, blocks) * line;
  }

  // How many units that read the same lines may go through them together: their gradients are to stay near the core.
  int64_t most_joint() const { return in_place_ ? kMostJoint : kJointFloats / (block_ * problem_.ic * outputs_); }

  int64_t split_count() const {
    const bool is_joint = in_place_ && alike_ <= kMostJoint;
    const int64_t by_units = Splits::by_units(problem_, unit_count() / (is_joint ? alike_ : 1));
    return in_place_ ? std::max(Splits::by_images(problem_), by_units) : by_units;
  }

  int64_t unit_offset(const Unit& u) const {
    const Problem& p = problem_;
    const auto kernel = [&](int axis) { return p.axes[axis].kernel_index(u.positions[axis].first); };
    return p.kernel_index(kernel(0), kernel(1), kernel(2)) * p.weights_kernel + u.group * p.weights_group +
           u.first_tap * p.ic * input_step() + output_offset(u.first_output);
  }

  // Outputs of a unit: the columns of some tiles, about as many in each.
  int64_t even_outputs() const {
    const int64_t tiles = ceil_div(problem_.oc, columns_), most = ceil_div(kMostOutputs, columns_);
    const int64_t wanted = ceil_div(kFewUnits, parts(problem_) * blocks_);
    const int64_t blocks = std::max(ceil_div(tiles, most), std::min(wanted, problem_.oc / kFewOutputs));
    return ceil_div(tiles, blocks) * columns_;
  }

  // Units that there would be with all taps and outputs in one.
  static int64_t parts(const Problem& p) { return p.kernel_count() * p.groups * Splits::by_units(p, 1); }

  // Of a split.
  int64_t unit_count() const { return problem_.kernel_count() * problem_.groups * blocks_ * output_blocks_; }

  void find_rows(Unit& u) const {
    const Problem& p = problem_;
    for (int64_t tap = u.first_tap; tap < u.first_tap + u.inputs / p.ic;) {
      const int64_t width = p.axes[2].kernel;
      const int64_t line = tap / width, first = tap % width;
      const int64_t taps = merges_ ? std::min(width - first, u.first_tap + u.inputs / p.ic - tap) : 1;
      const int64_t last = first + taps - 1;
      const Range inside = between(u, first, last), touching = between(u, last, first);
      u.rows[u.row_count++] = {nullptr, line / p.axes[1].kernel, line % p.axes[1].kernel, first, taps, inside,
                               touching};
      tap += taps;
    }
  }

  // The end of the last panel, with some channels that are written later.
  void clear_empty(const Unit& u) const {
    if (u.outputs % panel() == 0) return;
    const int64_t last = u.outputs / panel() * panel();
    std::memset(u.c + output_offset(last), 0, static_cast<size_t>(u.inputs * panel() * kFloat));
  }

  // Units of the same lines. All of them copy what the first one brought near the core.
  void run_units(const Call& call, Unit* begin, Unit* end) const {
    const Positions &pd = begin->positions[0], &ph = begin->positions[1];
    const Splits::Part lines = splits_.part(begin->split, problem_.n * pd.count * ph.count);
    const int64_t width = problem_.axes[2].positions_of(0).count;
    int64_t left = (lines.end - lines.begin) * width;
    Spot from = {};
    if (left > 0)
      from = {lines.begin / ph.count / pd.count, lines.begin / ph.count % pd.count, lines.begin % ph.count, 0};
    const int64_t step = in_place_ ? width : ceil_div(left, std::max<int64_t>(ceil_div(left, terms_), 1));
    while (left > 0) {
      const int64_t count = std::min(left, step);
      Spot at = from;
      for (Unit* u = begin; u != end; ++u) {
        at = from;
        for (int64_t rest = count, piece; rest > 0; rest -= piece) {
          piece = std::min(rest, width - at.w);
          positions_of_line(call, *u, at, std::min(at.w + piece, u->positions[2].count));
          at.w += piece;
          if (at.w == width) at = line_after(at, pd.count, ph.count);
        }
        if (!in_place_) flush_panels(*u);
      }
      from = at;
      left -= count;
    }
    for (Unit* u = begin; u != end; ++u) {
      flush_panels(*u);
      flush_segments(call, *u);
      if (u->add) continue;
      for_columns(*u, [&](int64_t first, int64_t columns) { clear(u->c + output_offset(first), u->inputs, columns); });
    }
  }

  // Without divisions, which took a fifth of t2_c3_32's time.
  static Spot line_after(const Spot& at, int64_t depths, int64_t heights) {
    if (at.h + 1 < heights) return {at.n, at.d, at.h + 1, 0};
    return at.d + 1 < depths ? Spot{at.n, at.d + 1, 0, 0} : Spot{at.n + 1, 0, 0, 0};
  }

  void positions_of_line(const Call& call, Unit& u, const Spot& at, int64_t last) const {
    const Problem& p = problem_;
    const Positions &pd = u.positions[0], &ph = u.positions[1], &pw = u.positions[2];
    const int64_t d = pd.first + at.d * pd.step, h = ph.first + at.h * ph.step;
    const float* src = call.src + at.n * p.src.image + u.group * p.ic;
    int64_t begin = last, end = at.w;  // A long kernel meets a short source from few positions.
    for (int64_t i = 0; i < u.row_count; ++i) {
      Row& row = u.rows[i];
      const int64_t depth = d * p.axes[0].stride - p.axes[0].pad_begin + row.depth * p.axes[0].dilation;
      const int64_t height = h * p.axes[1].stride - p.axes[1].pad_begin + row.height * p.axes[1].dilation;
      const bool inside = depth >= 0 && depth < p.axes[0].input && height >= 0 && height < p.axes[1].input;
      row.src = inside ? src + depth * p.src.axis[0] + height * p.src.axis[1] : nullptr;
      if (!inside) continue;
      begin = std::min(begin, row.touching.begin);
      end = std::max(end, row.touching.end);
    }
    begin = std::max(begin, at.w);
    end = std::min(end, last);
    if (begin >= end) return;
    // Ahead lies the next line, or the same one where that is long.
    const bool is_long = pw.count > 2 * terms_;
    const int64_t next = h + ph.step < p.axes[1].output && !is_long ? ph.step : 0;
    const int64_t further = is_long ? terms_ * pw.step : 0;
    line(call, u,
         {call.dst + at.n * p.dst.image + d * p.dst.axis[0] + h * p.dst.axis[1] + u.group * p.oc + u.first_output,
          begin, end, next * p.axes[1].stride * p.src.axis[1] + further * p.axes[2].stride * p.src.axis[2],
          next * p.dst.axis[1] + further * p.dst.axis[2]});
  }

  void line(const Call& call, Unit& u, const Stretch& all) const {
    if (!in_place_) return copy_line(u, all);
    const Problem& p = problem_;
    const Row& row = u.rows[0];
    const int64_t first = row.inside.begin, last = row.inside.end;
    copy_line(u, {all.dst, all.first, first, all.src_ahead, all.dst_ahead});
    copy_line(u, {all.dst, last, all.last, all.src_ahead, all.dst_ahead});
    if (first == last) return;
    const Positions& pw = u.positions[2];
    const int64_t x = pw.first + first * pw.step;
    const int64_t source = x * p.axes[2].stride - p.axes[2].pad_begin + row.first * p.axes[2].dilation;
    u.segments[u.segment_count++] = {row.src + source * p.src.axis[2] - call.src,
                                     all.dst + x * p.dst.axis[2] - call.dst, last - first};
    u.segment_terms += last - first;
    if (u.segment_terms >= most_in_place_ || u.segment_count == kMostSegments) flush_segments(call, u);
  }

  void copy_line(Unit& u, Stretch stretch) const {
    while (stretch.first < stretch.last) {
      Stretch piece = stretch;
      piece.last = std::min(stretch.last, stretch.first + terms_ - u.terms);
      copy_stretch(u, piece);
      u.terms += piece.last - piece.first;
      if (u.terms == terms_) flush_panels(u);
      stretch.first = piece.last;
    }
  }

  void copy_stretch(const Unit& u, const Stretch& stretch) const {
    const Problem& p = problem_;
    const Positions& pw = u.positions[2];
    const int64_t count = stretch.last - stretch.first;
    const int64_t x = pw.first + stretch.first * pw.step;
    for_columns(u, [&](int64_t first, int64_t columns) {
      p.kernels.copy(stretch.dst + x * p.dst.axis[2] + first, pw.step * p.dst.axis[2], stretch.dst_ahead, count,
                     columns, u.dst_panel + first * terms_ + u.terms * columns, columns);
    });
    float* to = u.src_panel + u.terms * src_step_;
    for (int64_t i = 0; i < u.row_count; ++i) {
      const Row& row = u.rows[i];
      if (row.src == nullptr) {
        zero(to, src_step_, count, row.taps * p.ic);
      } else {
        copy_taps(u, row, stretch, to);
      }
      to += row.taps * p.ic;
    }
  }

  // Positions from which one tap lies behind the source's begin, and another before its end.
  Range between(const Unit& u, int64_t behind, int64_t before) const {
    const Axis& axis = problem_.axes[2];
    const Positions& pw = u.positions[2];
    const int64_t step = pw.step * axis.stride;
    const int64_t position = pw.first * axis.stride - axis.pad_begin;
    const int64_t begin = position + behind * axis.dilation, end = position + before * axis.dilation;
    const int64_t first = begin >= 0 ? 0 : std::min(pw.count, ceil_div(-begin, step));
    const int64_t last = end >= axis.input ? 0 : std::min(pw.count, (axis.input - 1 - end) / step + 1);
    return {first, std::max(first, last)};
  }

  void copy_taps(const Unit& u, const Row& row, const Stretch& stretch, float* to) const {
    const Problem& p = problem_;
    const Axis& axis = p.axes[2];
    const Positions& pw = u.positions[2];
    const auto source = [&](int64_t position) {
      return (pw.first + position * pw.step) * axis.stride - axis.pad_begin + row.first * axis.dilation;
    };
    const int64_t first = std::clamp(row.inside.begin, stretch.first, stretch.last);
    const int64_t last = std::clamp(row.inside.end, first, stretch.last);
    if (first < last) {
      p.kernels.copy(row.src + source(first) * p.src.axis[2], pw.step * axis.stride * p.src.axis[2], stretch.src_ahead,
                     last - first, row.taps * p.ic, to + (first - stretch.first) * src_step_, src_step_);
    }
    for (int64_t position = stretch.first; position < stretch.last; ++position) {
      if (position == first) position = last;
      if (position == stretch.last) break;
      // Several taps lie side by side, in the source as in the panel.
      const int64_t x = source(position);
      const int64_t begin = std::clamp<int64_t>(-x, 0, row.taps), end = std::clamp(axis.input - x, begin, row.taps);
      float* at = to + (position - stretch.first) * src_step_;
      zero(at, 0, 1, begin * p.ic);
      copy(row.src + (x + begin) * p.src.axis[2], (end - begin) * p.ic, at + begin * p.ic);
      zero(at + end * p.ic, 0, 1, (row.taps - end) * p.ic);
    }
  }

  // Calls body(first, count) for the columns of each tile of the unit.
  template <typename Body>
  void for_columns(const Unit& u, const Body& body) const {
    for (int64_t first = 0; first < u.outputs; first += columns_) body(first, std::min(columns_, u.outputs - first));
  }

  static void copy(const float* from, int64_t size, float* to) {
    std::memcpy(to, from, static_cast<size_t>(size * kFloat));
  }

  static void zero(float* to, int64_t step, int64_t count, int64_t size) {
    for (int64_t i = 0; i < count; ++i) std::memset(to + i * step, 0, static_cast<size_t>(size * kFloat));
  }

  void flush_panels(Unit& u) const {
    if (u.terms == 0) return;
    Segment terms = {0, 0, u.terms};
    for_columns(u, [&](int64_t first, int64_t columns) {
      add_terms({u.src_panel, src_step_, u.dst_panel + first * terms_, columns}, &terms, 1, u.inputs, columns,
                u.c + output_offset(first), u.add, u.streams);
    });
    u.add = true;
    u.terms = 0;
  }

  void flush_segments(const Call& call, Unit& u) const {
    if (u.segment_count == 0) return;
    const Problem& p = problem_;
    const int64_t step = u.positions[2].step;
    if (!lanes_are_outputs()) {
      for (int64_t i = 0; i < u.segment_count; ++i) std::swap(u.segments[i].a, u.segments[i].b);
    }
    for_columns(u, [&](int64_t first, int64_t columns) {
      add_terms({call.src, step * p.axes[2].stride * p.src.axis[2], call.dst + first, step * p.dst.axis[2]}, u.segments,
                u.segment_count, u.inputs, columns, u.c + output_offset(first), u.add, false);
    });
    u.add = true;
    u.segment_count = u.segment_terms = 0;
  }

  bool merges_, in_place_;
  int64_t block_, blocks_, columns_, outputs_, output_blocks_;
  int64_t alike_;  // units that read the same lines of the source
  Splits splits_;
  int64_t terms_, most_in_place_;
  int64_t src_step_;   // of the panel
  int64_t joint_ = 1;  // units that go through the lines together
  Place sums_, units_, src_panels_, dst_panels_, rows_, segments_;
};

}  // namespace

std::unique_ptr<KernelPass> make_shared_backward_weights(const Problem& problem) {
  return std::make_unique<SharedBackwardWeights>(problem);
}

}  // namespace conv4j
