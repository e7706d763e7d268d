// diff_src, a sum over the output positions that a source position reaches.
#include <algorithm>

#include "kernels/convolution/channelwise.h"
#include "kernels/convolution/grid.h"
#include "kernels/convolution/pass.h"

namespace conv4j {

namespace {

// Weights with output channels innermost suit the forward pass. Here they are
enum class Role {
  kTurned,   // turned, input channels innermost, for the time of the call: rows are positions, columns input channels
  kBatch,    // rows, one per input channel, with images as columns: for kernels that few positions share
  kDot,      // taken as they are, lanes being summed over: rows are positions, columns input channels
  kScatter,  // the same, but a row of the source is computed from one row of output positions after the other, each of
             // which adds to all source elements under its taps: kernels are read in the order they lie in
  kBatchScatter  // that with images as columns: for few input channels, which fill the rows with their taps
};

// Uses of a weight that make up for turning it.
constexpr int64_t kManyUses = 32;
constexpr int64_t kManyImages = 6;
constexpr int64_t kFewInputs = 8;
constexpr int64_t kMostRows = 28;

class BackwardData : public KernelPass {
 public:
  explicit BackwardData(const Problem& problem)
      : KernelPass(problem),
        role_(role_of(problem)),
        grids_(by_batch() ? source_grids_by_images(problem) : source_grids(problem, kMostRows)),
        dst_(problem.dst) {
    segments_ = reserve_per_thread<Segment>(problem.taps);
    if (role_ == Role::kTurned && problem.order == Problem::Order::kOcInner) {
      weights_ = reserve<float>(problem.weights_size());
      tile_ = reserve_per_thread<float>(problem.weights_tap);
    }
    if (scatters()) {
      for (int axis = 0; axis < 2; ++axis) rows_[axis] = source_items(problem.axes[axis], false);
      width_ = output_items(problem.axes[2], false);
    }
    if (by_batch()) {
      for (int64_t& step : dst_.axis) step *= problem.n;
      dst_.image = 1;
      batch_ = reserve<float>(problem.dst.image * problem.n);
      tile_ = reserve_per_thread<float>((scatters() ? problem.src.axis[1] : problem.ic) * problem.n);
    }
  }

  void run(const Call& call) const override {
    const Problem& p = problem_;
    const float* weights = call.weights;
    if (role_ == Role::kTurned && p.order == Problem::Order::kOcInner) weights = turn_weights(call);
    const float* dst = by_batch() ? turn_dst(call) : call.dst;
    if (scatters()) return scatter(call, dst);
    for_each_line(grids_, [&](const Line& line) {
      Tile t = {};
      Segment* list = segments_.of<Segment>(call);
      t.segments = list;
      const bool by_images = line.grid->rows == 3;
      if (!by_images) t.a_ahead = line.first_next.other(dst_) - line.first.other(dst_);
      int64_t kind = -1;
      Where where = line.at(line.begin);
      for (int64_t i = line.begin; i < line.end; ++i) {
        const Where next = line.at(i + 1);
        if (where.axis[2]->kind != kind) t.segment_count = find_segments(where, list);
        kind = where.axis[2]->kind;
        const int64_t ahead = by_images ? kernel(next) - kernel(where) : 0;
        for (int64_t g = 0; g < p.groups; ++g) {
          const int64_t element = kernel(where) + g * p.weights_group;
          const float* a =
              dst + (role_ == Role::kBatch ? where.other(dst_) + g * p.oc * p.n : where.other(dst_) + g * p.oc);
          float* c = call.src + where.own(p.src) + g * p.ic;
          const float* bias = call.bias == nullptr ? nullptr : call.bias + g * p.ic;
          if (role_ == Role::kBatch) {
            t.a_ahead = ahead;
            batch_tile(call, t, weights + element, a, c, bias);
            continue;
          }
          t.a = a;
          t.b = weights == call.weights ? p.weights_at(weights, element) : weights + element;
          t.c = c;
          t.rows = where.count();
          t.columns = p.ic;
          t.a_row = where.other_row(dst_);
          t.c_row = where.own_row(p.src);
          t.init = call.add ? c : bias;
          t.init_row = call.add ? t.c_row : 0;
          t.b_ahead = ahead;
          if (role_ == Role::kDot) {
            t.b_step = p.oc;
            p.dot(t);
          } else if (weights != call.weights) {
            t.b_step = p.ic;
            p.kernels.gemm(t);
          } else {
            t.b_step = p.taps * p.ic;
            p.gemm(t);
          }
        }
        where = next;
      }
    });
  }

