#include "kernels/convolution/position_columns.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "core/division.h"
#include "core/layout.h"
#include "core/parallel.h"
#include "kernels/convolution/items.h"
#include "kernels/convolution/padded.h"
#include "kernels/convolution/start.h"

namespace conv4j {

namespace {

// Rows of a unit of work, and too few for a tile.
constexpr int64_t kRows = 128, kFewRows = 16;
// Channels that leave half of a vector's lanes empty and more; and terms for which lanes that are summed over keep up
// (8 0.83 to 1.12 of the time, 16 0.84 to 1.9).
constexpr int64_t kFewChannels = 4, kManyTerms = 8;
// Of the positions (4: 0.27 to 1.1 of the time; 8: 0.5 to 1.7).
constexpr int64_t kMostStride = 4;
// Floats of B that stay in a second-level cache for all of them.
constexpr int64_t kNearFloats = 32 << 10;
// Of B in all.
constexpr int64_t kMostFloats = 16 << 20;

// What a pass computes, and what it is a sum of.
struct Sides {
  FindItems find;  // of the depths and heights that are computed
  const Steps &own, &other;
  int64_t channels, terms;      // of each
  int64_t own_step, term_step;  // of the weights
  int64_t positions;            // of a row
  int64_t stride;               // on the other side, from one of them to the next
  Padded::Side width;           // what they meet
  bool falls;                   // the last tap meets the first position
};

Sides forward_sides(const Problem& p) {
  const Axis& width = p.axes[2];
  const PackedSteps steps = packed_steps(p.order, 1, p.oc, p.ic, p.taps);
  return {output_items, p.dst,    p.src,        p.oc,         p.ic,
          steps.oc,     steps.ic, width.output, width.stride, Padded::source_side(width, 1),
          false};
}

Sides backward_sides(const Problem& p) {
  const Axis& width = p.axes[2];
  const PackedSteps steps = packed_steps(p.order, 1, p.oc, p.ic, p.taps);
  const int64_t before = width.kernel - 1 - width.pad_begin;
  return {source_items, p.src,    p.dst,       p.ic, p.oc,
          steps.ic,     steps.oc, width.input, 1,    {width.output, -before, width.input + width.kernel - 1, 1},
          true};
}

// How many neighbours are computed together: of more, a larger part of the products is with zeros; of fewer, a tile has
// more loads.
int64_t neighbours(const Problem& p, const Sides& sides) {
  constexpr double kSpeeds[] = {0.8, 0.95, 1}, kPartial = 0.5;
  const int64_t lanes = p.kernels.lanes, kernel = p.axes[2].kernel;
  int64_t best = 1;
  double most = 0;
  for (int64_t vectors = 1; vectors <= 3; ++vectors) {
    const int64_t count = vectors * lanes / sides.channels;
    const int64_t columns = count * sides.channels;
    const double speed = kSpeeds[vectors - 1] * (columns % lanes == 0 ? 1 : kPartial) * fullness(columns, lanes) *
                         static_cast<double>(kernel) / static_cast<double>(kernel + (count - 1) * sides.stride);
    if (speed <= most) continue;
    most = speed;
    best = count;
  }
  return best;
}

int64_t depths(const Steps& steps) { return steps.image / steps.axis[0]; }
int64_t heights(const Steps& steps) { return steps.axis[0] / steps.axis[1]; }

// Lines are padded alone.
Padded::Sides padding(const Sides& sides) {
  const int64_t depth = depths(sides.other), height = heights(sides.other);
  return {{{depth, 0, depth, 1}, {height, 0, height, 1}, sides.width}};
}

// Whether there are neither infinities nor NaNs.
bool is_finite(const float* x, int64_t count) {
  constexpr int64_t kPiece = 1 << 14, kWidth = 16;
  std::atomic<bool> finite = true;
  parallel_for(ceil_div(count, kPiece), [&](int64_t piece) {
    const float *at = x + piece * kPiece, *const end = x + std::min(count, (piece + 1) * kPiece);
    float zeros[kWidth] = {};
    for (; end - at >= kWidth; at += kWidth) {
      for (int64_t i = 0; i < kWidth; ++i) zeros[i] += at[i] * 0;
    }
    for (int64_t i = 0; at < end; ++at, ++i) zeros[i] += *at * 0;
    float sum = 0;
    for (float zero : zeros) sum += zero;
    if (sum != 0) finite.store(false, std::memory_order_relaxed);
  });
  return finite;
}

// A row of a tile is the results of some neighbouring positions, its terms all that any of these meets: B holds the
// weights once for each of them, each time a step further down, and zeros round them. An infinity times such a zero
// would be a NaN where there is to be none.
class PositionColumns : public KernelPass {
 public:
  PositionColumns(const Problem& problem, const Sides& sides, std::unique_ptr<KernelPass> otherwise)
      : KernelPass(problem),
        sides_(sides),
        otherwise_(std::move(otherwise)),
        start_(problem),
        padded_(problem, sides.other, padding(sides), sides.terms, sides.terms),
        neighbours_(neighbours(problem, sides)),
        columns_(neighbours_ * sides.channels),
        by_heights_(sides.positions < std::min(kFewRows, heights(sides.own)) * neighbours_),
        depths_(sides.find(problem.axes[0], false)) {
    for (const Item& run : sides.find(problem.axes[1], by_heights_)) {
      for (int64_t i = 0; i < run.count; i += kRows) {
        heights_.push_back(part_of(run, i, std::min(i + kRows, run.count)));
      }
    }
    copy_ = reserve<float>(problem.n * padded_.image());
    matrix_ = reserve<float>(problem.axes[0].kernel * problem.axes[1].kernel * line_size());
    turned_ = reserve<float>(start_.turned_size());
    bias_ = reserve<float>(columns_);
    segments_ = reserve_per_thread<Segment>(problem.axes[0].kernel * problem.axes[1].kernel);
    reserve<char>(std::max<int64_t>(otherwise_->scratch_bytes() - scratch_bytes(), 0));
  }

