// diff_weights of layers whose every position has a kernel of its own.
#include <algorithm>
#include <cstring>
#include <vector>

#include "core/division.h"
#include "kernels/convolution/backward_weights.h"
#include "kernels/convolution/items.h"
#include "kernels/convolution/spaced.h"

namespace conv4j {

namespace {

constexpr int64_t kFloat = sizeof(float);

// Positions whose images are brought together at a time.
constexpr int64_t kPiece = 32;

// Every kernel belongs to one position: terms are the images. Few images, or few channels, are read where they lie, and
// one call computes a row of positions in the order of memory, which costs little more than writing it (on a Zen 4,
// against a line of taps of the row, tile by tile: deepface_l6 and mnist_c1, one image 0.72 and 0.61 of the time, two
// 0.50 and 0.46, 8 0.78 and 0.74, 16 0.82 and 0.75; c64_32, 8 images 0.80). Where tiles pay, it computes a line of taps
// of the row, or the lines of one position where gradients go past the caches in their order. More images are first
// brought together for each position, so that what a tap reads follows each other (c64_32 on a Cascade Lake: 32 images
// 39 -> 30 ms, 128 170 -> 102). Of few input channels, whose rows of taps are too short for a tile, all taps of a plane
// are brought together, images innermost (mnist_c1: 32 images 0.82 of the time, 128 0.6; AVX2, whose tiles are small,
// 1.04).
class LocalBackwardWeights : public BackwardWeights {
 public:
  explicit LocalBackwardWeights(const Problem& problem)
      : BackwardWeights(problem),
        gathers_(problem.n >= gathered_images(problem) && std::min(problem.ic, problem.oc) >= kManyChannels),
        merges_(!gathers_ && problem.axes[2].dilation == 1 && problem.groups == 1),
        takes_rows_(merges_ && lanes_are_outputs() && problem.n <= problem.kernels.few_terms),
        takes_planes_(merges_ && !takes_rows_ && lanes_are_outputs() && problem.kernels.lanes == 16 &&
                      problem.ic < kManyChannels && problem.oc >= kManyChannels &&
                      problem.n >= plane_images(problem.ic) && !is_large_gradient()),
        src_(problem.src),
        dst_(problem.dst) {
    for (int axis = 0; axis < 3; ++axis) positions_[axis] = output_items(problem.axes[axis], false);
    if (!gathers_ && (!is_large_gradient() || takes_rows_ || (lanes_are_outputs() && !is_amd()))) {
      positions_[2] = neighbours(positions_[2], problem.axes[2].stride);
    }
    if (takes_planes_) {
      src_copy_ = reserve<float>(gather(src_, 1));
      plane_ = reserve_per_thread<float>(problem.axes[1].kernel * problem.axes[2].kernel * problem.ic * problem.n);
    }
    if (gathers_) {
      src_copy_ = reserve<float>(gather(src_, problem.geometry.ic));
      gather(dst_, problem.geometry.oc);
      window_ = std::clamp<int64_t>(kWindowFloats / dst_.axis[2], 1, kPiece);
      dst_copy_ = reserve_per_thread<float>(std::min(window_, problem.axes[2].output) * dst_.axis[2]);
    }
  }

  void run(const Call& call) const override {
    const Problem& p = problem_;
    const bool streams = this->streams(call) && (p.n > kNearImages * p.threads || (p.n > 1 && from_memory(p)));
    const float* src = gathers_ ? gathered_src(call) : takes_planes_ ? turned_src(call) : call.src;
    parallel_for(p.axes[0].kernels() * p.axes[1].kernels(), [&](int64_t unit) {
      const int64_t depth = unit / p.axes[1].kernels(), height = unit % p.axes[1].kernels();
      const auto kernels = [&](int64_t width) {
        return call.weights + p.kernel_index(depth, height, width) * p.weights_kernel;
      };
      int64_t used = 0;
      if (depth < p.axes[0].output && height < p.axes[1].output) {
        const Item& depth_item = positions_[0][static_cast<size_t>(depth)];
        const Item& height_item = positions_[1][static_cast<size_t>(height)];
        const float* const line = call.dst + depth * p.dst.axis[0] + height * p.dst.axis[1];
        float* const window = dst_copy_.of<float>(call);
        int64_t begin = 0, end = 0;  // of the window
        for (const Item& run : positions_[2]) {
          if (gathers_ && run.first >= end) {
            begin = end;
            end = std::min(begin + window_, p.axes[2].output);
            gather_positions(line + begin * p.geometry.oc, p.dst.image, end - begin, p.geometry.oc, window);
          }
          const float* dst = (gathers_ ? window : line) + (run.first - begin) * dst_.axis[2];
          positions(call, src, dst, {&depth_item, &height_item, &run}, kernels(run.first), streams);
        }
        used = p.axes[2].output;
      }
      if (!call.add) {
        std::memset(kernels(used), 0, static_cast<size_t>((p.axes[2].kernels() - used) * p.weights_kernel * kFloat));
      }
      if (streams) p.kernels.end_streams();
    });
  }

