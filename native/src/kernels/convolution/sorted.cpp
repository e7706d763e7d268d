#include "kernels/convolution/sorted.h"

#include <algorithm>

#include "core/division.h"
#include "kernels/convolution/backward_weights.h"
#include "kernels/convolution/padded.h"

namespace conv4j {

namespace {

// Of a tile (64: 1.04 of the time, 256: 1.01, 1600: 1.0), and its columns (128: 1.05).
constexpr int64_t kTerms = 512, kMostOutputs = 64;
// Of the copies of some images. They stay near the core, unless that would bring large gradients there too often
// (all images at once, t2_c64_56, t3_c64_56, t2_c16_32: 1.04 to 1.08 of the time; one image at a time,
// t4_c128_28: 1.27).
constexpr int64_t kNearFloats = 300000;
// For threads.
constexpr int64_t kFewUnits = 16;
// Of a kernel, and of a line (t = 28, 8 images: 1.15 of the time; t = 14, 1 and 2 images: 1.13, 16 images: 1.02).
constexpr int64_t kFewTerms = 96, kShortLine = 6;
// Input channels, which are rows of a tile (6 and 8: 1.04 of the time; 12: 0.94).
constexpr int64_t kFewRows = 12;

// A unit of work is a tap of a kernel, and some output channels.
class SortedBackwardWeights : public BackwardWeights {
 public:
  explicit SortedBackwardWeights(const Problem& problem)
      : BackwardWeights(problem),
        src_(problem, problem.src, {src_side(problem, 0), src_side(problem, 1), src_side(problem, 2)}, problem.ic,
             problem.ic),
        dst_(problem, problem.dst, {dst_side(problem, 0), dst_side(problem, 1), dst_side(problem, 2)}, problem.oc,
             problem.oc),
        images_(std::clamp<int64_t>(std::max(kNearFloats, problem.weights_size()) / (src_.image() + dst_.image()), 1,
                                    problem.n)),
        piece_(std::min(kTerms, count(problem.axes[2], 0))),
        lines_(kTerms / piece_) {
    src_copy_ = reserve<float>(images_ * src_.image());
    dst_copy_ = reserve<float>(images_ * dst_.image());
    segments_ = reserve_per_thread<Segment>(lines_);
  }

  static bool fits(const Problem& p) { return Padded::is_modest({src_side(p, 0), src_side(p, 1), src_side(p, 2)}); }

  static int64_t unit_count(const Problem& p) {
    return p.kernel_count() * p.groups * p.taps * ceil_div(p.oc, kMostOutputs);
  }

  void run(const Call& call) const override {
    const Problem& p = problem_;
    float *const src = src_copy_.of<float>(call, 0), *const dst = dst_copy_.of<float>(call, 0);
    const bool streams = this->streams(call) && images_ == p.n;
    for (int64_t first = 0; first < p.n; first += images_) {
      const Copies copies = {src, dst, std::min(images_, p.n - first), call.add || first > 0, streams};
      src_.copy(call.src + first * p.src.image, copies.images, src);
      dst_.copy(call.dst + first * p.dst.image, copies.images, dst);
      parallel_for(unit_count(p), [&](int64_t unit) {
        add_unit(unit, copies, segments_.of<Segment>(call), call.weights);
        if (streams) p.kernels.end_streams();
      });
    }
  }

 private:
  // Of some images, what they give to the gradient being added to it, or written, past the caches where that is once.
  struct Copies {
    const float *src, *dst;
    int64_t images;
    bool add, streams;
  };

  // Positions of an axis that use a kernel.
  static int64_t count(const Axis& axis, int64_t kernel) { return ceil_div(axis.output - kernel, axis.kernels()); }

  static Padded::Side src_side(const Problem& p, int i) {
    return Padded::source_side(p.axes[i], p.axes[i].kernels() * p.axes[i].stride);
  }

