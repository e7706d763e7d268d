#define C4J_ISA generic
#define C4J_SIMD "simd/generic.h"
#include "kernels/isa/table-inl.h"
