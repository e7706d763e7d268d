// Dispatch: the kernels of one instruction set as a table of functions. Nothing else that is compiled for the set is to
// be linked to.
#ifndef CONV4J_KERNELS_KERNELS_H_
#define CONV4J_KERNELS_KERNELS_H_

#include <stdint.h>

#include "kernels/segment.h"

namespace conv4j {

struct Kernels {
  const char* isa;    // what the table was compiled for
  int64_t lanes;      // of a vector
  int64_t few_terms;  // that gemm_t sums up row by row, without tiles
#define C4J_KERNEL(name, parameters) void(*name) parameters;
#include "kernels/kernels.inc"
#undef C4J_KERNEL
};

}  // namespace conv4j

#endif  // CONV4J_KERNELS_KERNELS_H_
