// What an element of a tensor is. Included by kernels, too: no STL, no inline functions.
#ifndef CONV4J_CORE_DATA_TYPE_H_
#define CONV4J_CORE_DATA_TYPE_H_

#include <stdint.h>

namespace conv4j {

enum class DataType {
  kF32,
  kBf16
};  // numbered as in conv4j.h

// The upper half of a float.
struct Bf16 {
  uint16_t bits;
};

}  // namespace conv4j

#endif  // CONV4J_CORE_DATA_TYPE_H_
