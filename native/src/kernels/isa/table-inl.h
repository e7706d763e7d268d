// Compiles every kernel for one instruction set: the including file defines C4J_ISA and is built with its flags.
// Kernels sit in an unnamed namespace and include no STL: a shared inline function emitted here would be a weak symbol
// that baseline code might be linked to.
#include <stdint.h>

#include "kernels/kernels.h"

#define C4J_STRING_(x) #x
#define C4J_STRING(x) C4J_STRING_(x)

namespace conv4j {
namespace C4J_ISA {
namespace {

#include "kernels/bias/bias-inl.h"

}  // namespace

extern const Kernels kKernels;
const Kernels kKernels = {
    C4J_STRING(C4J_ISA),
#define C4J_KERNEL(name, parameters) name,
#include "kernels/kernels.inc"
#undef C4J_KERNEL
};

}  // namespace C4J_ISA
}  // namespace conv4j
