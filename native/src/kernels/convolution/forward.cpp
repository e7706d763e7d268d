// dst: rows are output positions that share a kernel, or images; columns are output channels.
#include <algorithm>

#include "core/division.h"
#include "kernels/convolution/channelwise.h"
#include "kernels/convolution/grid.h"
#include "kernels/convolution/lists.h"
#include "kernels/convolution/panels.h"
#include "kernels/convolution/pass.h"
#include "kernels/convolution/position_columns.h"
#include "kernels/convolution/slide.h"
#include "kernels/convolution/spaced.h"
#include "kernels/convolution/start.h"
#include "kernels/convolution/tap_columns.h"

namespace conv4j {

namespace {

// Elements of a kernel for which a second-level cache of 1 MB has room while the next one, which all rows prefetch in
// shares, takes its place (c64_32, 32 images, on a Cascade Lake: 0.75 of the time; 128 to 128 channels on a Zen 4 0.82;
// weights that fit a cache gain nothing).
constexpr int64_t kSharedWeights = 160 << 10;

// Rows of weights that a copy prefetches (512 channels: 0.95 of the time).
constexpr int64_t kRowsAhead = 16;

class Forward : public KernelPass {
 public:
  explicit Forward(const Problem& problem)
      : KernelPass(problem),
        start_(problem),
        grids_(output_grids(problem, most_rows(problem.taps * problem.ic))),
        src_(problem.src),
        panels_(problem.oc, problem.oc),
        lists_(problem.taps),
        tap_step_(problem.weights_tap) {
    keys_ = reserve_per_thread<SegmentLists::Key>(lists_.keys());
    segments_ = reserve_per_thread<Segment>(lists_.segments());
    turned_ = reserve<float>(start_.turned_size());
    by_images_ = grids_[0].rows == 3;
    has_panels_ = problem.order == Problem::Order::kOcInner && Panels::pay_near(problem, problem.oc);
    if (has_panels_) {
      panels_ = Panels(problem.oc, Panels::kColumns);
      tap_step_ = problem.ic * panels_.width();
      panel_ = reserve_per_thread<float>(problem.taps * tap_step_);
      copied_ = reserve_per_thread<Copied>(1);
      grids_ = grouped(grids_, [](int, const Item& item) { return item.kernel; });
    } else {
      join_blocks(problem, grids_[0]);
      join_short_lines(problem.taps * problem.ic, grids_[0]);
    }
    fetches_ = by_images_ && !has_panels_ && (problem.n > 1 || from_memory(problem)) && !reads_in_order();
    // Of one column alone, all lies near.
    const bool dots_many = problem.order == Problem::Order::kIcInner && problem.oc > 1;
    shares_ =
        fetches_ && (from_memory(problem) || dots_many) && problem.taps * problem.ic * problem.oc <= kSharedWeights;
    if (by_images_ && needs_copies() && collide(problem.src.image, problem.n)) {
      src_.image = spaced(problem.src.image);
      spaced_ = reserve<float>(problem.n * src_.image);
    }
  }

