#define C4J_ISA avx2
#include "kernels/isa/table-inl.h"
