#include "kernels/convolution/convolution.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "core/memory.h"
#include "core/parallel.h"
#include "kernels/convolution/items.h"
#include "kernels/dispatch.h"

namespace conv4j {

namespace {

using Order = Layout::Order;

constexpr int64_t kFloat = sizeof(float);

// Elements of the weights gradient that one unit of work computes, and how much of both factors it sums over before it
// writes, so that they stay in the first-level cache: every second position of a row meets half of its sets only (64
// channels, t = 2: 16 KB and more take 1.4 times as long).
constexpr int64_t kGradientTile = 112 * 64;
constexpr int64_t kGradientBytes = 12 << 10;
constexpr int64_t kGradientSegments = 128;

// Fewer units of work than this are cut finer, so that any number of threads finds enough.
constexpr int64_t kFewUnits = 64;

// Steps of channels-last activations, in elements.
struct Steps {
  int64_t axis[3];
  int64_t image;
};

Steps steps_of(int64_t channels, int64_t depth, int64_t height, int64_t width) {
  return {{height * width * channels, width * channels, channels}, depth * height * width * channels};
}

// How full the lanes are when `channels` lie in them, by sixteens.
double fullness(int64_t channels) {
  return static_cast<double>(channels) / static_cast<double>((channels + 15) / 16 * 16);
}

// Output channels in the lanes unless input channels fill them clearly better; where groups leave too few of both, all
// channels of all groups.
Order order_of(const Geometry& geometry) {
  const int64_t ic = geometry.ic / geometry.groups;
  const int64_t oc = geometry.oc / geometry.groups;
  if (geometry.groups > 1 && ic < 8 && oc < 8) return Order::kGroupsInner;
  return fullness(oc) < 0.7 && fullness(ic) > fullness(oc) ? Order::kIcInner : Order::kOcInner;
}

class KernelConvolution : public Implementation {
 public:
  KernelConvolution(const Geometry& geometry, Isa isa, int threads)
      : geometry_(geometry), kernels_(kernels_of(isa)), threads_(threads), order_(order_of(geometry)) {
    geometry_.n = std::max<int64_t>(geometry.n, 1);  // A plan of an empty batch never runs.
    const int64_t spatial = geometry.spatial();
    for (int64_t i = 0; i < 3; ++i) {
      axes_[i] = i < 3 - spatial ? Axis{1, 1, 1, 1, 0, 0, 1, Sharing::kShared, 1}
                                 : geometry.axes[static_cast<size_t>(i - (3 - spatial))];
    }
    groups_ = geometry.groups;
    ic_ = geometry.ic / groups_;
    oc_ = geometry.oc / groups_;
    taps_ = axes_[0].kernel * axes_[1].kernel * axes_[2].kernel;
    src_ = steps_of(geometry.ic, axes_[0].input, axes_[1].input, axes_[2].input);
    dst_ = steps_of(geometry.oc, axes_[0].output, axes_[1].output, axes_[2].output);
    // A source that channelwise kernels read is spread first: every output channel has its inputs in its lane.
    is_spread_ = order_ == Order::kGroupsInner && (ic_ > 1 || oc_ > 1);
    spread_ = is_spread_ ? steps_of(ic_ * geometry.oc, axes_[0].input, axes_[1].input, axes_[2].input) : src_;
    find_weights_steps();
    find_items();

    const Layout weights = Layout::packed(order_, groups_, geometry.spatial(), geometry.flipped);
    const int64_t most_terms = taps_ * (order_ == Order::kGroupsInner ? ic_ : 1);
    const int64_t segments = std::max(most_terms, kGradientSegments);
    segments_bytes_ = align(segments * static_cast<int64_t>(sizeof(Segment)));
    tile_bytes_ = is_spread_ ? align(most_rows_ * ic_ * geometry.oc * kFloat) : 0;
    spread_bytes_ = is_spread_ ? align(geometry_.n * spread_.image * kFloat) : 0;
    bias_bytes_ = geometry.bias == BiasMode::kKernel || geometry.bias == BiasMode::kPosition
                      ? align(elements(geometry.bias_dims()) * kFloat)
                      : 0;
    constexpr const char* kOrders[] = {"oc_inner", "ic_inner", "groups_inner"};
    for (int pass = 0; pass < 3; ++pass) {
      PassInfo& info = infos_[pass];
      info.layouts[kSrc] = info.layouts[kDst] = Layout::channels_last();
      info.layouts[kWeights] = weights;
      info.accumulates = true;
      info.adds_bias = true;
      info.name = std::string("kernels ") + kernels_.isa + " " + kOrders[static_cast<int>(order_)];
      info.scratch_bytes = threads * (segments_bytes_ + tile_bytes_) + spread_bytes_ + bias_bytes_;
    }
  }

