#define C4J_ISA avx512
#include "kernels/isa/table-inl.h"
