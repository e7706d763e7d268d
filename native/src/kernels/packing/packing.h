// Weights between floats in logical order and what kernels read: another order, and perhaps bf16.
#ifndef CONV4J_KERNELS_PACKING_PACKING_H_
#define CONV4J_KERNELS_PACKING_PACKING_H_

#include "core/layout.h"

namespace conv4j {

// Throws when a shape is not of the rank and groups that the layout was made for.
void check_packed(const Layout& packed_layout, const Dims& dims);

// `dims` is the logical shape [oc, (kernels...,) ic / groups, kernel size...]. With `add`, adds to what is there.
// `packed` is of the layout's type; to bf16 numbers are rounded to the nearest, ties to even, and a NaN stays one.
void pack_weights(const Layout& packed_layout, const Dims& dims, const float* logical, bool add, void* packed);
void unpack_weights(const Layout& packed_layout, const Dims& dims, const void* packed, bool add, float* logical);

// Throws when a shape is not of the rank that the layout was made for.
void check_panels(const Layout& layout, const Dims& dims);

// Between panels of output channels and panels of input channels, either way.
void turn_panels(const Layout& from_layout, const Layout& to_layout, const Dims& dims, const float* from, float* to);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_PACKING_PACKING_H_
