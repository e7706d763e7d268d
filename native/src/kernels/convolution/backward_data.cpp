// diff_src, a sum over the output positions that a source position reaches.
#include <algorithm>

#include "kernels/convolution/channelwise.h"
#include "kernels/convolution/grid.h"
#include "kernels/convolution/lists.h"
#include "kernels/convolution/pass.h"
#include "kernels/convolution/slide.h"
#include "kernels/convolution/spaced.h"
#include "kernels/convolution/tap_columns.h"
#include "kernels/convolution/turned.h"

namespace conv4j {

namespace {

// Weights with output channels innermost suit the forward pass. Here they are
enum class Role {
  kTurned,   // turned, input channels innermost, for the time of the call: rows are positions, columns input channels
  kDirect,   // the same where input channels are innermost already: for kernels that few positions share (32 images,
             // local_oc7: 0.76 of the time)
  kBatch,    // rows, one per input channel, with images as columns: for kernels that few positions share
  kDot,      // taken as they are, lanes being summed over: rows are positions, or images that fill half a vector at
             // most, columns input channels
  kScatter,  // the same, but each output position adds to all source elements under its taps: kernels are read in the
             // order in memory, once
  kBatchScatter  // that with images as columns: from memory, or for few input channels, which fill rows with their taps
};

// Uses of a weight that make up for turning it.
constexpr int64_t kManyUses = 32;
// Positions that fill a tile's rows, and images that fill its columns.
constexpr int64_t kManyPositions = 16;
constexpr int64_t kManyImages = 6;
constexpr int64_t kFewInputs = 8;
// Of rows of output positions, so that any number of threads finds enough.
constexpr int64_t kStrips = 8;
// See the forward pass.
constexpr int64_t kWeightsAhead = 4096;
// One row alone takes weights from memory so fast that little more than what keeps the CPU's own prefetchers going
// helps (deepface_l4, one image, on a Zen 4: 0.64 -> 0.97 of the roofline; from 4 KB on 0.65). From the cache, any
// prefetch costs a tenth and more, but weights that fill it come from memory, too (deepface_l5, 31 MB, on a Zen 5: 1.9
// -> 1.05 ms).
constexpr int64_t kRowAhead = 256;
constexpr int64_t kMostRows = 28;
// Elements of an image that are turned in one go (those of a position at a time, mnist_c1, 32 images: 1.09 of the
// time).
constexpr int64_t kTurnedColumns = 1024;
// Results of a row of taps that are too few for a tile of their own. Of images as columns, more are (mnist_c1, 32
// images: 0.95 of the time; deepface_l5, one image, would take 1.02).
constexpr int64_t kShortRow = 64, kShortRowOfImages = 256;

class BackwardData : public KernelPass {
 public:
  explicit BackwardData(const Problem& problem)
      : KernelPass(problem),
        role_(role_of(problem)),
        grids_(by_batch() ? source_grids_by_images(problem) : source_grids(problem, kMostRows)),
        dst_(problem.dst),
        lists_(problem.taps),
        row_ahead_(problem.weights_size() * problem.weight_bytes > last_level_cache_bytes() / 2 ? kRowAhead : 0) {
    keys_ = reserve_per_thread<SegmentLists::Key>(lists_.keys());
    segments_ = reserve_per_thread<Segment>(lists_.segments());
    if (role_ == Role::kTurned) {
      turned_ = std::make_unique<Turned>(problem);
      weights_ = reserve<float>(problem.weights_size());
      tile_ = reserve_per_thread<float>(problem.ic * problem.oc);
    }
    if (scatters()) {
      source_depths_ = source_items(problem.axes[0], false);
      for (int axis = 0; axis < 3; ++axis) outputs_[axis] = output_items(problem.axes[axis], false);
      const Axis& height = problem.axes[1];
      const Axis& width = problem.axes[2];
      strip_rows_ = std::max<int64_t>(height.output / kStrips, 1);
      widths_ = width.output;
      if (height.sharing == Sharing::kBlocks && height.sharing_size <= strip_rows_) {
        heights_ = height.sharing_size;
        strip_rows_ = (strip_rows_ + heights_ - 1) / heights_ * heights_;
      }
      if (width.sharing == Sharing::kBlocks) widths_ = std::min(width.sharing_size, width.output);
      strip_count_ = (height.output + strip_rows_ - 1) / strip_rows_;
      strip_height_ = (strip_rows_ - 1) * height.stride + (height.kernel - 1) * height.dilation + 1;
      strip_size_ = problem.axes[0].kernel * strip_height_ * problem.src.axis[1] * problem.n;
      strips_ = reserve<float>(problem.axes[0].output * strip_count_ * strip_size_);
    }
    if (joins()) {
      sums_ = reserve_per_thread<float>(problem.axes[2].kernel * problem.ic * heights_ * widths_ * problem.n);
    } else if (folds()) {
      sums_ = reserve_per_thread<float>(problem.taps * problem.ic * (by_batch() ? problem.n : 1));
    }
    if (by_batch()) {
      for (int64_t& step : dst_.axis) step *= problem.n;
      dst_.image = 1;
      const int64_t turned = joins() ? widths_ * problem.dst.axis[2] : problem.dst.axis[1];
      batch_ = scatters() ? reserve_per_thread<float>(heights_ * turned * problem.n)
                          : reserve<float>(problem.dst.image * problem.n);
      tile_ = reserve_per_thread<float>((scatters() ? problem.src.axis[1] : problem.ic) * problem.n);
    } else if (role_ == Role::kDot && grids_[0].rows == 3 && collide(problem.dst.image, problem.n)) {
      dst_.image = spaced(problem.dst.image);
      batch_ = reserve<float>(problem.n * dst_.image);
    }
  }

