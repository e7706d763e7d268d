// Activations applied in place. Only the leaky ReLU is left to oneDNN's primitives: its ReLU, sigmoid and tanh turn a
// NaN into a number.
#ifndef CONV4J_KERNELS_ACTIVATION_ACTIVATION_H_
#define CONV4J_KERNELS_ACTIVATION_ACTIVATION_H_

#include "core/activation.h"
#include "core/layout.h"
#include "kernels/kernels.h"

namespace conv4j {

// x = activation(x), in any layout; the last block's padding lanes stay zero.
void activate(const Kernels& kernels, const ActivationView& view, const Activation& activation, float* x);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_ACTIVATION_ACTIVATION_H_
