// Weights between logical order and the orders that kernels read.
#ifndef CONV4J_KERNELS_PACKING_PACKING_H_
#define CONV4J_KERNELS_PACKING_PACKING_H_

#include "core/layout.h"

namespace conv4j {

// Throws when a shape is not of the rank and groups that the layout was made for.
void check_packed(const Layout& packed_layout, const Dims& dims);

// `dims` is the logical shape [oc, (kernels...,) ic / groups, kernel size...]. With `add`, adds to what is there.
void pack_weights(const Layout& packed_layout, const Dims& dims, const float* logical, bool add, float* packed);
void unpack_weights(const Layout& packed_layout, const Dims& dims, const float* packed, bool add, float* logical);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_PACKING_PACKING_H_