  void run(Pass pass, bool add, float* const operands[kOperands], const float* bias, char* scratch) const override {
    Call call = {operands[kSrc], operands[kWeights], operands[kDst], bias, 0, 0, add, scratch};
    call.shared = scratch + threads_ * (segments_bytes_ + tile_bytes_);
    switch (pass) {
      case Pass::kForward:
        return forward(call);
      case Pass::kBackwardData:
        return backward_data(call);
      default:
        return backward_weights(call);
    }
  }

 private:
  struct Call {
    float* src;
    float* weights;
    float* dst;
    const float* bias;
    int64_t bias_kernel;    // step of the bias from kernel to kernel
    int64_t bias_position;  // and from position to position
    bool add;
    char* scratch;  // every thread's own
    char* shared = nullptr;
  };

  // What a unit of work and the calls of kernels inside it are made of.
  struct Where {
    const Item* axis[3];
    const Item* image;
  };

  Segment* segments(const Call& call) const {
    return reinterpret_cast<Segment*>(call.scratch + thread_index() * (segments_bytes_ + tile_bytes_));
  }

  float* tile(const Call& call) const {
    return reinterpret_cast<float*>(reinterpret_cast<char*>(segments(call)) + segments_bytes_);
  }

  // ---- Preparation ----

  void find_weights_steps() {
    switch (order_) {
      case Order::kOcInner:
        weights_tap_ = ic_ * oc_;
        weights_group_ = taps_ * weights_tap_;
        weights_kernel_ = groups_ * weights_group_;
        break;
      case Order::kIcInner:
        weights_tap_ = ic_;
        weights_group_ = oc_ * taps_ * ic_;
        weights_kernel_ = groups_ * weights_group_;
        break;
      default:
        weights_tap_ = ic_ * geometry_.oc;
        weights_group_ = 0;
        weights_kernel_ = taps_ * weights_tap_;
        break;
    }
  }

  // Rows are positions of one axis, or images: whichever has the longest runs, width first.
  template <typename Find>
  int row_axis(const Find& find) const {
    int best = 3;
    double longest = static_cast<double>(geometry_.n);
    for (int axis : {0, 1, 2}) {
      const std::vector<Item> items = find(axes_[axis], true);
      int64_t positions = 0;
      for (const Item& item : items) positions += item.count;
      const double length = static_cast<double>(positions) / static_cast<double>(items.size());
      if (length > longest || (axis == 2 && length >= std::min(longest, 7.0))) {
        best = axis;
        longest = length;
      }
    }
    return best;
  }

  std::vector<Item> images(bool runs) const {
    std::vector<Item> items;
    if (runs) {
      items.push_back({0, 1, geometry_.n, 0, 0, 0, 0, 0, 1, 0});
    } else {
      for (int64_t n = 0; n < geometry_.n; ++n) items.push_back({n, 1, 1, 0, 0, 0, n, 0, 1, 0});
    }
    return items;
  }

  void find_items() {
    const int output_rows = row_axis(output_items);
    const int source_rows = row_axis(source_items);
    for (int axis = 0; axis < 3; ++axis) {
      output_items_[axis] = output_items(axes_[axis], axis == output_rows);
      source_items_[axis] = source_items(axes_[axis], axis == source_rows);
      // No more than the output has positions; the others are unused.
      by_kernel_[axis].resize(static_cast<size_t>(std::min(axes_[axis].kernels(), axes_[axis].output)));
      for (const Item& item : output_items_[axis]) {
        by_kernel_[axis][static_cast<size_t>(item.kernel)].push_back(&item);
      }
    }
    output_images_ = images(output_rows == 3);
    source_images_ = images(source_rows == 3);
    output_rows_ = output_rows;
    source_rows_ = source_rows;
    most_rows_ = 1;
    for (int axis = 0; axis < 3; ++axis) {
      for (const Item& item : source_items_[axis]) most_rows_ = std::max(most_rows_, item.count);
    }
    most_rows_ = std::max(most_rows_, source_images_[0].count);
  }

