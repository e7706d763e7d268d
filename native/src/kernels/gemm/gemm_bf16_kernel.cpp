#include "kernels/gemm/gemm-inl.h"

namespace conv4j {
namespace C4J_ISA {

void gemm_bf16(const Tile& tile) {
  for_each_tile<Bf16>(tile, [](const Tile& t) { gemm_any<Bf16, false>(t); });
}

}  // namespace C4J_ISA
}  // namespace conv4j