  void run(const Call& call) const override {
    const Problem& p = problem_;
    const bool is_forward = &sides_.own == &p.dst;
    const float* const other = is_forward ? call.src : call.dst;
    if (!is_finite(other, p.n * sides_.other.image)) return otherwise_->run(call);
    padded_.copy(other, p.n, copy_.of<float>(call));
    spread(call.weights, matrix_.of<float>(call));
    const Start::Values values = start_.of(call, turned_.of<float>(call));
    if (values.base != nullptr && !values.in_place && values.position == 0) repeat(values.base, bias_.of<float>(call));
    float* const own = is_forward ? call.dst : call.src;
    const auto depths = static_cast<int64_t>(depths_.size()), heights = static_cast<int64_t>(heights_.size());
    const int64_t rows = sides_.positions / neighbours_, parts = by_heights_ ? rows : ceil_div(rows, kRows);
    const int64_t rest = sides_.positions % neighbours_;
    parallel_for(p.n * depths * heights * (parts + (rest > 0 ? 1 : 0)), [&](int64_t unit) {
      const int64_t part = take_digit(unit, parts + (rest > 0 ? 1 : 0));
      const Item &h = heights_[static_cast<size_t>(take_digit(unit, heights))],
                 &d = depths_[static_cast<size_t>(take_digit(unit, depths))];
      const Steps& steps = sides_.own;
      const int64_t first = part == parts ? rows : by_heights_ ? part : part * kRows;
      const int64_t last = part == parts || by_heights_ ? first + 1 : std::min(first + kRows, rows);
      const int64_t place = d.first * steps.axis[0] + h.first * steps.axis[1] + first * columns_;
      Tile t = {};
      t.columns = part == parts ? rest * sides_.channels : columns_;
      t.a = copy_.of<float>(call, 0) + unit * padded_.image() + first * neighbours_ * sides_.stride * sides_.terms;
      t.b = matrix_.of<float>(call, 0);
      t.b_step = columns_;
      t.c = own + unit * steps.image + place;
      if (by_heights_) {
        t.rows = h.count;
        t.a_row = h.other_step * padded_.step(1);
        t.c_row = h.step * steps.axis[1];
      } else {
        t.rows = last - first;
        t.a_row = neighbours_ * sides_.stride * sides_.terms;
        t.c_row = columns_;
      }
      begin(call, values, place, t);
      run_tile(d, h, first, last, segments_.of<Segment>(call), t);
    });
  }

  static bool fits(const Problem& p, const Sides& sides) {
    const Axis& width = p.axes[2];
    if (p.kernel_count() != 1 || p.groups > 1 || p.weights_type != DataType::kF32) return false;
    if (width.kernel == 1 || width.dilation > 1 || sides.stride > kMostStride) return false;
    if (sides.channels > kFewChannels || sides.channels >= p.kernels.lanes || sides.terms >= kManyTerms) return false;
    const int64_t count = neighbours(p, sides);
    if (sides.positions < count || !Padded::is_modest(padding(sides))) return false;
    const auto size = static_cast<double>(p.axes[0].kernel * p.axes[1].kernel * sides.terms * count * sides.channels) *
                      static_cast<double>(width.kernel + (count - 1) * sides.stride);
    return size <= kMostFloats;
  }

