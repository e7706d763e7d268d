#include "kernels/activation/activation.h"

#include <algorithm>

#include "core/division.h"
#include "core/parallel.h"

namespace conv4j {

namespace {

constexpr int64_t kChunk = 16384;  // elements that one thread takes at a time

using Kernel = void (*)(float* x, int64_t count, float slope);

Kernel kernel_of(const Kernels& kernels, Activation::Kind kind) {
  switch (kind) {
    case Activation::Kind::kSigmoid:
      return kernels.sigmoid;
    case Activation::Kind::kTanh:
      return kernels.tanh;
    case Activation::Kind::kGelu:
      return kernels.gelu;
    default:
      return kernels.leaky_relu;
  }
}

}  // namespace

void activate(const Kernels& kernels, const ActivationView& view, const Activation& activation, float* x) {
  if (activation.kind == Activation::Kind::kNone) return;
  const Kernel kernel = kernel_of(kernels, activation.kind);
  const float slope = activation.kind == Activation::Kind::kLeakyRelu ? activation.slope : 0;
  const bool whole = view.channels % view.lanes == 0;
  if (whole) {
    const int64_t count = view.n * view.image();
    parallel_for(ceil_div(count, kChunk),
                 [&](int64_t chunk) { kernel(x + chunk * kChunk, std::min(kChunk, count - chunk * kChunk), slope); });
    return;
  }
  parallel_for(view.n * view.blocks, [&](int64_t index) {
    const int64_t channels = std::min(view.lanes, view.channels - index % view.blocks * view.lanes);
    float* begin = x + index * view.positions * view.lanes;
    if (channels == view.lanes) return kernel(begin, view.positions * view.lanes, slope);
    for (int64_t p = 0; p < view.positions; ++p) kernel(begin + p * view.lanes, channels, slope);
  });
}

}  // namespace conv4j
