#define C4J_ISA avx512
#define C4J_SIMD "simd/avx512.h"
#include "kernels/isa/table-inl.h"
