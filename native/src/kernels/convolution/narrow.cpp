#include "kernels/convolution/narrow.h"

#include <algorithm>
#include <cstring>

#include "core/division.h"
#include "kernels/convolution/padded.h"
#include "kernels/convolution/splits.h"

namespace conv4j {

namespace {

// Of the narrow side: 6 and 64 channels, as 64 and 7, take 1.03 of the time, groups of 64 and 64 as long as otherwise.
constexpr int64_t kMostChannels = 5, kMostOfGroup = 32;
// Of groups, whose positions lie apart and are copied: with one tap, 1.4 times the time.
constexpr int64_t kManyTaps = 4;
// Of input channels, whose taps could fill the lanes together (20 and 3 channels: 1.27 times the time).
constexpr double kFullLanes = 0.75;
// Positions of a class in a row.
constexpr int64_t kLongRow = 8;
// Columns and terms of a tile. Its part of the wide side comes from the second-level cache once for each line of taps:
// so few terms that the first one holds them took up to 1.07 times as long, prefetching them 0.92 (3 channels) to 1.1
// (one). Those of a group stay near the core.
constexpr int64_t kMostColumns = 64, kTerms = 256, kTermsOfGroup = 64;
// For threads; and elements that a split then reads for each of its sums.
constexpr int64_t kFewSplits = 8, kReads = 4;

// Of an axis: wide positions, from each to the next the narrow one's step, and the narrow side.
struct Side {
  int64_t wide, step;
  Padded::Side narrow;
};

Side side(const Problem& p, int i) {
  const Axis& axis = p.axes[i];
  if (p.order == Problem::Order::kOcInner) return {axis.output, axis.stride, Padded::source_side(axis, 1)};
  const int64_t reach = (axis.kernel - 1) * axis.dilation;
  return {axis.input, 1, {axis.output, axis.pad_begin - reach, axis.input + reach, 1}};
}

// Positions of the wide side fall into classes that meet the same kernels: those whose remainders by the sharing's
// sizes are equal. A class has a gradient of its own, with a row for each tap and channel of the narrow side; taps come
// in the order in which they meet that side. Groups of 16 to 16 channels took 1.05 times as long read in place and
// prefetched, 1.24 with what all taps of a position meet copied side by side.
class NarrowBackwardWeights : public KernelPass {
 public:
  explicit NarrowBackwardWeights(const Problem& problem)
      : KernelPass(problem),
        by_outputs_(problem.order == Problem::Order::kOcInner),
        wide_(by_outputs_ ? problem.dst : problem.src),
        channels_(by_outputs_ ? problem.ic : problem.oc),
        columns_(by_outputs_ ? problem.oc : problem.ic),
        sides_{side(problem, 0), side(problem, 1), side(problem, 2)},
        padded_(problem, by_outputs_ ? problem.src : problem.dst,
                {sides_[0].narrow, sides_[1].narrow, sides_[2].narrow}, channels_, channels_),
        splits_(problem, split_count(problem)) {
    const int64_t terms = problem.groups > 1 ? kTermsOfGroup : kTerms;
    const int64_t kernels = problem.axes[2].kernels();
    piece_ = std::min(terms * kernels, sides_[2].wide);
    const int64_t of_line = (piece_ - 1) / kernels + 1;
    lines_ = std::max<int64_t>(terms / of_line, 1);
    padded_copy_ = reserve<float>(problem.n * padded_.image());
    sums_ = reserve<float>((by_outputs_ ? 0 : problem.weights_size()) + splits_.scratch_size());
    if (problem.groups > 1) panel_ = reserve_per_thread<float>(lines_ * of_line * columns_);
    segments_ = reserve_per_thread<Segment>(lines_);
  }

