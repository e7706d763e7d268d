// What this machine can do at most.
#ifndef CONV4J_CORE_MACHINE_H_
#define CONV4J_CORE_MACHINE_H_

#include <cstdint>

#include "core/cpu.h"

namespace conv4j {

// Multiplications and additions a second that `threads` threads reach on an instruction set, operands in registers.
// Measured when first asked for, within milliseconds.
double peak_flops(Isa isa, int threads);

// Bytes a second, read and written, of a copy within memory of this size, at most 64 MB. Measured when first asked for,
// within some tens of milliseconds.
double bandwidth(int64_t size_bytes, int threads);

}  // namespace conv4j

#endif  // CONV4J_CORE_MACHINE_H_