  // ---- Addresses ----

  static int64_t offset(const Steps& steps, const Item* const axis[3], const Item* image, int64_t Item::*position,
                        int64_t Item::*image_position) {
    return axis[0]->*position * steps.axis[0] + axis[1]->*position * steps.axis[1] +
           axis[2]->*position * steps.axis[2] + image->*image_position * steps.image;
  }

  static int64_t row_step(const Steps& steps, int rows, const Where& where, int64_t Item::*step) {
    return rows == 3 ? steps.image : where.axis[rows]->*step * steps.axis[rows];
  }

  static int64_t row_count(int rows, const Where& where) {
    return rows == 3 ? where.image->count : where.axis[rows]->count;
  }

  int64_t kernel_index(int64_t depth, int64_t height, int64_t width) const {
    return (depth * axes_[1].kernels() + height) * axes_[2].kernels() + width;
  }

  int64_t tap_index(int64_t depth, int64_t height, int64_t width) const {
    return (depth * axes_[1].kernel + height) * axes_[2].kernel + width;
  }

  // Whether neighbouring taps of a row read one run of the source.
  bool merges_taps() const { return axes_[2].dilation == 1 && (groups_ == 1 || order_ == Order::kGroupsInner); }

  // Runs `body(where)` for all combinations of items, in parallel. Units are combinations of rows of positions, images
  // inside; if there are few, every combination.
  template <typename Body>
  void for_each(const std::vector<Item> (&items)[3], const std::vector<Item>& images, const Body& body) const {
    const auto size = [](const std::vector<Item>& list) { return static_cast<int64_t>(list.size()); };
    const int64_t outer = size(items[0]) * size(items[1]) * size(images);
    const int64_t width = size(items[2]);
    const int64_t pieces = outer >= kFewUnits ? 1 : std::min(width, kFewUnits);
    parallel_for(outer * pieces, [&](int64_t unit) {
      const auto at = [](const std::vector<Item>& list, int64_t i) { return &list[static_cast<size_t>(i)]; };
      const int64_t piece = unit % pieces;
      int64_t rest = unit / pieces;
      Where where;
      where.image = at(images, rest % size(images));
      rest /= size(images);
      where.axis[1] = at(items[1], rest % size(items[1]));
      where.axis[0] = at(items[0], rest / size(items[1]));
      for (int64_t i = width * piece / pieces; i < width * (piece + 1) / pieces; ++i) {
        where.axis[2] = at(items[2], i);
        body(where);
      }
    });
  }

  // ---- Forward ----

  void forward(Call& call) const {
    prepare_bias(call);
    const float* src = is_spread_ ? spread(call) : call.src;
    for_each(output_items_, output_images_, [&](const Where& where) {
      Tile t = {};
      t.segments = segments(call);
      t.segment_count = order_ == Order::kGroupsInner ? channelwise_segments(where, segments(call))
                                                      : forward_segments(where, segments(call));
      const int64_t kernel = kernel_index(where.axis[0]->kernel, where.axis[1]->kernel, where.axis[2]->kernel);
      const Steps& from = order_ == Order::kGroupsInner ? spread_ : src_;
      const float* a = src + offset(from, where.axis, where.image, &Item::other, &Item::other);
      const int64_t to = offset(dst_, where.axis, where.image, &Item::first, &Item::first);
      t.rows = row_count(output_rows_, where);
      t.a_row = row_step(from, output_rows_, where, &Item::other_step);
      t.c_row = row_step(dst_, output_rows_, where, &Item::step);
      t.init_row = call.add ? t.c_row : output_rows_ == 3 ? 0 : t.c_row / geometry_.oc * call.bias_position;
      const int64_t position = to % dst_.image / geometry_.oc;
      const float* init = call.add ? call.dst + to
                          : call.bias == nullptr
                              ? nullptr
                              : call.bias + kernel * call.bias_kernel + position * call.bias_position;
      if (order_ == Order::kGroupsInner) {
        t.a = a;
        t.b = call.weights + kernel * weights_kernel_;
        t.c = call.dst + to;
        t.init = init;
        t.columns = geometry_.oc;
        return kernels_.channelwise(t);
      }
      for (int64_t g = 0; g < groups_; ++g) {
        t.a = a + g * ic_;
        t.b = call.weights + kernel * weights_kernel_ + g * weights_group_;
        t.c = call.dst + to + g * oc_;
        t.init = init == nullptr ? nullptr : init + g * oc_;
        t.columns = oc_;
        if (order_ == Order::kOcInner) {
          t.b_step = oc_;
          kernels_.gemm(t);
        } else {
          t.b_step = taps_ * ic_;
          kernels_.dot(t);
        }
      }
    });
  }

