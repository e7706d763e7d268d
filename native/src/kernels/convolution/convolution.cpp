#include "kernels/convolution/convolution.h"

#include <algorithm>
#include <string>

#include "kernels/convolution/pass.h"

namespace conv4j {

namespace {

class KernelConvolution : public Implementation {
 public:
  KernelConvolution(const Geometry& geometry, Isa isa, int threads)
      : problem_(geometry, isa, threads),
        passes_{make_forward(problem_), make_backward_data(problem_), make_backward_weights(problem_)} {
    const Layout weights = Layout::packed(problem_.order, geometry.groups, geometry.spatial(), geometry.flipped);
    constexpr const char* kOrders[] = {"oc_inner", "ic_inner", "groups_inner"};
    for (int pass = 0; pass < 3; ++pass) {
      PassInfo& info = infos_[pass];
      info.layouts[kSrc] = info.layouts[kDst] = Layout::channels_last();
      info.layouts[kWeights] = weights;
      info.accumulates = true;
      info.adds_bias = true;
      info.name = std::string("kernels ") + problem_.kernels.isa + " " + kOrders[static_cast<int>(problem_.order)];
      info.scratch_bytes = passes_[pass]->scratch_bytes();
    }
  }

  void run(Pass pass, bool add, float* const operands[kOperands], const float* bias, char* scratch) const override {
    passes_[static_cast<int>(pass)]->run({operands[kSrc], operands[kWeights], operands[kDst], bias, add, scratch});
  }

 private:
  const Problem problem_;
  const std::unique_ptr<KernelPass> passes_[3];
};

}  // namespace

std::unique_ptr<Implementation> make_kernel_convolution(const Geometry& geometry, Isa isa, int threads) {
  return std::make_unique<KernelConvolution>(geometry, isa, threads);
}

}  // namespace conv4j
