#ifndef CONV4J_KERNELS_DISPATCH_H_
#define CONV4J_KERNELS_DISPATCH_H_

#include "core/cpu.h"
#include "kernels/kernels.h"

namespace conv4j {

// The kernels compiled for an instruction set that this CPU has.
const Kernels& kernels_of(Isa isa);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_DISPATCH_H_
