#define LOOPS loops_generic
#define VECTOR_BYTES 16
#include "bench/loops-inl.h"