  void run(const Call& call) const override {
    const Problem& p = problem_;
    float* turned = weights_.of<float>(call);
    if (role_ == Role::kTurned) turned_->turn(call, turned, tile_);
    if (scatters()) return scatter(call);
    const float* dst =
        by_batch() ? turn_dst(call) : set_apart(call.dst, p.dst.image, dst_.image, p.n, batch_.of<float>(call));
    for (int thread = 0; thread < p.threads; ++thread) lists_.clear(keys_.of<SegmentLists::Key>(call, thread));
    for_each_line(grids_, [&](const Line& line) {
      Tile t = {};
      const bool by_images = line.grid->rows == 3;
      if (!by_images) t.a_ahead = line.first_next.other(dst_) - line.first.other(dst_);
      Where where = line.at(line.begin);
      for (int64_t i = line.begin; i < line.end; ++i) {
        const Where next = line.at(i + 1);
        lists_.set(where, keys_.of<SegmentLists::Key>(call), segments_.of<Segment>(call), t,
                   [&](const Where& tile, Segment* list) { return find_segments(tile, list); });
        const int64_t first = kernel(where), ahead = by_images ? kernel(next) - first : 0;
        for (int64_t g = 0; g < p.groups; ++g) {
          const int64_t element = first + g * (role_ == Role::kTurned ? turned_->group() : p.weights_group);
          const float* a = dst + where.other(dst_) + g * p.oc * (role_ == Role::kBatch ? p.n : 1);
          float* c = call.src + where.own(p.src) + g * p.ic;
          const float* bias = call.bias == nullptr ? nullptr : call.bias + g * p.ic;
          if (role_ == Role::kBatch) {
            t.a_ahead = ahead;
            batch_tile(call, t, call.weights + element, a, c, bias);
            continue;
          }
          t.a = a;
          t.c = c;
          t.rows = where.count();
          t.columns = p.ic;
          t.a_row = where.other_row(dst_);
          t.c_row = where.own_row(p.src);
          t.init = call.add ? c : bias;
          t.init_row = call.add ? t.c_row : 0;
          t.b_ahead = ahead;
          t.b = p.weights_at(call.weights, element);
          if (role_ == Role::kDot) {
            t.b_step = p.oc;
            p.dot(t);
          } else if (role_ == Role::kDirect) {
            t.b_step = direct_step();
            p.gemm(t);
          } else {
            t.b = turned + element;
            t.b_step = turned_->step();
            turned_->takes_pairs() ? p.kernels.gemm_pairs(t) : p.kernels.gemm(t);
          }
        }
        where = next;
      }
    });
  }

