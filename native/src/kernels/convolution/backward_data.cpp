// diff_src, a sum over the output positions that a source position reaches.
#include <algorithm>
#include <cstring>

#include "core/division.h"
#include "kernels/convolution/channelwise.h"
#include "kernels/convolution/grid.h"
#include "kernels/convolution/image_columns.h"
#include "kernels/convolution/lists.h"
#include "kernels/convolution/pass.h"
#include "kernels/convolution/scatter.h"
#include "kernels/convolution/slide.h"
#include "kernels/convolution/spaced.h"
#include "kernels/convolution/tap_columns.h"
#include "kernels/convolution/turned.h"

namespace conv4j {

namespace {

// Weights with output channels innermost suit the forward pass. Here they are
enum class Role {
  kTurned,  // turned, input channels innermost, for the time of the call: rows are positions, columns input channels
  kDirect,  // the same where input channels are innermost already: for kernels that few positions share (32 images,
            // local_oc7: 0.76 of the time)
  kImages,  // the same with images as rows, innermost in a copy: of so few terms that gemm_t keeps a kernel in
            // registers (local_oc1, AVX2, 8 images: 0.6 of the time, 128 0.42)
  kBatch,   // rows, one per input channel, with images as columns: for kernels that few positions share
  kDot      // taken as they are, lanes being summed over: rows are positions, or images that fill half a vector at
            // most, columns input channels
};

// Elements of an image that are turned in one go (those of a position at a time, mnist_c1, 32 images: 1.09 of the
// time).
constexpr int64_t kTurnedColumns = 1024;
constexpr int64_t kLine = 16;  // floats of a cache line
// Elements of kernels that a second-level cache of 1 MB holds beside the rest.
constexpr int64_t kNearKernels = 192 << 10;

// Whether weights are turned in panels near the core, once for all tiles that meet them, however few these are (up to
// 16 positions to a kernel, 128 to 1024 channels: 2 to 8 images 0.33 to 0.83 of the time, 32 0.7 to 1.0). Strided
// layers have more classes of positions, of fewer terms each, which do not pay for reading diff_dst once more a panel
// (128 channels: 1.0 to 1.25 of the time).
bool has_near_panels(const Problem& problem) {
  return problem.weights_type == DataType::kF32 && problem.repeats() && !problem.strides() &&
         Panels::pay_near(problem, problem.ic);
}

class BackwardData : public KernelPass {
 public:
  explicit BackwardData(const Problem& problem)
      : KernelPass(problem),
        role_(role_of(problem)),
        grids_(turns_images() ? source_grids_by_images(problem)
                              : source_grids(problem, most_rows(problem.taps * problem.oc))),
        dst_(problem.dst),
        lists_(problem.taps),
        images_(problem, problem.n) {
    keys_ = reserve_per_thread<SegmentLists::Key>(lists_.keys());
    segments_ = reserve_per_thread<Segment>(lists_.segments());
    if (role_ == Role::kTurned) {
      turned_ = std::make_unique<Turned>(problem);
      turns_classes_ = has_near_classes();
      if (turns_classes_) {
        grids_ = grouped(grids_, [&](int axis, const Item& item) { return turned_->class_of(axis, item); });
        weights_ = reserve_per_thread<float>(turned_->class_size());
        last_ = reserve_per_thread<Met>(1);
      } else {
        weights_ = reserve<float>(turned_->size());
      }
      tile_ = reserve_per_thread<float>(problem.ic * problem.oc);
    }
    if (turns_images()) {
      for (int64_t& step : dst_.axis) step *= problem.n;
      dst_.image = 1;
      batch_ = reserve<float>(problem.dst.image * problem.n);
      if (role_ == Role::kBatch) tile_ = reserve_per_thread<float>(problem.ic * problem.n);
    } else if (role_ == Role::kDot && grids_[0].rows == 3 && collide(problem.dst.image, problem.n)) {
      dst_.image = spaced(problem.dst.image);
      batch_ = reserve<float>(problem.n * dst_.image);
    }
  }