  void run(const Call& call) const override {
    const Problem& p = problem_;
    const Start::Values values = start_.of(call, turned_.of<float>(call));
    for (int thread = 0; thread < p.threads; ++thread) {
      lists_.clear(keys_.of<SegmentLists::Key>(call, thread));
      if (has_panels_) *copied_.of<Copied>(call, thread) = {};
    }
    const float* src = set_apart(call.src, p.src.image, src_.image, p.n, spaced_.of<float>(call));
    // Not rows of images, which lie far apart (mnist_c1, 32 images: 1.5 times the time, 128 1.2).
    const bool streams = !by_images_ && streams_positions(call, call.dst, p.dst, p.oc, p.taps * p.ic);
    const auto run_line = [&](const Line& line, int64_t round) {
      const int64_t panel = round % panels_.count();
      const int64_t first_group = has_panels_ ? round / panels_.count() : 0;
      const int64_t last_group = has_panels_ ? first_group : p.groups - 1;
      auto* const keys = keys_.of<SegmentLists::Key>(call);
      auto* const segments = segments_.of<Segment>(call);
      Tile t = {};
      t.columns = panels_.columns(panel);
      t.streams = streams;
      t.b_step = p.order == Problem::Order::kOcInner ? panels_.width() : p.taps * p.ic;
      const auto run_tile = has_panels_ ? p.kernels.gemm : p.order == Problem::Order::kOcInner ? p.gemm : p.dot;
      if (!by_images_) t.a_ahead = line.first_next.other(src_) - line.first.other(src_);
      t.b_ahead = fetches_ ? kWeightsAhead : 0;
      for (int64_t i = line.begin; i < line.end; i += t.tiles) {
        t.tiles = line.equal_steps(i);
        Where where = line.at(i), next = line.at(std::min(i + 1, line.end - 1));
        t.b_next = kernel_of(problem_, next) - kernel_of(problem_, where);
        t.b_share_ahead = shares_ ? next_kernel(line, i, t) : 0;
        for (int64_t h = 0; h < line.heights; ++h, ++where.axis[1], ++next.axis[1]) {
          lists_.set(where, keys, segments, t,
                     [&](const Where& tile, Segment* list) { return find_segments(tile, list); });
          const int64_t own = where.own(p.dst);
          const float* a = src + where.other(src_);
          t.a_next = next.other(src_) - where.other(src_);
          t.c_next = next.own(p.dst) - own;
          t.rows = where.count();
          t.a_row = where.other_row(src_);
          t.c_row = where.own_row(p.dst);
          start_.set(values, where, own, p.weights_kernel, t);
          const float* init = t.init;
          for (int64_t g = first_group; g <= last_group; ++g) {
            const int64_t column = g * p.oc + panels_.first(panel);
            t.a = a + g * p.ic;
            t.b = weights(call, kernel_of(problem_, where) + g * p.weights_group + panels_.first(panel), t.columns);
            t.c = call.dst + own + column;
            t.init = init == nullptr ? nullptr : init + column;
            run_tile(t);
          }
        }
      }
    };
    for_each_line(grids_, has_panels_ ? p.groups * panels_.count() : 1, run_line, ending(streams));
  }

 private:
  // A tile's weights, those of a panel as floats near the core, copied unless the thread's last tile met the same.
  const void* weights(const Call& call, int64_t element, int64_t columns) const {
    const Problem& p = problem_;
    if (!has_panels_) return p.weights_at(call.weights, element);
    float* const panel = panel_.of<float>(call);
    Copied& copied = *copied_.of<Copied>(call);
    if (copied.element == element) return panel;
    copied.element = element;
    const void* const from = p.weights_at(call.weights, element);
    const int64_t rows = p.taps * p.ic;
    if (p.weights_type == DataType::kBf16) {
      const Bf16* row = static_cast<const Bf16*>(from);
      for (int64_t i = 0; i < rows; ++i, row += p.oc) p.kernels.widen(row, columns, panel + i * panels_.width());
    } else {
      p.kernels.copy(static_cast<const float*>(from), p.oc, kRowsAhead * p.oc, rows, columns, panel, panels_.width());
    }
    return panel;
  }

  // Whether rows that evict each other cost more than copies: those of tiles of many rows (for one vector of
  // columns 1.4 times the time, for two 1.05). The dot kernels, which use whole lines at once, and wider tiles do
  // better without (local_oc1 on a Cascade Lake: 0.8 of the time), but for one or two columns of a few images where the
  // second-level cache has eight ways (local_oc1 on a Zen 4: copied 0.85, 16 images 1.12).
  bool needs_copies() const {
    const int64_t lanes = problem_.kernels.lanes;
    if (problem_.order == Problem::Order::kIcInner) return is_amd() && problem_.oc <= 2 && problem_.n <= 8;
    return lanes == 16 && problem_.oc <= 2 * lanes;
  }