 private:
  // That make up for the copies, and fill a tile. AMD's cores read many images where they lie as fast, unless these
  // evict each other (deepface_l6 on a Zen 4: 16 images, copied, 1.17 of the time, 64 1.07, 128 1.0; on a Cascade Lake
  // 32 0.62).
  static constexpr int64_t kManyImages = 16, kManyForAmd = 128;
  static constexpr int64_t kManyChannels = 6;
  // Images that make up for planes, for each input channel (5 channels: 8 images 1.0 of the time, 32 0.98), and on
  // AMD's CPUs (mnist_c1 on a Zen 4: 8 images 1.25, 32 1.0, 64 0.9; 3 channels: 32 images 0.85).
  static constexpr int64_t kPlaneImages = 4, kPlaneImagesForAmd = 32;
  // Whose gradients come to the last-level cache, if it holds them, faster than past it (deepface_l6 on a Zen 4, 2
  // images: 0.51 of the time, 4 0.62, 6 0.87, 8 1.12; deepface_l5 0.87, 0.88, 0.97, 1.24). Threads share the way to
  // memory, and images (two threads, 8 images: 0.56 and 0.76, 12 0.86 and 1.12, 16 1.07 and 1.23).
  static constexpr int64_t kNearImages = 6;
  static constexpr int64_t kPositionsAhead = 4;
  // Of a window of output positions, which a second-level cache holds.
  static constexpr int64_t kWindowFloats = 64 << 10;

  static int64_t plane_images(int64_t channels) {
    return std::max(kPlaneImages * channels, is_amd() ? kPlaneImagesForAmd : 0);
  }

  static int64_t gathered_images(const Problem& p) {
    return is_amd() && !collide(p.src.image, p.n) && !collide(p.dst.image, p.n) ? kManyForAmd : kManyImages;
  }

  // Makes them the steps of activations with the images of a position side by side: [position][n][c]. Returns the size.
  int64_t gather(Steps& steps, int64_t channels) const {
    const int64_t size = steps.image * problem_.n;
    for (int64_t& step : steps.axis) step *= problem_.n;
    steps.image = channels;
    return size;
  }

  void gather_positions(const float* from, int64_t image, int64_t count, int64_t channels, float* to) const {
    for (int64_t i = 0; i < problem_.n; ++i) {
      problem_.kernels.copy(from + i * image, channels, kPiece * channels, count, channels, to + i * channels,
                            problem_.n * channels);
    }
  }

  const float* gathered_src(const Call& call) const {
    const Problem& p = problem_;
    const int64_t channels = p.geometry.ic, positions = p.src.image / channels;
    float* const to = src_copy_.of<float>(call, 0);
    parallel_for(ceil_div(positions, kPiece), [&](int64_t piece) {
      const int64_t first = piece * kPiece;
      gather_positions(call.src + first * channels, p.src.image, std::min(kPiece, positions - first), channels,
                       to + first * p.n * channels);
    });
    return to;
  }

  // [position][c][n]
  const float* turned_src(const Call& call) const {
    constexpr int64_t kColumns = 1024;
    const Problem& p = problem_;
    float* const to = src_copy_.of<float>(call, 0);
    parallel_for(ceil_div(p.src.image, kColumns), [&](int64_t piece) {
      const int64_t first = piece * kColumns;
      p.kernels.transpose(call.src + first, p.src.image, p.n, std::min(kColumns, p.src.image - first), to + first * p.n,
                          p.n);
    });
    return to;
  }

  struct Position {
    const Item *depth, *height, *width;
  };

