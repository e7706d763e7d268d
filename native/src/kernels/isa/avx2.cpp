#define C4J_ISA avx2
#define C4J_SIMD "simd/avx2.h"
#include "kernels/isa/table-inl.h"
