#define LOOPS loops_avx512
#define VECTOR_BYTES 64
#include "bench/loops-inl.h"