  void run(const Call& call) const override {
    const Problem& p = problem_;
    padded_.copy(by_outputs_ ? call.src : call.dst, p.n, padded_copy_.of<float>(call, 0));
    float* const first = by_outputs_ ? call.weights : sums_.of<float>(call, 0);
    float* const others = sums_.of<float>(call, 0) + (by_outputs_ ? 0 : p.weights_size());
    parallel_for(splits_.count(), [&](int64_t split) {
      float* const sums = splits_.sums(split, first, others);
      if (split > 0 || !by_outputs_ || !call.add) {
        std::memset(sums, 0, static_cast<size_t>(p.weights_size()) * sizeof(float));
      }
      const int64_t heights = sides_[1].wide, depths = sides_[0].wide;
      const Splits::Part part = splits_.part(split, p.n * depths * heights);
      for (int64_t line = part.begin, count; line < part.end; line += count) {
        int64_t rest = line;
        const int64_t height = take_digit(rest, heights), depth = take_digit(rest, depths);
        count = std::min({part.end - line, heights - height, lines_ * p.axes[1].kernels()});
        for (int64_t g = 0; g < p.groups; ++g) add_lines(call, rest, g, depth, height, height + count, sums);
      }
    });
    splits_.add_up(first, others);
    if (!by_outputs_) put(call, first);
  }

 private:
  static int64_t split_count(const Problem& p) {
    const int64_t lines = p.n * p.positions(0) * p.positions(1);
    const int64_t most = std::min(lines, (p.src.image + p.dst.image) * p.n / (kReads * p.weights_size()));
    return std::max(Splits::by_lines(p), std::min(most, kFewSplits));
  }

  // Of one depth.
  void add_lines(const Call& call, int64_t image, int64_t group, int64_t depth, int64_t begin, int64_t end,
                 float* sums) const {
    const Problem& p = problem_;
    const int64_t heights = p.axes[1].kernels(), widths = p.axes[2].kernels();
    const float* const padded = padded_copy_.of<float>(call, 0) + image * padded_.image() + group * padded_.group() +
                                depth * sides_[0].step * padded_.step(0);
    const float* const wide =
        (by_outputs_ ? call.dst : call.src) + image * wide_.image + depth * wide_.axis[0] + group * columns_;
    float* const panel = panel_.of<float>(call);
    Segment* const list = segments_.of<Segment>(call);
    Tile t = {};
    t.a_row = widths * sides_[2].step * channels_;
    t.rows = p.axes[2].kernel * channels_;
    t.b_step = p.groups > 1 ? columns_ : widths * wide_.axis[2];
    t.c_row = t.init_row = columns_;
    t.segments = list;
    t.tiles = p.axes[1].kernel;
    t.a_next = p.axes[1].dilation * padded_.step(1);
    t.c_next = t.init_next = t.rows * columns_;
    for (int64_t first = 0; first < sides_[2].wide; first += piece_) {
      const int64_t last = std::min(first + piece_, sides_[2].wide);
      for (int64_t h = begin; h < std::min(begin + heights, end); ++h) {
        t.segment_count = 0;
        for (int64_t line = h; line < end; line += heights) {
          list[t.segment_count++] = {(line - h) * sides_[1].step * padded_.step(1), (line - h) * wide_.axis[1], 0};
        }
        for (int64_t w = first; w < std::min(first + widths, last); ++w) {
          const int64_t count = (last - w - 1) / widths + 1;
          const float* const b = wide + h * wide_.axis[1] + w * wide_.axis[2];
          for (int64_t i = 0; i < t.segment_count; ++i) {
            list[i].length = count;
            if (p.groups == 1) continue;
            list[i].b = i * count * columns_;
            p.kernels.copy(b + i * heights * wide_.axis[1], widths * wide_.axis[2], lines_ * heights * wide_.axis[1],
                           count, columns_, panel + list[i].b, columns_);
          }
          const int64_t kernel =
              p.kernel_index(remainder(depth, p.axes[0].kernels()), remainder(h, heights), remainder(w, widths));
          t.a = padded + h * sides_[1].step * padded_.step(1) + w * sides_[2].step * channels_;
          t.b = p.groups > 1 ? panel : b;
          t.c = sums + (kernel * p.groups + group) * p.taps * channels_ * columns_;
          add_taps(t);
        }
      }
    }
  }

