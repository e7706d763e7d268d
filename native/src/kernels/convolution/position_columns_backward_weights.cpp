#include <algorithm>

#include "core/division.h"
#include "core/layout.h"
#include "core/parallel.h"
#include "kernels/convolution/padded.h"
#include "kernels/convolution/position_columns.h"

namespace conv4j {

namespace {

constexpr int64_t kMostChannels = 4;
// Columns of a unit of work, terms of a piece of a line, and pieces that a tile takes.
constexpr int64_t kColumns = 768, kTerms = 512, kSegments = 64;
// Splits, for threads, each of so many terms at least.
constexpr int64_t kMostSplits = 16, kFewTerms = 256;
// Of all splits' sums.
constexpr int64_t kMostFloats = 16 << 20;

// Products of neighbouring positions' gradients with all that any of them meets, summed over all such neighbours: what
// a tap's gradient is the sum of lies on a diagonal.
class PositionColumnsBackwardWeights : public KernelPass {
 public:
  explicit PositionColumnsBackwardWeights(const Problem& problem)
      : KernelPass(problem),
        width_(Padded::source_side(problem.axes[2], 1)),
        padded_(problem, problem.src, padding(problem), problem.ic, problem.ic),
        neighbours_(neighbours(problem)),
        step_(neighbours_ * problem.axes[2].stride),
        columns_(reach(problem, neighbours_) * problem.ic),
        size_(neighbours_ * problem.oc * columns_),
        terms_(problem.axes[2].output / neighbours_),
        pieces_(std::max<int64_t>(ceil_div(terms_, kTerms), 1)),
        splits_(split_count()) {
    copy_ = reserve<float>(problem.n * padded_.image());
    sums_ = reserve<float>(splits_ * lines() * size_);
    segments_ = reserve_per_thread<Segment>(kSegments);
  }

  void run(const Call& call) const override {
    padded_.copy(call.src, problem_.n, copy_.of<float>(call));
    const int64_t blocks = ceil_div(columns_, kColumns);
    parallel_for(splits_ * lines() * blocks, [&](int64_t unit) {
      const int64_t first = take_digit(unit, blocks) * kColumns, line = take_digit(unit, lines());
      sum(call, unit, line, first, std::min(kColumns, columns_ - first));
    });
    add_up(call);
  }

  static bool fits(const Problem& p) {
    const Axis& width = p.axes[2];
    if (p.kernel_count() != 1 || p.groups > 1 || width.kernel == 1 || width.dilation > 1) return false;
    if (std::max(p.ic, p.oc) > kMostChannels) return false;
    // Most products would be on no diagonal (stride 4, 9 taps: 0.46 to 1.0 of the time, 5 taps 0.9 to 1.5).
    if (width.stride > 1 && width.kernel < 2 * width.stride) return false;
    const int64_t count = neighbours(p);
    if (width.output < 4 * count || !Padded::is_modest(padding(p))) return false;
    return static_cast<double>(kMostSplits * p.taps / width.kernel * count * p.oc) *
               static_cast<double>(reach(p, count) * p.ic) <=
           kMostFloats;
  }

 private:
  // Lines are padded alone.
  static Padded::Sides padding(const Problem& p) {
    const int64_t depth = p.axes[0].input, height = p.axes[1].input;
    return {{{depth, 0, depth, 1}, {height, 0, height, 1}, Padded::source_side(p.axes[2], 1)}};
  }

  // Positions of the source that some neighbours meet.
  static int64_t reach(const Problem& p, int64_t count) { return p.axes[2].kernel + (count - 1) * p.axes[2].stride; }

  // How many neighbours are rows together: of more, more products are on no tap's diagonal; of fewer, a tile has more
  // loads.
  static int64_t neighbours(const Problem& p) {
    constexpr int64_t kMostRows = 16;
    int64_t best = 1;
    double most = 0;
    for (int64_t count = 1; count * p.oc <= kMostRows; ++count) {
      const auto rows = static_cast<double>(count * p.oc), met = static_cast<double>(reach(p, count));
      const int64_t columns = reach(p, count) * p.ic;
      const double speed = static_cast<double>(p.axes[2].kernel) / met * fullness(columns, p.kernels.lanes) * rows /
                           (rows + 2) * (columns % p.kernels.lanes == 0 ? 1 : 0.8);
      if (speed <= most) continue;
      most = speed;
      best = count;
    }
    return best;
  }

  // Of taps.
  int64_t lines() const { return problem_.taps / problem_.axes[2].kernel; }

  // Pieces of the lines of all images.
  int64_t piece_count() const { return problem_.n * problem_.axes[0].output * problem_.axes[1].output * pieces_; }
  int64_t split_count() const {
    const int64_t terms = piece_count() / pieces_ * terms_;
    return std::clamp<int64_t>(terms / kFewTerms, 1, std::min(kMostSplits, piece_count()));
  }