  int64_t forward_segments(const Where& where, Segment* segments) const {
    const Item& width = *where.axis[2];
    int64_t count = 0;
    for (int64_t d = 0; d < where.axis[0]->taps; ++d) {
      for (int64_t h = 0; h < where.axis[1]->taps; ++h) {
        const int64_t a = d * axes_[0].dilation * src_.axis[0] + h * axes_[1].dilation * src_.axis[1];
        const int64_t b = tap_index(where.axis[0]->tap + d, where.axis[1]->tap + h, width.tap) * weights_tap_;
        if (merges_taps()) {
          if (width.taps > 0) segments[count++] = {a, b, width.taps * ic_};
          continue;
        }
        for (int64_t w = 0; w < width.taps; ++w) {
          segments[count++] = {a + w * axes_[2].dilation * src_.axis[2], b + w * weights_tap_, ic_};
        }
      }
    }
    return count;
  }

  int64_t channelwise_segments(const Where& where, Segment* segments) const {
    int64_t count = 0;
    for (int64_t d = 0; d < where.axis[0]->taps; ++d) {
      for (int64_t h = 0; h < where.axis[1]->taps; ++h) {
        for (int64_t w = 0; w < where.axis[2]->taps; ++w) {
          const int64_t a = d * axes_[0].dilation * spread_.axis[0] + h * axes_[1].dilation * spread_.axis[1] +
                            w * axes_[2].dilation * spread_.axis[2];
          const int64_t b =
              tap_index(where.axis[0]->tap + d, where.axis[1]->tap + h, where.axis[2]->tap + w) * weights_tap_;
          for (int64_t i = 0; i < ic_; ++i) {
            segments[count++] = {a + i * geometry_.oc, b + i * geometry_.oc, 1};
          }
        }
      }
    }
    return count;
  }

  // Puts a bias per kernel or position into the order in which tiles need it, channels innermost.
  void prepare_bias(Call& call) const {
    if (call.bias == nullptr || bias_bytes_ == 0) return;
    float* turned = reinterpret_cast<float*>(call.shared + spread_bytes_);
    const int64_t count = elements(geometry_.bias_dims()) / geometry_.oc;
    const float* bias = call.bias;
    parallel_for(count, [&](int64_t i) {
      for (int64_t c = 0; c < geometry_.oc; ++c) turned[i * geometry_.oc + c] = bias[c * count + i];
    });
    call.bias = turned;
    (geometry_.bias == BiasMode::kKernel && !geometry_.shared() ? call.bias_kernel : call.bias_position) =
        count == 1 ? 0 : geometry_.oc;
  }

  // Every output channel's inputs in its own lane: [position][ic of a group][oc].
  const float* spread(const Call& call) const {
    float* spread = reinterpret_cast<float*>(call.shared);
    const int64_t width = axes_[2].input;
    parallel_for(geometry_.n * axes_[0].input * axes_[1].input, [&](int64_t row) {
      for (int64_t x = row * width; x < (row + 1) * width; ++x) {
        const float* from = call.src + x * geometry_.ic;
        float* to = spread + x * ic_ * geometry_.oc;
        for (int64_t i = 0; i < ic_; ++i) {
          for (int64_t g = 0; g < groups_; ++g) {
            for (int64_t o = 0; o < oc_; ++o) *to++ = from[g * ic_ + i];
          }
        }
      }
    });
    return spread;
  }