  void positions(const Call& call, const float* src, const float* dst, const Position& position, float* kernel,
                 bool streams) const {
    const Problem& p = problem_;
    const bool add = call.add;
    const Item &d = *position.depth, &h = *position.height, &w = *position.width;
    src += d.other * src_.axis[0] + h.other * src_.axis[1] + w.other * src_.axis[2];
    const int64_t inputs = merges_ ? w.taps * p.ic : p.ic;
    const int64_t tap_step = p.ic * input_step(), row_step = p.axes[2].kernel * tap_step;
    const int64_t src_line = p.axes[1].dilation * src_.axis[1], src_tap = p.axes[2].dilation * src_.axis[2];
    // What one call computes: all taps, or a line of them, of several positions, or the lines or the taps of one.
    const Further widths = {w.count,          w.other_step * src_.axis[2], dst_.axis[2],
                            p.weights_kernel, takes_rows_ ? h.taps : 1,    src_line,
                            row_step};
    const Further lines = {h.taps, src_line, 0, row_step};
    const Further taps = {w.taps, src_tap, 0, tap_step};
    const bool several = takes_rows_ || w.count > 1;
    const Further& further = several ? widths : merges_ ? lines : taps;
    const int64_t line_calls = (several || !merges_) && !takes_rows_ ? h.taps : 1;
    const int64_t tap_calls = several && !merges_ ? w.taps : 1;
    Segment images = {0, 0, p.n};
    for (int64_t g = 0; g < p.groups; ++g) {
      for (int64_t i = 0; i < p.axes[0].kernel; ++i) {
        float* c = kernel + g * p.weights_group + p.tap_index(i, 0, 0) * tap_step;
        const int64_t from_d = i - d.tap;
        const bool meets = from_d >= 0 && from_d < d.taps && h.taps > 0 && w.taps > 0;
        const bool clears = !add && !(meets && h.taps == p.axes[1].kernel && w.taps == p.axes[2].kernel);
        for (int64_t x = 0; x < w.count && clears; ++x) clear_others(h, w, meets, c + x * p.weights_kernel);
        if (!meets) continue;
        const float* from = src + from_d * p.axes[0].dilation * src_.axis[0] + g * p.ic;
        if (takes_planes_) {
          c += h.tap * row_step + w.tap * tap_step;
          for (int64_t x = 0; x < w.count; ++x) {
            const float* dst_x = dst + x * dst_.axis[2];
            add_plane(call, from + x * src_.axis[2] * p.axes[2].stride, src_line, dst_x, h.taps, inputs,
                      c + x * p.weights_kernel);
          }
          continue;
        }
        for (int64_t j = 0; j < line_calls; ++j) {
          for (int64_t k = 0; k < tap_calls; ++k) {
            add_terms({from + j * src_line + k * src_tap, src_.image, dst + g * p.oc, dst_.image}, &images, 1, inputs,
                      p.oc, c + (h.tap + j) * row_step + (w.tap + k) * tap_step, add, streams, further);
          }
        }
      }
    }
  }

  // Of `lines` lines of taps, each of so many inputs.
  void add_plane(const Call& call, const float* src, int64_t src_line, const float* dst, int64_t lines, int64_t inputs,
                 float* c) const {
    const Problem& p = problem_;
    float* const plane = plane_.of<float>(call);
    const int64_t size = inputs * p.n, row = p.axes[2].kernel * p.ic;
    p.kernels.copy(src, src_line, 0, lines, size, plane, size);
    Segment images = {0, 0, p.n};
    const Factors factors = {plane, 1, dst, dst_.image, p.n, kPositionsAhead * p.oc};
    // Lines follow each other in the gradient, too, if they are whole.
    if (inputs == row) return add_terms(factors, &images, 1, lines * inputs, p.oc, c, call.add, false);
    add_terms(factors, &images, 1, inputs, p.oc, c, call.add, false, {lines, size, 0, row * p.oc});
  }

  // The gradients of a plane of taps that meet nothing.
  void clear_others(const Item& h, const Item& w, bool meets, float* c) const {
    const Problem& p = problem_;
    const int64_t tap_step = p.ic * input_step(), row_step = p.axes[2].kernel * tap_step;
    if (!meets) return clear(c, p.axes[1].kernel * p.axes[2].kernel * p.ic, p.oc);
    const int64_t end_h = h.tap + h.taps, end_w = w.tap + w.taps;
    clear(c, h.tap * p.axes[2].kernel * p.ic, p.oc);
    clear(c + end_h * row_step, (p.axes[1].kernel - end_h) * p.axes[2].kernel * p.ic, p.oc);
    for (int64_t j = h.tap; j < end_h && w.taps < p.axes[2].kernel; ++j) {
      clear(c + j * row_step, w.tap * p.ic, p.oc);
      clear(c + j * row_step + end_w * tap_step, (p.axes[2].kernel - end_w) * p.ic, p.oc);
    }
  }

  bool gathers_;     // the images of each position
  bool merges_;      // the taps of a row, which follow each other in memory
  bool takes_rows_;  // of positions, with all their taps
  bool takes_planes_;
  Steps src_, dst_;
  int64_t window_ = 0;  // output positions whose images are brought together at a time
  Place src_copy_, dst_copy_, plane_;
  std::vector<Item> positions_[3];
};

}  // namespace

std::unique_ptr<KernelPass> make_local_backward_weights(const Problem& problem) {
  return std::make_unique<LocalBackwardWeights>(problem);
}

}  // namespace conv4j