  // What one split gives to some columns of a line of taps.
  void sum(const Call& call, int64_t split, int64_t line, int64_t first, int64_t columns) const {
    const Problem& p = problem_;
    const Axis &depth = p.axes[0], &height = p.axes[1];
    const int64_t tap_height = line % height.kernel, tap_depth = line / height.kernel;
    const float* const copy = copy_.of<float>(call, 0);
    float* const sums = sums_.of<float>(call, 0) + (split * lines() + line) * size_ + first;
    Segment* const list = segments_.of<Segment>(call);
    Tile t = {};
    t.a = call.dst;
    t.a_row = neighbours_ * p.oc;
    t.b = copy + first;
    t.b_step = step_ * p.ic;
    t.c = sums;
    t.c_row = t.init_row = columns_;
    t.rows = neighbours_ * p.oc;
    t.columns = columns;
    t.segments = list;
    const auto flush = [&] {
      p.kernels.gemm_t(t);
      t.init = t.c;
      t.segment_count = 0;
    };
    // Terms that all columns meet on the padding are left out.
    const int64_t begin = first / p.ic + width_.begin, end = (first + columns - 1) / p.ic + 1 + width_.begin;
    const int64_t inside = std::max<int64_t>(ceil_div(1 - end, step_), 0);
    const int64_t outside = begin < width_.size ? ceil_div(width_.size - begin, step_) : 0;
    const int64_t rest = p.axes[2].output % neighbours_;
    const int64_t rest_columns = std::min(reach(p, rest) * p.ic - first, columns);
    flush();  // zeros, where nothing follows
    const int64_t last = piece_count() * (split + 1) / splits_;
    for (int64_t piece = piece_count() * split / splits_; piece < last; ++piece) {
      int64_t place = piece;
      const int64_t part = take_digit(place, pieces_), output_line = place;
      const int64_t h =
          take_digit(place, height.output) * height.stride - height.pad_begin + tap_height * height.dilation;
      const int64_t d = take_digit(place, depth.output) * depth.stride - depth.pad_begin + tap_depth * depth.dilation;
      if (h < 0 || h >= height.input || d < 0 || d >= depth.input) continue;
      const int64_t a = output_line * p.dst.axis[1];
      const int64_t b = place * padded_.image() + d * padded_.step(0) + h * padded_.step(1);
      const int64_t from = std::max(part * terms_ / pieces_, inside);
      const int64_t to = std::min((part + 1) * terms_ / pieces_, outside);
      if (from < to) list[t.segment_count++] = {a + from * t.a_row, b + from * t.b_step, to - from};
      if (t.segment_count == kSegments) flush();
      if (part + 1 < pieces_ || rest == 0 || rest_columns <= 0) continue;
      flush();
      Tile few = t;
      const Segment term = {a + terms_ * t.a_row, b + terms_ * t.b_step, 1};
      few.segments = &term;
      few.segment_count = 1;
      few.rows = rest * p.oc;
      few.columns = rest_columns;
      p.kernels.gemm_t(few);
    }
    if (t.segment_count > 0) flush();
  }

  void add_up(const Call& call) const {
    constexpr int64_t kPiece = 256;
    const Problem& p = problem_;
    const PackedSteps steps = packed_steps(p.order, 1, p.oc, p.ic, p.taps);
    const int64_t kernel = p.axes[2].kernel, stride = p.axes[2].stride, pieces = ceil_div(kernel, kPiece);
    const float* const sums = sums_.of<float>(call, 0);
    parallel_for(lines() * pieces, [&](int64_t unit) {
      const int64_t begin = take_digit(unit, pieces) * kPiece, end = std::min(begin + kPiece, kernel);
      for (int64_t tap = begin; tap < end; ++tap) {
        for (int64_t i = 0; i < p.ic; ++i) {
          for (int64_t o = 0; o < p.oc; ++o) {
            float* const to = call.weights + (unit * kernel + tap) * steps.tap + i * steps.ic + o * steps.oc;
            float sum = call.add ? *to : 0;
            for (int64_t split = 0; split < splits_; ++split) {
              const float* at = sums + (split * lines() + unit) * size_ + o * columns_ + tap * p.ic + i;
              for (int64_t r = 0; r < neighbours_; ++r, at += p.oc * columns_ + stride * p.ic) sum += *at;
            }
            *to = sum;
          }
        }
      }
    });
  }

  Padded::Side width_;
  Padded padded_;
  int64_t neighbours_, step_;  // and positions of the source from some to the next ones
  int64_t columns_, size_;     // of the sums of a line of taps
  int64_t terms_, pieces_;     // of a line of positions
  int64_t splits_;
  Place copy_, sums_, segments_;
};

}  // namespace

std::unique_ptr<KernelPass> make_position_columns_backward_weights(const Problem& problem) {
  if (!PositionColumnsBackwardWeights::fits(problem)) return nullptr;
  return std::make_unique<PositionColumnsBackwardWeights>(problem);
}

}  // namespace conv4j
