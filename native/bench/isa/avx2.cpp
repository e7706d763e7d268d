#define LOOPS loops_avx2
#define VECTOR_BYTES 32
#include "bench/loops-inl.h"