  // ---- Backward data ----

  void backward_data(const Call& call) const {
    for_each(source_items_, source_images_, [&](const Where& where) {
      Tile t = {};
      t.segments = segments(call);
      t.segment_count = backward_segments(where, segments(call));
      const int64_t to = offset(src_, where.axis, where.image, &Item::first, &Item::first);
      const int64_t image = where.image->first * dst_.image;
      t.rows = row_count(source_rows_, where);
      t.a_row = row_step(dst_, source_rows_, where, &Item::other_step);
      t.c_row = row_step(src_, source_rows_, where, &Item::step);
      t.init_row = call.add ? t.c_row : 0;
      const float* init = call.add ? call.src + to : call.bias;
      if (order_ == Order::kGroupsInner) return backward_channelwise(call, t, image, to, init);
      for (int64_t g = 0; g < groups_; ++g) {
        t.a = call.dst + image + g * oc_;
        t.b = call.weights + g * weights_group_;
        t.c = call.src + to + g * ic_;
        t.init = init == nullptr ? nullptr : init + g * ic_;
        t.columns = ic_;
        if (order_ == Order::kOcInner) {
          t.b_step = oc_;
          kernels_.dot(t);
        } else {
          t.b_step = taps_ * ic_;
          kernels_.gemm(t);
        }
      }
    });
  }

  int64_t backward_segments(const Where& where, Segment* segments) const {
    int64_t count = 0;
    const Item& d = *where.axis[0];
    const Item& h = *where.axis[1];
    const Item& w = *where.axis[2];
    for (int64_t i = 0; i < d.taps; ++i) {
      const int64_t output_d = d.other + i * d.other_tap_step;
      for (int64_t j = 0; j < h.taps; ++j) {
        const int64_t output_h = h.other + j * h.other_tap_step;
        for (int64_t k = 0; k < w.taps; ++k) {
          const int64_t output_w = w.other + k * w.other_tap_step;
          const int64_t kernel = kernel_index(axes_[0].kernel_index(output_d), axes_[1].kernel_index(output_h),
                                              axes_[2].kernel_index(output_w));
          const int64_t tap = tap_index(d.tap + i * d.tap_step, h.tap + j * h.tap_step, w.tap + k * w.tap_step);
          segments[count++] = {output_d * dst_.axis[0] + output_h * dst_.axis[1] + output_w * dst_.axis[2],
                               kernel * weights_kernel_ + tap * weights_tap_, order_ == Order::kGroupsInner ? 1 : oc_};
        }
      }
    }
    return count;
  }

  void backward_channelwise(const Call& call, Tile t, int64_t image, int64_t to, const float* init) const {
    t.a = call.dst + image;
    t.columns = geometry_.oc;
    if (!is_spread_) {
      t.b = call.weights;
      t.c = call.src + to;
      t.init = init;
      return kernels_.channelwise(t);
    }
    const int64_t row_step = t.c_row;
    const int64_t init_row = t.init_row;
    float* spread = tile(call);
    t.c_row = ic_ * geometry_.oc;
    for (int64_t i = 0; i < ic_; ++i) {
      t.b = call.weights + i * geometry_.oc;
      t.c = spread + i * geometry_.oc;
      kernels_.channelwise(t);
    }
    for (int64_t row = 0; row < t.rows; ++row) {
      for (int64_t g = 0; g < groups_; ++g) {
        for (int64_t i = 0; i < ic_; ++i) {
          float sum = init == nullptr ? 0 : init[row * init_row + g * ic_ + i];
          for (int64_t o = 0; o < oc_; ++o) sum += spread[(row * ic_ + i) * geometry_.oc + g * oc_ + o];
          call.src[to + row * row_step + g * ic_ + i] = sum;
        }
      }
    }
  }

  // ---- Backward weights ----