 private:
  // What the results of a tile, so far into an image, begin with.
  void begin(const Call& call, const Start::Values& values, int64_t place, Tile& t) const {
    if (values.base == nullptr) return;
    const bool by_position = values.position != 0;
    t.init = values.in_place ? t.c : by_position ? values.base + place : bias_.of<float>(call, 0);
    t.init_row = values.in_place || by_position ? t.c_row : 0;
  }

  // Positions that some neighbours meet.
  int64_t reach(int64_t count) const { return problem_.axes[2].kernel + (count - 1) * sides_.stride; }
  // Of B, for a line of taps.
  int64_t line_size() const { return reach(neighbours_) * sides_.terms * columns_; }

  void spread(const float* weights, float* matrix) const {
    constexpr int64_t kPiece = 256;
    const int64_t kernel = problem_.axes[2].kernel, all = reach(neighbours_), pieces = ceil_div(all, kPiece);
    const int64_t lines = problem_.axes[0].kernel * problem_.axes[1].kernel;
    parallel_for(lines * pieces, [&](int64_t unit) {
      const int64_t begin = take_digit(unit, pieces) * kPiece, end = std::min(begin + kPiece, all);
      const float* const taps = weights + unit * kernel * problem_.weights_tap;
      float* to = matrix + unit * line_size() + begin * sides_.terms * columns_;
      for (int64_t at = begin; at < end; ++at) {
        for (int64_t i = 0; i < sides_.terms; ++i) {
          for (int64_t c = 0; c < neighbours_; ++c, to += sides_.channels) {
            const int64_t met = at - c * sides_.stride, tap = sides_.falls ? kernel - 1 - met : met;
            const bool meets = met >= 0 && met < kernel;
            const float* const from = taps + tap * problem_.weights_tap + i * sides_.term_step;
            for (int64_t o = 0; o < sides_.channels; ++o) to[o] = meets ? from[o * sides_.own_step] : 0;
          }
        }
      }
    });
  }

  void repeat(const float* bias, float* to) const {
    for (int64_t i = 0; i < columns_; ++i) to[i] = bias[i % sides_.channels];
  }

  // Neighbours from the first to before the last ones of a row. Terms that all of them meet on the padding are left
  // out, and of many, B is read part by part.
  void run_tile(const Item& d, const Item& h, int64_t first, int64_t last, Segment* list, Tile& t) const {
    const Problem& p = problem_;
    const int64_t met = reach(t.columns / sides_.channels), step = neighbours_ * sides_.stride;
    const int64_t begin = std::clamp<int64_t>(-sides_.width.begin - (last - 1) * step, 0, met);
    const int64_t end = std::clamp(sides_.width.size - sides_.width.begin - first * step, begin, met);
    const int64_t most = std::max<int64_t>(kNearFloats / (columns_ * sides_.terms), 1);
    t.segments = list;
    int64_t at = begin;
    do {
      const int64_t count = std::min(most, end - at);
      t.segment_count = 0;
      for (int64_t i = 0; count > 0 && i < d.taps; ++i) {
        for (int64_t j = 0; j < h.taps; ++j) {
          const int64_t line = p.tap_index(d.tap + i * d.tap_step, h.tap + j * h.tap_step, 0) / p.axes[2].kernel;
          list[t.segment_count++] = {(d.other + i * d.other_tap_step) * padded_.step(0) +
                                         (h.other + j * h.other_tap_step) * padded_.step(1) + at * sides_.terms,
                                     line * line_size() + at * sides_.terms * columns_, count * sides_.terms};
        }
      }
      p.kernels.gemm(t);
      t.init = t.c;
      t.init_row = t.c_row;
      at += count;
    } while (at < end);
  }

  Sides sides_;
  std::unique_ptr<KernelPass> otherwise_;
  Start start_;
  Padded padded_;
  int64_t neighbours_, columns_;
  bool by_heights_;  // Rows are these, or neighbours of one line after the others.
  std::vector<Item> depths_, heights_;
  Place copy_, matrix_, turned_, bias_, segments_;
};

std::unique_ptr<KernelPass> make(const Problem& problem, const Sides& sides, MakePass otherwise) {
  if (!PositionColumns::fits(problem, sides)) return nullptr;
  return std::make_unique<PositionColumns>(problem, sides, otherwise(problem));
}

}  // namespace

std::unique_ptr<KernelPass> make_position_columns_forward(const Problem& problem, MakePass otherwise) {
  return make(problem, forward_sides(problem), otherwise);
}

std::unique_ptr<KernelPass> make_position_columns_backward_data(const Problem& problem, MakePass otherwise) {
  const bool strides = problem.axes[2].stride > 1;
  return strides ? nullptr : make(problem, backward_sides(problem), otherwise);
}

}  // namespace conv4j
