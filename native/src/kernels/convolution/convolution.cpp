#include "kernels/convolution/convolution.h"

#include <string>

#include "kernels/convolution/panels.h"
#include "kernels/convolution/pass.h"
#include "kernels/dispatch.h"

namespace conv4j {

namespace {

class KernelConvolution : public Implementation {
 public:
  KernelConvolution(const Geometry& geometry, DataType weights_type, Isa isa, int threads, const Layout& weights)
      : problem_(geometry, weights_type, isa, threads, panel_of(weights, isa)),
        passes_{make_forward(problem_), make_backward_data(problem_), make_backward_weights(problem_)} {
    const Layout packed =
        Layout::packed(problem_.order, geometry.groups, geometry.spatial(), geometry.flipped, weights_type);
    for (int pass = 0; pass < 3; ++pass) {
      PassInfo& info = infos_[pass];
      info.layouts[kSrc] = info.layouts[kDst] = Layout::channels_last();
      const int panel = static_cast<int>(passes_[pass]->panel());
      info.layouts[kWeights] =
          panel == 0 ? packed : Layout::panels(problem_.order, panel, geometry.spatial(), geometry.flipped);
      info.accumulates = true;
      info.adds_bias = true;
      info.name = std::string("kernels ") + problem_.kernels.isa + " " + order_name(problem_.order) +
                  (weights_type == DataType::kBf16 ? " bf16" : "");
      info.scratch_bytes = passes_[pass]->scratch_bytes();
    }
  }

  void run(Pass pass, const Extras& extras, void* const operands[kOperands], char* scratch) const override {
    const auto floats = [&](Operand operand) { return static_cast<float*>(operands[operand]); };
    passes_[static_cast<int>(pass)]->run(
        {floats(kSrc), floats(kWeights), floats(kDst), extras.bias, extras.add, scratch});
  }

 private:
  // Panels of input channels are soon turned from those of output channels. One vector is too narrow for a tile.
  static int64_t panel_of(const Layout& weights, Isa isa) {
    if (weights.kind != Layout::Kind::kPanels) return 0;
    if (weights.order == Layout::Order::kOcInner) return weights.block > kernels_of(isa).lanes ? weights.block : 0;
    return isa == Isa::kAvx2 ? Panels::kColumns : 0;
  }

  const Problem problem_;
  const std::unique_ptr<KernelPass> passes_[3];
};

}  // namespace

std::unique_ptr<Implementation> make_kernel_convolution(const Geometry& geometry, DataType weights_type, Isa isa,
                                                        int threads, const Layout& weights) {
  return std::make_unique<KernelConvolution>(geometry, weights_type, isa, threads, weights);
}

}  // namespace conv4j
