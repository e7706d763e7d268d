#include "kernels/bias/bias.h"

#include <algorithm>
#include <array>

#include "core/division.h"
#include "core/parallel.h"

namespace conv4j {

namespace {

constexpr int64_t kChunk = 4096;       // positions of one piece of a channel's sum
constexpr int64_t kAddChunk = 16384;   // elements of one piece that a bias is added to
constexpr int64_t kTotals = 64;        // channels whose pieces are added up together
constexpr int64_t kImageChunk = 4096;  // elements of one piece of an image
constexpr int64_t kImages = 64;        // whose sum is one summand: errors of long sums grow with their terms

}  // namespace

void add_channel_bias(const Kernels& kernels, const ActivationView& view, float* x, const float* bias) {
  const int64_t length = std::max<int64_t>(kAddChunk / view.lanes, 1), pieces = ceil_div(view.positions, length);
  parallel_for(view.n * view.blocks * pieces, [&](int64_t index) {
    const int64_t position = take_digit(index, pieces) * length,
                  positions = std::min(length, view.positions - position);
    const int64_t first = index % view.blocks * view.lanes;
    float* begin = x + (index * view.positions + position) * view.lanes;
    if (first + view.lanes <= view.channels) {
      kernels.add_lanes(begin, positions, view.lanes, bias + first);
      return;
    }
    for (int64_t p = 0; p < positions; ++p) {  // The last block's padding lanes stay zero.
      for (int64_t c = first; c < view.channels; ++c) begin[p * view.lanes + c - first] += bias[c];
    }
  });
}

int64_t sum_channel_bias_scratch_bytes(const ActivationView& view) {
  return view.n * ceil_div(view.positions, kChunk) * view.blocks * view.lanes * static_cast<int64_t>(sizeof(double));
}

void sum_channel_bias(const Kernels& kernels, const ActivationView& view, const float* x, bool add, float* bias,
                      char* scratch) {
  const int64_t pieces = ceil_div(view.positions, kChunk);
  const int64_t channels = view.blocks * view.lanes;
  double* sums = reinterpret_cast<double*>(scratch);  // [n][piece][channel]
  parallel_for(view.n * pieces * view.blocks, [&](int64_t index) {
    const int64_t block = index % view.blocks;
    const int64_t piece = index / view.blocks % pieces;
    const int64_t image = index / view.blocks / pieces;
    const int64_t first = piece * kChunk;
    const float* begin = x + ((image * view.blocks + block) * view.positions + first) * view.lanes;
    double* out = sums + (image * pieces + piece) * channels + block * view.lanes;
    kernels.sum_lanes(begin, std::min(kChunk, view.positions - first), view.lanes, out);
  });
  parallel_for(ceil_div(view.channels, kTotals), [&](int64_t index) {
    const int64_t first = index * kTotals, count = std::min(kTotals, view.channels - first);
    double totals[kTotals];
    for (int64_t c = 0; c < count; ++c) totals[c] = add ? static_cast<double>(bias[first + c]) : 0.0;
    for (int64_t row = 0; row < view.n * pieces; ++row) {
      for (int64_t c = 0; c < count; ++c) totals[c] += sums[row * channels + first + c];
    }
    for (int64_t c = 0; c < count; ++c) bias[first + c] = static_cast<float>(totals[c]);
  });
}

void add_image_bias(const Kernels& kernels, const ActivationView& view, float* x, const float* bias) {
  const int64_t image = view.image();
  const int64_t pieces = ceil_div(image, kImageChunk);
  parallel_for(view.n * pieces, [&](int64_t index) {
    const int64_t first = index % pieces * kImageChunk;
    kernels.add(x + index / pieces * image + first, bias + first, std::min(kImageChunk, image - first));
  });
}

void sum_image_bias(const Kernels& kernels, const ActivationView& view, const float* x, float* image_sum) {
  const int64_t image = view.image();
  parallel_for(ceil_div(image, kImageChunk), [&](int64_t piece) {
    const int64_t first = piece * kImageChunk;
    const int64_t count = std::min(kImageChunk, image - first);
    float* const total = image_sum + first;
    std::fill_n(total, count, 0.0f);
    for (int64_t begin = 0; begin < view.n; begin += kImages) {
      float some[kImageChunk];
      float* const sum = begin == 0 ? total : some;
      if (begin > 0) std::fill_n(some, count, 0.0f);
      for (int64_t n = begin; n < std::min(begin + kImages, view.n); ++n) {
        kernels.add(sum, x + n * image + first, count);
      }
      if (begin > 0) kernels.add(total, some, count);
    }
  });
}

// In doubles, in the order of the positions.
void sum_kernel_bias(const Geometry& geometry, const float* image, float* sums) {
  const std::array<Axis, 3> axes = geometry.three_axes();
  const int64_t kernels = axes[0].kernels() * axes[1].kernels() * axes[2].kernels();
  const int64_t positions = axes[0].output * axes[1].output * axes[2].output;
  parallel_for(geometry.oc * kernels, [&](int64_t unit) {
    int64_t channel = unit;
    const Positions w = axes[2].positions_of(take_digit(channel, axes[2].kernels()));
    const Positions h = axes[1].positions_of(take_digit(channel, axes[1].kernels()));
    const Positions d = axes[0].positions_of(take_digit(channel, axes[0].kernels()));
    double sum = 0;
    for (int64_t i = 0; i < d.count; ++i) {
      for (int64_t j = 0; j < h.count; ++j) {
        const int64_t depth = d.first + i * d.step, height = h.first + j * h.step;
        const float* row = image + channel * positions + (depth * axes[1].output + height) * axes[2].output;
        for (int64_t k = 0; k < w.count; ++k) sum += static_cast<double>(row[w.first + k * w.step]);
      }
    }
    sums[unit] = static_cast<float>(sum);
  });
}

}  // namespace conv4j