 private:
  static Role role_of(const Problem& p) {
    const int64_t positions = p.positions();
    if (p.order == Problem::Order::kIcInner) return positions < kManyPositions ? Role::kDirect : Role::kTurned;
    const bool few_inputs = p.ic < kFewInputs;
    // A line of positions makes no strips, which threads could share out.
    const bool has_strips = p.axes[0].output * p.axes[1].output >= kStrips;
    const bool many_images = p.n >= kManyImages || (from_memory(p) && joins(p) && positions * p.n >= 2 * kManyImages);
    // Rows of A are floats.
    if (positions < kManyPositions && many_images && p.weights_type == DataType::kF32) {
      const bool scatters = few_inputs || (from_memory(p) && p.n < kManyImages * 2);
      if (scatters && has_strips) return Role::kBatchScatter;
      if (p.n >= kManyImages) return p.n > p.kernels.lanes / 2 ? Role::kBatch : Role::kDot;
    }
    if (positions * p.n < kManyUses) return has_strips ? Role::kScatter : Role::kDot;
    return few_inputs ? Role::kDot : Role::kTurned;
  }

  bool by_batch() const { return role_ == Role::kBatch || role_ == Role::kBatchScatter; }
  bool scatters() const { return role_ == Role::kScatter || role_ == Role::kBatchScatter; }
  // Whether a row of taps is so short that all rows of a kernel, which follow each other in memory, are computed in one
  // and then added to the source's.
  bool folds() const {
    const Problem& p = problem_;
    return scatters() && merges() &&
           (by_batch() ? p.axes[2].kernel * p.ic * p.n < kShortRowOfImages : p.axes[2].kernel * p.ic < kShortRow);
  }
  // Whether the images of all positions of a block become columns together (blocks2_c64_56 on a Cascade Lake: 8 images
  // 0.7 of the time, 4 two thirds).
  bool joins() const { return role_ == Role::kBatchScatter && joins(problem_); }
  static bool joins(const Problem& p) {
    const Axis& width = p.axes[2];
    return merges(p) && width.sharing == Sharing::kBlocks && width.sharing_size > 1 &&
           width.sharing_size < width.output;
  }
  // Whether the taps of a row follow each other in memory.
  static bool merges(const Problem& p) { return p.axes[2].dilation == 1 && p.groups == 1; }
  bool merges() const { return merges(problem_); }

  // Rows and columns change places where images are the columns.
  int64_t find_segments(const Where& where, Segment* list) const {
    if (role_ == Role::kTurned) return turned_->segments(where, dst_, list);
    const int64_t count = source_segments(problem_, where, dst_, problem_.oc, list);
    for (int64_t i = 0; i < count && role_ == Role::kBatch; ++i) std::swap(list[i].a, list[i].b);
    return role_ == Role::kDirect && problem_.geometry.oc == 1 ? joined(list, count) : count;
  }

  // Taps of one term each, whose kernels follow each other, are one segment, the last one first (local_oc1, 8 images:
  // 0.89 of the time).
  int64_t joined(Segment* list, int64_t count) const {
    int64_t left = 0;
    for (int64_t i = 0; i < count; ++i) {
      if (left > 0 && list[i].a == list[left - 1].a - 1 && list[i].b == list[left - 1].b - direct_step()) {
        list[left - 1] = {list[i].a, list[i].b, list[left - 1].length + 1};
      } else {
        list[left++] = list[i];
      }
    }
    return left;
  }

  // From term to term of weights with input channels innermost.
  int64_t direct_step() const {
    const Problem& p = problem_;
    return p.geometry.oc == 1 ? p.weights_kernel - p.weights_tap : p.taps * p.ic;
  }

  int64_t kernel(const Where& where) const {
    return role_ == Role::kTurned ? turned_->element(where) : kernel_of(problem_, where);
  }

  // Images that leave half a vector empty make room for pairs of terms.
  bool takes_pairs() const { return problem_.n <= problem_.kernels.lanes / 2; }
  void gemm_of_images(const Tile& t) const {
    takes_pairs() ? problem_.kernels.gemm_pairs(t) : problem_.kernels.gemm(t);
  }

  // diff_dst with the images innermost: [position][oc][n], or with pairs of channels.
  const float* turn_dst(const Call& call) const {
    const int64_t size = problem_.dst.image, most = std::max(kTurnedColumns / problem_.oc, int64_t{1}) * problem_.oc;
    float* turned = batch_.of<float>(call);
    parallel_for((size + most - 1) / most, [&](int64_t i) {
      const int64_t first = i * most;
      turn(call.dst + first, std::min(most, size - first), turned + first * problem_.n);
    });
    return turned;
  }

