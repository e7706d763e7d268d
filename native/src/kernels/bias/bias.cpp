#include "kernels/bias/bias.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/division.h"
#include "core/parallel.h"

namespace conv4j {

namespace {

constexpr int64_t kChunk = 4096;        // positions of one piece of a channel's sum
constexpr int64_t kImageChunk = 16384;  // elements of one piece of an image

}  // namespace

void add_channel_bias(const Kernels& kernels, const ActivationView& view, float* x, const float* bias) {
  parallel_for(view.n * view.blocks, [&](int64_t index) {
    const int64_t first = index % view.blocks * view.lanes;
    float* begin = x + index * view.positions * view.lanes;
    if (first + view.lanes <= view.channels) {
      kernels.add_lanes(begin, view.positions, view.lanes, bias + first);
      return;
    }
    for (int64_t p = 0; p < view.positions; ++p) {  // The last block's padding lanes stay zero.
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
  for (int64_t c = 0; c < view.channels; ++c) {
    double total = add ? static_cast<double>(bias[c]) : 0.0;
    for (int64_t row = 0; row < view.n * pieces; ++row) total += sums[row * channels + c];
    bias[c] = static_cast<float>(total);
  }
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
    std::memset(image_sum + first, 0, static_cast<size_t>(count) * sizeof(float));
    for (int64_t n = 0; n < view.n; ++n) kernels.add(image_sum + first, x + n * image + first, count);
  });
}

void sum_kernel_bias(const Geometry& geometry, const float* image, float* sums) {
  int64_t positions = 1;
  int64_t kernels = 1;
  for (const Axis& axis : geometry.axes) {
    positions *= axis.output;
    kernels *= axis.kernels();
  }
  std::vector<double> sums_of_all(static_cast<size_t>(geometry.oc * kernels));
  parallel_for(geometry.oc, [&](int64_t c) {
    double* totals = sums_of_all.data() + c * kernels;
    for (int64_t position = 0; position < positions; ++position) {
      int64_t rest = position;
      int64_t kernel = 0;
      int64_t step = 1;
      for (auto axis = geometry.axes.rbegin(); axis != geometry.axes.rend(); ++axis) {
        kernel += axis->kernel_index(rest % axis->output) * step;
        step *= axis->kernels();
        rest /= axis->output;
      }
      totals[kernel] += static_cast<double>(image[c * positions + position]);
    }
    for (int64_t kernel = 0; kernel < kernels; ++kernel) {
      sums[c * kernels + kernel] = static_cast<float>(totals[kernel]);
    }
  });
}

}  // namespace conv4j