  void backward_weights(const Call& call) const {
    const float* src = is_spread_ ? spread(call) : call.src;
    const int64_t groups = order_ == Order::kGroupsInner ? 1 : groups_;
    const int64_t width = axes_[2].kernel;
    const int64_t coarse =
        axes_[0].kernels() * axes_[1].kernels() * axes_[2].kernels() * groups * axes_[0].kernel * axes_[1].kernel;
    const int64_t block = !merges_taps()        ? 1
                          : coarse >= kFewUnits ? width
                                                : std::min(width, std::max<int64_t>(1, kGradientTile / (ic_ * oc_)));
    const int64_t blocks = (width + block - 1) / block;
    parallel_for(coarse * blocks, [&](int64_t unit) {
      const auto next = [&](int64_t count) {
        const int64_t index = unit % count;
        unit /= count;
        return index;
      };
      Gradient gradient;
      gradient.first_tap = next(blocks) * block;
      gradient.last_tap = std::min(width, gradient.first_tap + block);
      gradient.tap[1] = next(axes_[1].kernel);
      gradient.tap[0] = next(axes_[0].kernel);
      gradient.group = next(groups);
      gradient.kernel[2] = next(axes_[2].kernels());
      gradient.kernel[1] = next(axes_[1].kernels());
      gradient.kernel[0] = next(axes_[0].kernels());
      gradient.src = src;
      gradient_unit(call, gradient);
    });
  }

  // Some neighbouring taps of one row of one kernel.
  struct Gradient {
    const float* src;
    int64_t kernel[3];
    int64_t group;
    int64_t tap[2];
    int64_t first_tap, last_tap;
  };

  int64_t gradient_offset(const Gradient& gradient, int64_t tap) const {
    return kernel_index(gradient.kernel[0], gradient.kernel[1], gradient.kernel[2]) * weights_kernel_ +
           gradient.group * weights_group_ + tap_index(gradient.tap[0], gradient.tap[1], tap) * weights_tap_;
  }

  // Runs of positions differ in the taps that they meet: those of the border meet fewer. The first run to reach a tap
  // overwrites, the others add.
  void gradient_unit(const Call& call, const Gradient& gradient) const {
    static const std::vector<const Item*> kUnused;
    const auto of_kernel = [&](int axis) -> const std::vector<const Item*>& {
      const auto kernel = static_cast<size_t>(gradient.kernel[axis]);
      return kernel < by_kernel_[axis].size() ? by_kernel_[axis][kernel] : kUnused;
    };
    bool all_written = call.add;
    const auto clear = [&](int64_t first, int64_t last) {
      for (int64_t tap = first; tap < last; ++tap) clear_tap(call, gradient_offset(gradient, tap));
    };
    // The run that meets most taps goes first, so that little has to be cleared.
    const Item* widest = nullptr;
    const auto taps_of = [&](const Item& item) {
      return std::min(item.tap + item.taps, gradient.last_tap) - std::max(item.tap, gradient.first_tap);
    };
    for (const Item* item : of_kernel(2)) {
      if (widest == nullptr || taps_of(*item) > taps_of(*widest)) widest = item;
    }
    const auto sum_over = [&](const Item& width) {
      const int64_t first = std::max(width.tap, gradient.first_tap);
      const int64_t last = std::min(width.tap + width.taps, gradient.last_tap);
      if (first >= last) return;
      const int64_t term_bytes = ((last - first) * ic_ + oc_) * (order_ == Order::kGroupsInner ? groups_ : 1) * kFloat;
      const int64_t most_terms = std::max<int64_t>(16, kGradientBytes / term_bytes);
      Segment* list = segments(call);
      int64_t count = 0;
      int64_t terms = 0;
      Where where = {};
      where.axis[2] = &width;
      const auto flush = [&] {
        if (count == 0) return;
        gradient_tile(call, gradient, where, first, last, list, count, all_written);
        if (!all_written) {
          clear(gradient.first_tap, first);
          clear(last, gradient.last_tap);
          all_written = true;
        }
        count = terms = 0;
      };
      for (const Item* depth : of_kernel(0)) {
        if (gradient.tap[0] < depth->tap || gradient.tap[0] >= depth->tap + depth->taps) continue;
        for (const Item* height : of_kernel(1)) {
          if (gradient.tap[1] < height->tap || gradient.tap[1] >= height->tap + height->taps) continue;
          for (const Item& image : output_images_) {
            where.axis[0] = depth;
            where.axis[1] = height;
            where.image = &image;
            const int64_t length = row_count(output_rows_, where);
            // Tap t of an item lies (t - tap) dilations behind its `other`.
            const Steps& from = order_ == Order::kGroupsInner ? spread_ : src_;
            const int64_t a = (depth->other + (gradient.tap[0] - depth->tap) * axes_[0].dilation) * from.axis[0] +
                              (height->other + (gradient.tap[1] - height->tap) * axes_[1].dilation) * from.axis[1] +
                              (width.other + (first - width.tap) * axes_[2].dilation) * from.axis[2] +
                              image.first * from.image;
            list[count++] = {a, offset(dst_, where.axis, where.image, &Item::first, &Item::first), length};
            terms += length;
            if (terms >= most_terms || count == kGradientSegments) flush();
          }
        }
      }
      flush();
    };
    if (widest != nullptr) sum_over(*widest);
    for (const Item* item : of_kernel(2)) {
      if (item != widest) sum_over(*item);
    }
    if (!all_written) clear(gradient.first_tap, gradient.last_tap);
  }