  // All taps of a class, plane by plane, and the columns of each in tiles.
  void add_taps(Tile t) const {
    const Axis& depth = problem_.axes[0];
    const float* const b = static_cast<const float*>(t.b);
    float* const sums = t.c;
    for (int64_t d = 0; d < depth.kernel; ++d, t.a += depth.dilation * padded_.step(0)) {
      for (int64_t column = 0; column < columns_; column += kMostColumns) {
        t.columns = std::min(kMostColumns, columns_ - column);
        t.b = b + column;
        t.init = t.c = sums + d * t.tiles * t.c_next + column;
        problem_.kernels.gemm_t(t);
      }
    }
  }

  // Classes of source positions to kernels.
  void put(const Call& call, const float* sums) const {
    const Problem& p = problem_;
    parallel_for(p.kernel_count() * p.groups * p.taps, [&](int64_t unit) {
      const float* const from = sums + unit * channels_ * columns_;
      int64_t tap[3], kernel[3];
      for (int i : {2, 1, 0}) tap[i] = p.axes[i].kernel - 1 - take_digit(unit, p.axes[i].kernel);
      const int64_t group = take_digit(unit, p.groups);
      for (int i : {2, 1, 0}) {
        const Axis& axis = p.axes[i];
        const int64_t position = take_digit(unit, axis.kernels());
        kernel[i] = modulo(position + axis.pad_begin - tap[i] * axis.dilation, axis.kernels());
      }
      float* to = call.weights + p.kernel_index(kernel[0], kernel[1], kernel[2]) * p.weights_kernel +
                  group * p.weights_group + p.tap_index(tap[0], tap[1], tap[2]) * p.weights_tap;
      for (int64_t o = 0; o < channels_; ++o, to += p.taps * columns_) {
        const float* const row = from + o * columns_;
        call.add ? p.kernels.add(to, row, columns_) : p.kernels.copy(row, 0, 0, 1, columns_, to, 0);
      }
    });
  }

  bool by_outputs_;  // Output channels are in the lanes: dst is the wide side.
  Steps wide_;
  int64_t channels_, columns_;  // of the narrow side, and of the wide one
  Side sides_[3];
  Padded padded_;
  Splits splits_;
  int64_t piece_, lines_;  // wide positions of a row, and lines of a class, that a tile takes
  Place padded_copy_, sums_, panel_, segments_;
};

}  // namespace

std::unique_ptr<KernelPass> make_narrow_backward_weights(const Problem& problem) {
  const bool by_outputs = problem.order == Problem::Order::kOcInner;
  const int64_t narrow = by_outputs ? problem.ic : problem.oc, wide = by_outputs ? problem.oc : problem.ic;
  if (problem.order == Problem::Order::kGroupsInner || problem.axes[2].dilation > 1) return nullptr;
  const bool has_groups = problem.groups > 1;
  if (narrow > (has_groups ? kMostOfGroup : kMostChannels) || wide < problem.kernels.lanes) return nullptr;
  if (has_groups && problem.taps < kManyTaps) return nullptr;
  for (const Axis& axis : problem.axes) {
    if (!axis.repeats() || (!by_outputs && axis.stride > 1)) return nullptr;
  }
  if (problem.axes[2].output / problem.axes[2].kernels() < kLongRow) return nullptr;
  if (!by_outputs && fullness(wide, problem.kernels.lanes) < kFullLanes) return nullptr;
  if (!Padded::is_modest({side(problem, 0).narrow, side(problem, 1).narrow, side(problem, 2).narrow})) return nullptr;
  return std::make_unique<NarrowBackwardWeights>(problem);
}

}  // namespace conv4j