 private:
  static Role role_of(const Problem& p) {
    if (p.order == Problem::Order::kIcInner) return Role::kTurned;
    int64_t uses = p.n;
    for (const Axis& axis : p.axes) uses *= std::max<int64_t>(axis.output / axis.kernels(), 1);
    const bool few_inputs = p.ic < kFewInputs;
    if (uses >= kManyUses) return few_inputs ? Role::kDot : Role::kTurned;
    if (p.n < kManyImages || p.weights_type != DataType::kF32) return Role::kScatter;  // Rows are floats.
    return few_inputs ? Role::kBatchScatter : Role::kBatch;
  }

  bool by_batch() const { return role_ == Role::kBatch || role_ == Role::kBatchScatter; }
  bool scatters() const { return role_ == Role::kScatter || role_ == Role::kBatchScatter; }

  // Of the first tap's kernel.
  int64_t kernel(const Where& where) const {
    return problem_.kernel_index(where.axis[0]->kernel, where.axis[1]->kernel, where.axis[2]->kernel) *
           problem_.weights_kernel;
  }

  // Counted from the first tap's output position and kernel.
  int64_t find_segments(const Where& where, Segment* list) const {
    const Problem& p = problem_;
    const Item &d = *where.axis[0], &h = *where.axis[1], &w = *where.axis[2];
    int64_t count = 0;
    for (int64_t i = 0; i < d.taps; ++i) {
      const int64_t kernel_d = p.axes[0].kernel_index(d.other + i * d.other_tap_step) - d.kernel;
      for (int64_t j = 0; j < h.taps; ++j) {
        const int64_t kernel_h = p.axes[1].kernel_index(h.other + j * h.other_tap_step) - h.kernel;
        for (int64_t k = 0; k < w.taps; ++k) {
          const int64_t kernel_w = p.axes[2].kernel_index(w.other + k * w.other_tap_step) - w.kernel;
          const int64_t tap = p.tap_index(d.tap + i * d.tap_step, h.tap + j * h.tap_step, w.tap + k * w.tap_step);
          Segment s = {i * d.other_tap_step * dst_.axis[0] + j * h.other_tap_step * dst_.axis[1] +
                           k * w.other_tap_step * dst_.axis[2],
                       p.kernel_index(kernel_d, kernel_h, kernel_w) * p.weights_kernel + tap * p.weights_tap, p.oc};
          if (role_ == Role::kBatch) std::swap(s.a, s.b);
          list[count++] = s;
        }
      }
    }
    return count;
  }

  // Every [ic][oc] to [oc][ic], and to floats.
  const float* turn_weights(const Call& call) const {
    const Problem& p = problem_;
    float* turned = weights_.of<float>(call);
    parallel_for(p.kernel_count() * p.groups * p.taps, [&](int64_t i) {
      const float* from = call.weights + i * p.weights_tap;
      if (p.weights_type == DataType::kBf16) {
        float* widened = tile_.of<float>(call);
        p.kernels.widen(static_cast<const Bf16*>(p.weights_at(call.weights, i * p.weights_tap)), p.weights_tap,
                        widened);
        from = widened;
      }
      p.kernels.transpose(from, p.oc, p.ic, p.oc, turned + i * p.weights_tap, p.ic);
    });
    return turned;
  }

  // diff_dst with the images innermost: [position][oc][n].
  const float* turn_dst(const Call& call) const {
    const Problem& p = problem_;
    float* turned = batch_.of<float>(call);
    const int64_t channels = p.geometry.oc;
    parallel_for(p.dst.image / channels, [&](int64_t i) {
      p.kernels.transpose(call.dst + i * channels, p.dst.image, p.n, channels, turned + i * channels * p.n, p.n);
    });
    return turned;
  }

  // One source position of all images.
  void batch_tile(const Call& call, Tile& t, const float* weights, const float* dst, float* c,
                  const float* bias) const {
    const Problem& p = problem_;
    float* tile = tile_.of<float>(call);
    t.a = weights;
    t.a_row = p.oc;
    t.b = dst;
    t.b_step = p.n;
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
    p.kernels.gemm(t);
    p.kernels.transpose(tile, p.n, p.ic, p.n, c, p.src.image);
  }

