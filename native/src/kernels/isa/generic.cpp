#define C4J_ISA generic
#include "kernels/isa/table-inl.h"