  static Padded::Side dst_side(const Problem& p, int i) {
    const Axis& axis = p.axes[i];
    return {axis.output, 0, axis.output, axis.kernels()};
  }

  // Lines of positions are segments, pieces of long ones one after the other.
  void add_unit(int64_t unit, const Copies& copies, Segment* list, float* weights) const {
    const Problem& p = problem_;
    const int64_t output = take_digit(unit, ceil_div(p.oc, kMostOutputs)) * kMostOutputs;
    int64_t tap[3], kernel[3], counts[3];
    for (int i : {2, 1, 0}) tap[i] = take_digit(unit, p.axes[i].kernel);
    const int64_t group = take_digit(unit, p.groups);
    const float* src = copies.src + group * src_.group();
    const float* dst = copies.dst + group * dst_.group() + output;
    for (int i : {2, 1, 0}) {
      const Axis& axis = p.axes[i];
      kernel[i] = take_digit(unit, axis.kernels());
      counts[i] = count(axis, kernel[i]);
      src += src_.offset(i, kernel[i] * axis.stride + tap[i] * axis.dilation);
      dst += dst_.offset(i, kernel[i]);
    }
    float* const c = weights + p.kernel_index(kernel[0], kernel[1], kernel[2]) * p.weights_kernel +
                     group * p.weights_group + p.tap_index(tap[0], tap[1], tap[2]) * p.weights_tap + output;
    const int64_t outputs = std::min(kMostOutputs, p.oc - output), lines = copies.images * counts[0] * counts[1];
    if (lines == 0 && !copies.add) clear(c, p.ic, outputs);
    // Only what is written once (t4_c128_28, 2 images: 0.91 of the time, 8: 0.98).
    const bool streams = copies.streams && lines <= lines_ && counts[2] <= piece_;
    for (int64_t line = 0, some; line < lines; line += some) {
      some = std::min(lines_, lines - line);
      for (int64_t i = 0; i < some; ++i) {
        int64_t image = line + i;
        const int64_t height = take_digit(image, counts[1]), depth = take_digit(image, counts[0]);
        list[i].a = image * src_.image() + depth * src_.step(0) + height * src_.step(1);
        list[i].b = image * dst_.image() + depth * dst_.step(0) + height * dst_.step(1);
      }
      for (int64_t first = 0; first < counts[2]; first += piece_) {
        for (int64_t i = 0; i < some; ++i) list[i].length = std::min(piece_, counts[2] - first);
        add_terms({src + first * p.ic, p.ic, dst + first * p.oc, p.oc}, list, some, p.ic, outputs, c,
                  copies.add || line + first > 0, streams);
      }
    }
  }

  Padded src_, dst_;
  int64_t images_;         // that are copied at a time
  int64_t piece_, lines_;  // positions of a line, and lines, that a tile takes
  Place src_copy_, dst_copy_, segments_;
};

}  // namespace

std::unique_ptr<KernelPass> make_sorted_backward_weights(const Problem& problem) {
  // With half as many lanes, shorter lines and larger kernels took up to 1.2 times the time; Intel's CPUs, whose
  // first-level caches want smaller panels, were not measured.
  const bool fits = is_amd() && problem.order == Problem::Order::kOcInner && problem.kernels.lanes == 16;
  if (!fits || problem.oc % problem.kernels.lanes != 0 || problem.ic < kFewRows) return nullptr;
  for (const Axis& axis : problem.axes) {
    if (!axis.repeats()) return nullptr;
  }
  // A single kernel gains nothing, one of a single tap loses (1.03).
  if (problem.kernel_count() == 1 || problem.taps == 1 || problem.positions(2) < kShortLine) return nullptr;
  if (problem.n * problem.positions() < kFewTerms || SortedBackwardWeights::unit_count(problem) < kFewUnits) {
    return nullptr;
  }
  return SortedBackwardWeights::fits(problem) ? std::make_unique<SortedBackwardWeights>(problem) : nullptr;
}

}  // namespace conv4j