  // A unit of work is a row of the source.
  void scatter(const Call& call, const float* dst) const {
    const Problem& p = problem_;
    const int64_t row_size = p.src.axis[1], height = p.axes[1].input;
    const int64_t n = by_batch() ? 1 : p.n;
    parallel_for(p.axes[0].input * height, [&](int64_t unit) {
      const Item& d = rows_[0][static_cast<size_t>(unit / height)];
      const Item& h = rows_[1][static_cast<size_t>(unit % height)];
      float* row = call.src + d.first * p.src.axis[0] + h.first * p.src.axis[1];
      float* c = by_batch() ? tile_.of<float>(call) : row;
      if (by_batch() && call.add) {
        p.kernels.transpose(row, p.src.image, p.n, row_size, c, p.n);
      } else if (by_batch()) {
        for (int64_t i = 0; i < row_size; ++i) std::fill_n(c + i * p.n, p.n, start(call, i));
      } else if (!call.add) {
        for (int64_t image = 0; image < n; ++image) {
          for (int64_t i = 0; i < row_size; ++i) c[image * p.src.image + i] = start(call, i);
        }
      }
      for (int64_t i = 0; i < d.taps; ++i) {
        for (int64_t j = 0; j < h.taps; ++j) {
          const int64_t output_d = d.other + i * d.other_tap_step, output_h = h.other + j * h.other_tap_step;
          const int64_t b =
              p.kernel_index(p.axes[0].kernel_index(output_d), p.axes[1].kernel_index(output_h), 0) * p.weights_kernel +
              p.tap_index(d.tap + i * d.tap_step, h.tap + j * h.tap_step, 0) * p.weights_tap;
          for (int64_t image = 0; image < n; ++image) {
            scatter_row(call, dst + output_d * dst_.axis[0] + output_h * dst_.axis[1] + image * dst_.image, b,
                        c + image * p.src.image);
          }
        }
      }
      if (by_batch()) p.kernels.transpose(c, p.n, row_size, p.n, row, p.src.image);
    });
  }

  float start(const Call& call, int64_t element) const {
    return call.bias == nullptr ? 0 : call.bias[element % problem_.geometry.ic];
  }

  // What one row of output positions gives to one row of the source, by the taps from `weights` on.
  void scatter_row(const Call& call, const float* dst, int64_t weights, float* c) const {
    const Problem& p = problem_;
    const int64_t lanes = by_batch() ? p.n : 1;
    const bool merges = p.axes[2].dilation == 1 && p.groups == 1;
    Segment terms = {0, 0, p.oc};
    Tile t = {};
    t.segments = &terms;
    t.segment_count = 1;
    for (size_t i = 0; i < width_.size(); i += static_cast<size_t>(t.tiles)) {
      const Item& item = width_[i];
      const int64_t next_kernel = i + 1 < width_.size() ? width_[i + 1].kernel - item.kernel : 0;
      t.tiles = 1;
      for (size_t j = i + 1;
           j < width_.size() && width_[j].kind == item.kind && width_[j].kernel - width_[j - 1].kernel == next_kernel;
           ++j) {
        ++t.tiles;
      }
      for (int64_t g = 0; g < p.groups; ++g) {
        for (int64_t tap = 0; tap < (merges ? std::min<int64_t>(item.taps, 1) : item.taps); ++tap) {
          const int64_t inputs = merges ? item.taps * p.ic : p.ic;
          const float* a = dst + item.first * dst_.axis[2] + g * p.oc * lanes;
          const int64_t b =
              weights + item.kernel * p.weights_kernel + g * p.weights_group + (item.tap + tap) * p.weights_tap;
          t.c = c + ((item.other + tap * p.axes[2].dilation) * p.src.axis[2] + g * p.ic) * lanes;
          t.init = t.c;
          t.c_next = t.init_next = p.axes[2].stride * p.src.axis[2] * lanes;
          if (by_batch()) {
            t.a = call.weights + b;
            t.a_row = p.oc;
            t.a_next = next_kernel * p.weights_kernel;
            t.a_ahead = t.a_next;
            t.b = a;
            t.b_step = p.n;
            t.b_next = dst_.axis[2];
            t.c_row = t.init_row = p.n;
            t.rows = inputs;
            t.columns = p.n;
            p.kernels.gemm(t);
          } else {
            t.a = a;
            t.a_next = dst_.axis[2];
            t.b = p.weights_at(call.weights, b);
            t.b_step = p.oc;
            t.b_next = next_kernel * p.weights_kernel;
            t.b_ahead = t.b_next;
            t.rows = 1;
            t.columns = inputs;
            p.dot(t);
          }
        }
      }
    }
  }

  Role role_;
  std::vector<Grid> grids_;
  std::vector<Item> rows_[2], width_;  // what scatters
  Steps dst_;                          // of what the tiles read
  Place segments_, weights_, batch_, tile_;
};

}  // namespace

std::unique_ptr<KernelPass> make_backward_data(const Problem& problem) {
  if (problem.order == Problem::Order::kGroupsInner) return make_channelwise_backward_data(problem);
  return std::make_unique<BackwardData>(problem);
}

}  // namespace conv4j
