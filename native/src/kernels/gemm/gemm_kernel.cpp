#include "kernels/gemm/gemm-inl.h"

namespace conv4j {
namespace C4J_ISA {

void gemm(const Tile& tile) {
  for_each_tile<float>(tile, [](const Tile& t) { gemm_any<float, false>(t); });
}

}  // namespace C4J_ISA
}  // namespace conv4j
