// The kernels of one instruction set.
#include "kernels/isa/isa-inl.h"

namespace conv4j {
namespace C4J_ISA {

#define C4J_KERNEL(name, parameters) void name parameters;
#include "kernels/kernels.inc"
#undef C4J_KERNEL

void end_streams() { fence(); }

extern const Kernels kKernels;
const Kernels kKernels = {
    C4J_STRING(C4J_ISA),
    kLanes,
    kFewTerms,
#define C4J_KERNEL(name, parameters) name,
#include "kernels/kernels.inc"
#undef C4J_KERNEL
};

}  // namespace C4J_ISA
}  // namespace conv4j