  void run(const Call& call) const override {
    const Problem& p = problem_;
    if (turns_classes_) {
      for (int thread = 0; thread < p.threads; ++thread) *last_.of<Met>(call, thread) = {};
    } else if (role_ == Role::kTurned) {
      turned_->turn(call, weights_.of<float>(call), tile_);
    }
    const float* dst =
        turns_images() ? turn_dst(call) : set_apart(call.dst, p.dst.image, dst_.image, p.n, batch_.of<float>(call));
    for (int thread = 0; thread < p.threads; ++thread) lists_.clear(keys_.of<SegmentLists::Key>(call, thread));
    const bool streams = role_ == Role::kTurned && streams_positions(call, call.src, p.src, p.ic, p.taps * p.oc);
    const auto run_line = [&](const Line& line, int64_t round) {
      auto* const keys = keys_.of<SegmentLists::Key>(call);
      auto* const segments = segments_.of<Segment>(call);
      Tile t = {};
      const bool by_images = line.grid->rows == 3;
      t.streams = streams && !by_images;  // See the forward pass.
      if (!by_images) t.a_ahead = line.first_next.other(dst_) - line.first.other(dst_);
      Where where = line.at(line.begin);
      for (int64_t i = line.begin; i < line.end; ++i) {
        const Where next = line.at(i + 1);
        lists_.set(where, keys, segments, t,
                   [&](const Where& tile, Segment* list) { return find_segments(tile, list); });
        const int64_t first = kernel(where), ahead = by_images && !turns_classes_ ? kernel(next) - first : 0;
        const float* const turned = turned_weights(call, where, round);
        const int64_t first_group = turns_classes_ ? round / turned_->panels().count() : 0;
        const int64_t last_group = turns_classes_ ? first_group : p.groups - 1;
        for (int64_t g = first_group; g <= last_group; ++g) {
          const int64_t element = first + g * group_step();
          const float* a = dst + where.other(dst_) + g * p.oc * (turns_images() ? p.n : 1);
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
          role_ == Role::kTurned ? turned_tile(t, turned + element, round) : direct_tile(call, t, element);
        }
        where = next;
      }
    };
    for_each_line(grids_, turns_classes_ ? p.groups * turned_->panels().count() : 1, run_line, ending(streams));
  }

 private:
  static Role role_of(const Problem& p) {
    const int64_t positions = p.positions();
    const bool is_few = positions < kManyPositions && !has_near_panels(p);
    // gemm_t, and rows of A, are of floats.
    const bool by_images = is_few && p.n >= kManyImages && p.weights_type == DataType::kF32;
    if (p.order == Problem::Order::kIcInner) {
      if (by_images && p.taps * p.oc <= p.kernels.few_terms) return Role::kImages;
      return is_few ? Role::kDirect : Role::kTurned;
    }
    if (by_images) return p.n > p.kernels.lanes / 2 ? Role::kBatch : Role::kDot;
    const bool has_few_uses = positions * p.n < kManyUses && !has_near_panels(p);
    return p.ic < kFewInputs || has_few_uses ? Role::kDot : Role::kTurned;
  }

  // Whether weights are turned class by class: those in panels near the core, and in one panel where a kernel nearly
  // fills a second-level cache.
  bool has_near_classes() const {
    const Problem& p = problem_;
    if (turned_->panels().count() > 1) return has_near_panels(p);
    return p.repeats() && p.weights_type == DataType::kF32 && !turned_->takes_pairs() && grids_[0].width_first &&
           turned_->class_size() <= kNearKernels && p.kernel_count() <= Panels::kMostKernels;
  }

  // Rows and columns change places where images are the columns.
  int64_t find_segments(const Where& where, Segment* list) const {
    if (turns_classes_) return turned_->class_segments(where, dst_, list);
    if (role_ == Role::kTurned) return turned_->segments(where, dst_, list);
    const int64_t count = source_segments(problem_, where, dst_, problem_.oc, list);
    for (int64_t i = 0; i < count && role_ == Role::kBatch; ++i) std::swap(list[i].a, list[i].b);
    const bool is_direct = role_ == Role::kDirect || role_ == Role::kImages;
    return is_direct && problem_.geometry.oc == 1 ? joined(list, count) : count;
  }