  // Whether tiles read whole rows of the weights one after the other, for so few images that a Zen 4's own prefetchers
  // do better without help: 2 or 3 images 0.62 to 0.88 of the time, 4 of c64_32 0.67, of deepface_l4 0.8, with AVX2
  // 0.46 to 0.95. Not 7 of c64_32 (1.0) or 6 of deepface_l4 (1.18), nor of rows in parts (128 channels, 2 images 1.6),
  // nor of weights about as large as the last level (1.15). With AVX2 more images from cache: tiles are wider then
  // (mnist_c1, 8 images: 0.78).
  bool reads_in_order() const {
    const Problem& p = problem_;
    const int64_t lanes = p.kernels.lanes, vectors = ceil_div(p.oc, lanes);
    if (!is_zen4_or_before() || p.order != Problem::Order::kOcInner || p.weights_type != DataType::kF32) return false;
    if (vectors > 4 || (exceeds_half_of_last_level(p) && !from_memory(p))) return false;
    if (lanes == 16) return p.n <= (vectors == 1 ? 4 : 6);
    return p.n <= (vectors > 2 && !from_memory(p) ? 8 : 3);
  }

  // How far after those of the tile at i the next weights lie, 0 if there are none in the line.
  int64_t next_kernel(const Line& line, int64_t i, const Tile& t) const {
    const int64_t next = t.b_next != 0 ? i + 1 : i + t.tiles;
    return next < line.end ? kernel_of(problem_, line.at(next)) - kernel_of(problem_, line.at(i)) : 0;
  }

  // Counted from the tile's source and kernel. Neighbouring taps that read one run of the source are one segment.
  int64_t find_segments(const Where& where, Segment* list) const {
    const Problem& p = problem_;
    const Item &depth = *where.axis[0], &height = *where.axis[1], &width = *where.axis[2];
    const bool merges = p.axes[2].dilation == 1 && p.groups == 1;
    const int64_t runs = merges ? std::min<int64_t>(width.taps, 1) : width.taps;
    const int64_t length = merges ? width.taps * p.ic : p.ic;
    int64_t count = 0;
    for (int64_t d = 0; d < depth.taps; ++d) {
      for (int64_t h = 0; h < height.taps; ++h) {
        const int64_t a = d * p.axes[0].dilation * src_.axis[0] + h * p.axes[1].dilation * src_.axis[1];
        const int64_t b = p.tap_index(depth.tap + d, height.tap + h, width.tap) * tap_step_;
        for (int64_t w = 0; w < runs; ++w) {
          list[count++] = {a + w * p.axes[2].dilation * src_.axis[2], b + w * tap_step_, length};
        }
      }
    }
    return count;
  }

  // Where the weights begin of which a thread has a panel.
  struct Copied {
    int64_t element = -1;
  };

  Start start_;
  std::vector<Grid> grids_;
  bool by_images_;
  bool fetches_, shares_;  // weights, ahead of their use
  Steps src_;              // of what the tiles read
  Panels panels_;
  bool has_panels_;
  SegmentLists lists_;
  int64_t tap_step_;  // of the weights that the tiles read
  Place keys_, segments_, turned_, spaced_, panel_, copied_;
};

}  // namespace

namespace {

std::unique_ptr<KernelPass> make_by_channels(const Problem& problem) {
  if (problem.order != Problem::Order::kOcInner && slides(problem, problem.oc)) return make_slide_forward(problem);
  if (problem.order == Problem::Order::kGroupsInner) return make_channelwise_forward(problem);
  if (auto pass = make_tap_columns_forward(problem)) return pass;
  return std::make_unique<Forward>(problem);
}

}  // namespace

std::unique_ptr<KernelPass> make_forward(const Problem& problem) {
  if (auto pass = make_position_columns_forward(problem, make_by_channels)) return pass;
  return make_by_channels(problem);
}

}  // namespace conv4j
