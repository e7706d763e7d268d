#define LOOPS loops_generic
#define VECTOR_BYTES 16
#define ROWS 3
#include "bench/loops-inl.h"