  // That of some positions.
  void turn(const float* from, int64_t elements, float* to) const {
    const Problem& p = problem_;
    if (!takes_pairs()) return p.kernels.transpose(from, p.dst.image, p.n, elements, to, p.n);
    const int64_t columns = p.oc % 2 == 0 ? elements : p.oc;
    for (int64_t i = 0; i < elements; i += columns) {
      p.kernels.transpose_pairs(from + i, p.dst.image, p.n, columns, to + i * p.n, 2 * p.n);
    }
  }

  // One source position of all images.
  void batch_tile(const Call& call, Tile& t, const float* weights, const float* dst, float* c,
                  const float* bias) const {
    const Problem& p = problem_;
    float* tile = tile_.of<float>(call);
    t.a = weights;
    t.a_row = p.oc;
    t.b = dst;
    t.b_step = p.n * (takes_pairs() ? 2 : 1);
    t.c = tile;
    t.c_row = t.init_row = p.n;
    t.rows = p.ic;
    t.columns = p.n;
    t.init = nullptr;
    if (call.add) {
      p.kernels.transpose(c, p.src.image, p.n, p.ic, tile, p.n);
      t.init = tile;
    } else if (bias != nullptr) {
      for (int64_t i = 0; i < p.ic; ++i) std::fill_n(tile + i * p.n, p.n, bias[i]);
      t.init = tile;
    }
    gemm_of_images(t);
    p.kernels.transpose(tile, p.n, p.ic, p.n, c, p.src.image);
  }

