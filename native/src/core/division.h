// Divisions, of numbers from 0 on unless said. Before Ice Lake, Intel's CPUs take 40 to 90 cycles for 64 bits and 26
// for 32: tiles of few terms spent a tenth of their time on finding their place. Included by kernels, too: no STL.
#ifndef CONV4J_CORE_DIVISION_H_
#define CONV4J_CORE_DIVISION_H_

#include <stdint.h>

namespace conv4j {

// Always part of its caller: kernels must not emit what others might be linked to.
__attribute__((always_inline)) inline int64_t quotient(int64_t a, int64_t b) {
  return ((a | b) >> 32) != 0 ? a / b : static_cast<int64_t>(static_cast<uint32_t>(a) / static_cast<uint32_t>(b));
}

__attribute__((always_inline)) inline int64_t remainder(int64_t a, int64_t b) { return a - quotient(a, b) * b; }

// Rounded up, of any `a`.
__attribute__((always_inline)) inline int64_t ceil_div(int64_t a, int64_t b) {
  return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

// Of any `a`, never negative.
__attribute__((always_inline)) inline int64_t modulo(int64_t a, int64_t b) { return (a % b + b) % b; }

}  // namespace conv4j

#endif  // CONV4J_CORE_DIVISION_H_