  // Taps of one term each, whose kernels follow each other, are one segment, the last one first (local_oc1, 8 images:
  // 0.89 of the time).
  int64_t joined(Segment* list, int64_t count) const {
    int64_t left = 0;
    for (int64_t i = 0; i < count; ++i) {
      if (left > 0 && list[i].a == list[left - 1].a - dst_.axis[2] && list[i].b == list[left - 1].b - direct_step()) {
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

  // Where the weights of a tile lie among those that it uses, and how far apart they are from group to group.
  int64_t kernel(const Where& where) const {
    if (turns_classes_) return turned_->class_element(where);
    return role_ == Role::kTurned ? turned_->element(where) : kernel_of(problem_, where);
  }
  int64_t group_step() const {
    if (turns_classes_) return 0;
    return role_ == Role::kTurned ? turned_->group() : problem_.weights_group;
  }

  Panels::Range panels_of(int64_t round) const {
    const int64_t panel = round % turned_->panels().count();
    return turns_classes_ ? Panels::Range{panel, panel + 1} : turned_->panels().all();
  }

  int64_t turned_rows() const { return turns_classes_ ? 0 : turned_->rows(); }

  // What weights a thread has turned.
  struct Met {
    int64_t classes[3] = {-1, -1, -1};
    int64_t round = -1;
  };

  // The tile's weights, turned if the thread's last tile met others.
  const float* turned_weights(const Call& call, const Where& where, int64_t round) const {
    float* const turned = weights_.of<float>(call);
    if (!turns_classes_ || where.axis[0]->taps * where.axis[1]->taps * where.axis[2]->taps == 0) return turned;
    Met met;
    for (int axis = 0; axis < 3; ++axis) met.classes[axis] = turned_->class_of(axis, *where.axis[axis]);
    met.round = round;
    Met& last = *last_.of<Met>(call);
    if (std::memcmp(&met, &last, sizeof met) == 0) return turned;
    const int64_t panels = turned_->panels().count();
    turned_->turn_class(call, where, round / panels, round % panels, turned);
    last = met;
    return turned;
  }

  bool turns_images() const { return role_ == Role::kBatch || role_ == Role::kImages; }

  // diff_dst with the images innermost: [position][oc][n], or with pairs of channels where they are to be columns.
  const float* turn_dst(const Call& call) const {
    const int64_t size = problem_.dst.image, most = std::max(kTurnedColumns / problem_.oc, int64_t{1}) * problem_.oc;
    float* turned = batch_.of<float>(call);
    parallel_for(ceil_div(size, most), [&](int64_t i) {
      const int64_t first = i * most;
      const int64_t elements = std::min(most, size - first);
      float* const to = turned + first * problem_.n;
      role_ == Role::kBatch
          ? images_.turn(call.dst + first, elements, to)
          : problem_.kernels.transpose(call.dst + first, problem_.dst.image, problem_.n, elements, to, problem_.n);
    });
    return turned;
  }

  // Weights where they lie.
  void direct_tile(const Call& call, Tile& t, int64_t element) const {
    const Problem& p = problem_;
    t.b = p.weights_at(call.weights, element);
    t.b_step = role_ == Role::kDot ? p.oc : direct_step();
    if (role_ == Role::kDot) return p.dot(t);
    if (role_ == Role::kDirect) return p.gemm(t);
    t.a_row = p.n;
    p.kernels.gemm_t(t);
  }

  void turned_tile(Tile& t, const float* turned, int64_t round) const {
    float* const c = t.c;
    const float* const init = t.init;
    t.b_step = turned_->step();
    turned_->panels().for_each(panels_of(round), turned_rows(), [&](int64_t panel, int64_t column, int64_t columns) {
      t.b = turned + panel;
      t.c = c + column;
      t.init = init == nullptr ? nullptr : init + column;
      t.columns = columns;
      turned_->takes_pairs() ? problem_.kernels.gemm_pairs(t) : problem_.kernels.gemm(t);
    });
  }

  // One source position of all images.
  void batch_tile(const Call& call, Tile& t, const float* weights, const float* dst, float* c,
                  const float* bias) const {
    const Problem& p = problem_;
    float* tile = tile_.of<float>(call);
    // What the stores would wait for, of all images (deepface_l5 and l6, 16 to 128 images: 0.91 to 0.98 of the time).
    for (int64_t image = 0; image < p.n; ++image) {
      for (int64_t i = 0; i < p.ic; i += kLine) __builtin_prefetch(c + image * p.src.image + i, 1, 2);
    }
    t.a = weights;
    t.a_row = p.oc;
    t.b = dst;
    t.b_step = images_.step();
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
    images_.gemm(t);
    p.kernels.transpose(tile, p.n, p.ic, p.n, c, p.src.image);
  }

  Role role_;
  std::vector<Grid> grids_;
  std::unique_ptr<Turned> turned_;
  // Weights of a class of positions at a time, near the core, once for all tiles that meet them, and panel by panel
  // (AVX2, 128 to 512 channels: 8 images 0.55 to 1.05 of the time, one image 0.75 to 1.0).
  bool turns_classes_ = false;
  Steps dst_;  // of what the tiles read
  SegmentLists lists_;
  ImageColumns images_;
  Place keys_, segments_, weights_, last_, batch_, tile_;
};

}  // namespace

std::unique_ptr<KernelPass> make_backward_data(const Problem& problem) {
  if (problem.order != Problem::Order::kIcInner && slides(problem, problem.ic)) {
    return make_slide_backward_data(problem);
  }
  if (problem.order == Problem::Order::kGroupsInner) return make_channelwise_backward_data(problem);
  if (auto pass = make_tap_columns_backward_data(problem)) return pass;
  if (!has_near_panels(problem)) {
    if (auto pass = make_scatter_backward_data(problem)) return pass;
  }
  return std::make_unique<BackwardData>(problem);
}

}  // namespace conv4j