  void clear_tap(const Call& call, int64_t offset) const {
    if (order_ != Order::kIcInner) {
      std::memset(call.weights + offset, 0, static_cast<size_t>(weights_tap_ * kFloat));
      return;
    }
    for (int64_t o = 0; o < oc_; ++o) {
      std::memset(call.weights + offset + o * taps_ * ic_, 0, static_cast<size_t>(ic_ * kFloat));
    }
  }

  void gradient_tile(const Call& call, const Gradient& gradient, const Where& where, int64_t first, int64_t last,
                     Segment* list, int64_t count, bool add) const {
    const Steps& from = order_ == Order::kGroupsInner ? spread_ : src_;
    const int64_t src_step = row_step(from, output_rows_, where, &Item::other_step);
    const int64_t dst_step = row_step(dst_, output_rows_, where, &Item::step);
    const float* src = gradient.src + gradient.group * ic_;
    const float* dst = call.dst + gradient.group * oc_;
    Tile t = {};
    t.segments = list;
    t.segment_count = count;
    t.c = call.weights + gradient_offset(gradient, first);
    t.init = add ? t.c : nullptr;
    const int64_t inputs = (last - first) * ic_;
    switch (order_) {
      case Order::kOcInner:
        t.a = src;
        t.a_row = src_step;
        t.b = dst;
        t.b_step = dst_step;
        t.c_row = oc_;
        t.rows = inputs;
        t.columns = oc_;
        break;
      case Order::kIcInner:
        for (int64_t i = 0; i < count; ++i) std::swap(list[i].a, list[i].b);
        t.a = dst;
        t.a_row = dst_step;
        t.b = src;
        t.b_step = src_step;
        t.c_row = taps_ * ic_;
        t.rows = oc_;
        t.columns = inputs;
        break;
      default:
        t.a = src;
        t.a_row = src_step;
        t.a_step = geometry_.oc;
        t.b = dst;
        t.b_step = dst_step;
        t.c_row = geometry_.oc;
        t.rows = inputs;
        t.columns = geometry_.oc;
        break;
    }
    t.init_row = t.c_row;
    (order_ == Order::kGroupsInner ? kernels_.channelwise_t : kernels_.gemm_t)(t);
  }

  Geometry geometry_;
  const Kernels& kernels_;
  int threads_;
  Order order_;
  Axis axes_[3];
  int64_t groups_, ic_, oc_, taps_;
  Steps src_, dst_, spread_;
  bool is_spread_;
  int64_t weights_kernel_, weights_group_, weights_tap_;
  std::vector<Item> output_items_[3], source_items_[3], output_images_, source_images_;
  std::vector<std::vector<const Item*>> by_kernel_[3];
  int output_rows_, source_rows_;  // the axis whose items are runs; 3: the images
  int64_t most_rows_;
  int64_t segments_bytes_, tile_bytes_, spread_bytes_, bias_bytes_;
};

}  // namespace

std::unique_ptr<Implementation> make_kernel_convolution(const Geometry& geometry, Isa isa, int threads) {
  return std::make_unique<KernelConvolution>(geometry, isa, threads);
}

}  // namespace conv4j