  // A unit of work is a strip of rows of output positions, which go over their kernels in the order in memory, and give
  // to rows of the source of their own. These are summed up strip after strip. Images become columns row by row, near
  // the core (mnist_c1, all of them before: 32 images 1.2 times as long, 128 1.8 times).
  void scatter(const Call& call) const {
    const Problem& p = problem_;
    const Axis &depth = p.axes[0], &height = p.axes[1];
    float* strips = strips_.of<float>(call);
    parallel_for(depth.output * strip_count_, [&](int64_t unit) {
      float* strip = strips + unit * strip_size_;
      std::fill_n(strip, strip_size_, 0.0f);
      const int64_t d = unit / strip_count_, first = unit % strip_count_ * strip_rows_;
      const int64_t last = std::min(first + strip_rows_, height.output);
      for (int64_t h = first; h < last; h += heights_) {
        const int64_t end = std::min(h + heights_, last);
        const float* rows = call.dst + d * p.dst.axis[0] + h * p.dst.axis[1];
        if (by_batch() && !joins()) {
          float* const turned = batch_.of<float>(call);
          turn(rows, (end - h) * p.dst.axis[1], turned);
          rows = turned;
        }
        scatter_rows(call, rows, d, h, end, strip);
      }
    });
    const int64_t row_size = p.src.axis[1], lanes = by_batch() ? p.n : 1, images = by_batch() ? 1 : p.n;
    parallel_for(depth.input * height.input, [&](int64_t unit) {
      const Item& d = source_depths_[static_cast<size_t>(unit / height.input)];
      const int64_t h = unit % height.input;
      float* row = call.src + d.first * p.src.axis[0] + h * p.src.axis[1];
      for (int64_t image = 0; image < images; ++image) {
        float* to = row + image * p.src.image;
        float* sum = by_batch() ? tile_.of<float>(call) : to;
        if (by_batch() && call.add) {
          p.kernels.transpose(to, p.src.image, p.n, row_size, sum, p.n);
        } else if (!call.add) {
          for (int64_t i = 0; i < row_size; i += p.geometry.ic) {
            for (int64_t c = 0; c < p.geometry.ic; ++c) {
              std::fill_n(sum + (i + c) * lanes, lanes, call.bias == nullptr ? 0 : call.bias[c]);
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
                              ((image * depth.kernel + tap_d) * strip_height_ + at) * row_size * lanes,
                          row_size * lanes);
          }
        }
        if (by_batch()) p.kernels.transpose(sum, p.n, row_size, p.n, to, p.src.image);
      }
    });
  }

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
        scatter_row(call, rows + (h - first) * dst_.axis[1], d, h, widths + w, widths + end, strip);
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
    const int64_t lines = heights.end - heights.begin, columns = lines * (widths.end - widths.begin) * p.n;
    const int64_t row_size = p.src.axis[1] * p.n, line = p.axes[2].kernel * p.weights_tap;
    float* const block = batch_.of<float>(call);
    float* const sums = sums_.of<float>(call);
    float* to = block;
    for (int64_t h = 0; h < lines; ++h) {
      for (const Item* width = widths.begin; width != widths.end; ++width, to += p.n) {
        const float* from = rows + h * p.dst.axis[1] + width->first * p.dst.axis[2];
        p.kernels.transpose(from, p.dst.image, p.n, p.oc, to, columns);
      }
    }
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
      const int64_t kernel = p.kernel_index(depth.kernel, height_items[heights.begin].kernel, widths.begin->kernel);
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
            const int64_t column = (h * (widths.end - widths.begin) + (width - widths.begin)) * p.n;
            p.kernels.add_rows(c + width->other * p.src.axis[2] * p.n, sums + width->tap * p.ic * columns + column,
                               columns, width->taps * p.ic, p.n);
          }
        }
      }
    }
  }

  void scatter_row(const Call& call, const float* row, int64_t d, int64_t h, const Item* first, const Item* last,
                   float* strip) const {
    const Problem& p = problem_;
    const int64_t lanes = by_batch() ? p.n : 1, images = by_batch() ? 1 : p.n, row_size = p.src.axis[1] * lanes;
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
        for (int64_t image = 0; image < images; ++image) {
          const float* a = row + width.first * dst_.axis[2] + image * dst_.image;
          float* c = strip +
                     ((image * p.axes[0].kernel + depth.tap + i) * strip_height_ + height.other -
                      strip_begin(h / strip_rows_)) *
                         row_size +
                     width.other * p.src.axis[2] * lanes;
          for (int64_t g = 0; g < p.groups; ++g) {
            for (int64_t tap = 0; tap < width.taps; tap += tile_taps) {
              const int64_t b = weights + g * p.weights_group + tap * p.weights_tap;
              t.c = folds_here ? sums : c + (tap * p.axes[2].dilation * p.src.axis[2] + g * p.ic) * lanes;
              t.init = folds_here ? nullptr : t.c;
              t.c_next = t.init_next = p.axes[1].dilation * row_size;
              const int64_t next = p.axes[2].kernel * p.weights_tap;
              if (by_batch()) {
                t.a = call.weights + b;
                t.a_row = p.oc;
                t.a_next = next;
                t.a_ahead = kWeightsAhead;
                t.b = a + g * p.oc * lanes;
                t.b_step = p.n * (takes_pairs() ? 2 : 1);
                t.c_row = t.init_row = p.n;
                t.rows = inputs;
                t.columns = p.n;
                gemm_of_images(t);
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
          const int64_t count = width.taps * p.ic * lanes;
          for (int64_t j = 0; j < height.taps; ++j) {
            p.kernels.add(c + j * p.axes[1].dilation * row_size, sums + j * count, count);
          }
        }
      }
    }
  }

  Role role_;
  std::vector<Grid> grids_;
  std::unique_ptr<Turned> turned_;
  // Of what scatters: positions one by one, and the strips.
  std::vector<Item> source_depths_, outputs_[3];
  int64_t strip_rows_, strip_count_, strip_height_, strip_size_;
  int64_t heights_ = 1, widths_;  // of a block, or one whole row
  Steps dst_;                     // of what the tiles read
  SegmentLists lists_;
  int64_t row_ahead_;
  Place keys_, segments_, weights_, batch_, tile_, strips_, sums_;
};

}  // namespace

std::unique_ptr<KernelPass> make_backward_data(const Problem& problem) {
  if (problem.order != Problem::Order::kIcInner && slides(problem, problem.ic)) {
    return make_slide_backward_data(problem);
  }
  if (problem.order == Problem::Order::kGroupsInner) return make_channelwise_backward_data(problem);
  if (auto pass = make_tap_columns_backward_data(problem)) return pass;
  return std::make_unique<BackwardData>(problem);
}

}  // namespace conv4j
