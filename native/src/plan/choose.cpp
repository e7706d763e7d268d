#include "plan/choose.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "core/division.h"
#include "core/error.h"
#include "kernels/dispatch.h"
#include "onednn/convolution.h"

namespace conv4j {

namespace {

constexpr int64_t kFewInputs = 4;

// Own kernels keep a list of the pieces of every axis.
constexpr int64_t kLongAxis = int64_t{1} << 24;

// Kernels for which oneDNN has loops that go through all taps, those on the padding, too (a source of 4 under 2^15
// taps, fully padded: forward 17 s), or reference loops alone. Own kernels take milliseconds.
bool has_long_kernel(const Geometry& g) {
  constexpr int64_t kLong = int64_t{1} << 16;
  return std::any_of(g.axes.begin(), g.axes.end(), [](const Axis& axis) { return axis.kernel > kLong; });
}

// Whether positions or taps lie so far apart that oneDNN's loops, with offsets of 32 bits, end the process (a dilation
// of 2^30), or that it tries out blockings for seconds (a stride of 2^28: 1 s).
bool reaches_far(const Geometry& g) {
  constexpr int64_t kFar = int64_t{1} << 26;
  return std::any_of(g.axes.begin(), g.axes.end(), [](const Axis& axis) {
    const bool has_far_taps = axis.dilation > 1 && (axis.kernel - 1) * axis.dilation > kFar;
    return has_far_taps || std::max({axis.stride, axis.pad_begin, axis.pad_end}) > kFar;
  });
}

bool is_single(const Geometry& g) { return g.ic == 1 && g.oc == 1; }

// Lines of one channel under 8 taps and more, for which oneDNN's AVX2 loops are the gradient's alone: these are slower
// than own kernels, and are made for as long as the line is (9 taps, 2^18 positions: 2 s).
bool is_single_line(const Geometry& g, Isa isa) {
  constexpr int64_t kManyTaps = 8;
  return isa == Isa::kAvx2 && is_single(g) && g.spatial() == 1 && g.axes[0].kernel >= kManyTaps;
}

// Whether own kernels have neighbouring positions of few channels in the lanes. From and to 1, 2 and 4 channels, 1-D
// and 2-D, 2 to 9 taps a line, on a Zen 3, one thread: forward 0.15 to 0.95 of oneDNN's time, to 4 channels of 2 and 3
// taps 1.0 to 1.3, the gradient of the weights 0.05 to 0.35; from or to 3, for which it has loops of its own, 0.1 to
// 0.8 from 5 taps on, 0.8 to 1.3 of fewer.
bool joins_positions(const Geometry& g, Pass pass) {
  const Axis& width = g.axes.back();
  const bool has_rival = g.ic == 3 || g.oc == 3 || (pass == Pass::kForward && g.oc == kFewInputs);
  return g.groups == 1 && std::max(g.ic, g.oc) <= kFewInputs && width.stride == 1 && width.dilation == 1 &&
         width.kernel > (has_rival ? 4 : 1);
}

// Whether own kernels are expected to be faster than what oneDNN has. It computes whole blocks of channels, however few
// of them there are, and the gradient of few input channels by them, too. Time of own kernels over oneDNN's, 3000
// passes of layers of 1 to 128 channels chosen so (Zen 5, one thread, reorders counted): geometric mean 0.58;
// above 1.05 mostly passes of microseconds. Not for 1 x 1 kernels (1.0 to 1.9), and depthwise layers of small images
// (1.2 to 3.4).
bool is_faster(const Geometry& g, Pass pass, Isa isa) {
  bool pointwise = true, strided = false;
  for (const Axis& axis : g.axes) {
    if (axis.input > kLongAxis) return false;
    pointwise = pointwise && axis.kernel == 1;
    strided = strided || axis.stride > 1;
  }
  if (isa == Isa::kGeneric || pointwise || g.groups > 1) return false;
  const int64_t lanes = kernels_of(isa).lanes;
  const auto padded = [&](int64_t channels) { return ceil_div(channels, lanes) * lanes; };
  const bool few_inputs = g.ic <= kFewInputs;
  const bool few_outputs = g.oc <= lanes / 2;
  const bool fewer_outputs = few_outputs && g.ic >= std::max(2 * g.oc, kFewInputs);
  const bool wasteful = g.ic >= lanes && 2 * padded(g.ic) * padded(g.oc) >= 3 * g.ic * g.oc;
  const bool upsamples = g.transposed && strided && g.ic <= 2 * lanes;
  // oneDNN's AVX2 loops for 1, 2 and 4 inputs; for 3 it has loops of their own. Gradients of the weights on a Zen 3,
  // two threads, 8 images: 0.18 to 0.6 of its time, one image to 0.85.
  const bool has_slow_loops = isa == Isa::kAvx2 && few_inputs && g.ic != 3 && g.oc > lanes / 2;
  switch (pass) {
    case Pass::kForward:
      if (joins_positions(g, pass)) return true;
      // By own kernels all passes lie channels last, with no reorder, as the layers behind like it (see below): on a
      // Zen 3, 1 to 32 images, all of them together take 0.45 to 0.9 of the time, forward alone 0.7 to 1.5 (64 outputs
      // 1.0 to 1.15); in 3-D 0.82 to 0.98 and up to 1.6.
      if (has_slow_loops && !g.transposed && g.spatial() < 3) return true;
      return fewer_outputs || wasteful || upsamples || (g.transposed && g.ic <= lanes / 4);
    case Pass::kBackwardData:
      return few_inputs || few_outputs || wasteful || upsamples;
    default:
      if (has_slow_loops || joins_positions(g, pass)) return true;
      // Zen 3, one and eight images: 1-D 0.09 to 0.8 of its time, 2-D 0.2 to 0.95.
      if (isa == Isa::kAvx2 && is_single(g)) return true;
      // Upsampled, 64 to 32 channels on a Zen 4, two threads: 1.09 of oneDNN's time; 32 to 16 on a Zen 3 1.1 to 1.5.
      return (few_outputs && g.ic > lanes / 2) ||
             ((wasteful || (upsamples && !is_zen4_or_before())) && g.ic >= lanes && g.oc >= lanes);
  }
}

// Whether oneDNN's AVX2 loops for blocked activations are slower than its products of matrices with channels last and
// own kernels for the gradient of the weights (Zen 3, two threads, 1 and 8 images, all passes together: 3 x 3 0.74 to
// 1.05 of the time, 2 x 2 with stride 2 0.66 to 0.96, 4 x 4 with stride 2 0.72 to 0.85, 3-D 0.79 to 1.0; forward alone
// 0.55 to 1.07, backward_data 0.72 to 1.2, the gradient 0.5 to 1.07). Not in 1-D (0.86 to 1.14), for 4 taps without a
// stride (backward_data 1.28), more of them (1.0 to 1.22 in all) or 1 x 1 kernels (1.2 to 1.8).
bool prefers_channels_last(const Geometry& g, const Implementation& favourite, Isa isa) {
  constexpr int64_t kManyChannels = 32;
  if (isa != Isa::kAvx2 || g.transposed || g.groups > 1 || g.spatial() == 1) return false;
  if (std::min(g.ic, g.oc) < kManyChannels) return false;
  bool pointwise = true;
  for (const Axis& axis : g.axes) {
    if (axis.dilation > 1 || axis.kernel > (axis.stride > 1 ? 4 : 3)) return false;
    pointwise = pointwise && axis.kernel == 1;
  }
  return !pointwise && onednn::is_blocked_avx2(favourite.info(Pass::kForward).name);
}

// Whether own kernels are faster than oneDNN's AVX2 loops for the gradient of an upsampling layer's weights, which it
// computes channels last, as its other passes like them (Zen 3, one and two threads, 1 and 8 images, 2 to 5 taps: 1-D
// 0.19 to 0.43 of the time, 2-D 0.33 to 0.96, 3-D 0.41 to 1.02; 8 channels 0.84 to 1.01).
bool prefers_own_gradient(const Geometry& g, const Implementation& favourite, Isa isa) {
  constexpr int64_t kManyChannels = 16;
  const Implementation::PassInfo& info = favourite.info(Pass::kBackwardWeights);
  return isa == Isa::kAvx2 && g.transposed && g.groups == 1 && std::min(g.ic, g.oc) >= kManyChannels &&
         onednn::is_blocked_avx2(info.name) && info.layouts[kSrc] == Layout::channels_last();
}

}  // namespace

Choices choose(const Geometry& geometry, Choice wanted, Isa isa) {
  Choices choices;
  if (wanted == Choice::kOneDnn && !geometry.shared()) {
    throw Error(Status::kUnsupported, "implementation: oneDNN takes convolutions that are shared on every axis");
  }
  const bool is_far = reaches_far(geometry);
  if (wanted == Choice::kOneDnn && is_far) {
    throw Error(Status::kUnsupported,
                "implementation: oneDNN takes strides, paddings and taps of at most 2^26 positions from each other");
  }
  if (wanted == Choice::kAuto) {
    const auto own = [&](Pass pass) { return is_faster(geometry, pass, isa); };
    if (is_far || !geometry.shared() || has_long_kernel(geometry) || is_single_line(geometry, isa) ||
        std::all_of(std::begin(kPasses), std::end(kPasses), own)) {
      wanted = Choice::kKernels;  // whatever oneDNN has, which takes milliseconds to find out
    }
  }
  choices.passes.fill(wanted);
  if (wanted != Choice::kAuto) return choices;
  Geometry canonical = geometry;
  canonical.n = kCanonicalBatch;
  const auto onednn = onednn::make_convolution(canonical, {}, nullptr, false);
  for (Pass pass : kPasses) {
    const std::string& name = onednn->info(pass).name;
    const bool own = !onednn::is_direct(name) || is_faster(geometry, pass, isa) ||
                     (onednn::is_older(name, isa) && geometry.oc > kernels_of(isa).lanes / 2);
    choices.passes[static_cast<size_t>(pass)] = own ? Choice::kKernels : Choice::kOneDnn;
  }
  choices.channels_last = choices.of(geometry.main_pass()) == Choice::kKernels;
  const bool gains = prefers_channels_last(geometry, *onednn, isa);
  choices.channels_last = choices.channels_last || gains;
  if (gains || prefers_own_gradient(geometry, *onednn, isa)) {
    choices.passes[static_cast<size_t>(Pass::kBackwardWeights)] = Choice::kKernels;
  }
  return choices;
}

}  // namespace conv4j
