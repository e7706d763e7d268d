#define LOOPS loops_avx2
#define VECTOR_BYTES 32
#define ROWS 3
#include "bench/loops-inl.h"
