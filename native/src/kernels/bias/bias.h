// Bias added to and summed from activations in any layout.
#ifndef CONV4J_KERNELS_BIAS_BIAS_H_
#define CONV4J_KERNELS_BIAS_BIAS_H_

#include <cstdint>

#include "core/geometry.h"
#include "core/layout.h"
#include "kernels/kernels.h"

namespace conv4j {

// x[n][c][p] += bias[c]
void add_channel_bias(const Kernels& kernels, const ActivationView& view, float* x, const float* bias);

// bias[c] (+)= sum over n, p of x[n][c][p]. Pieces of the sum depend on the shape only and are added in a fixed order,
// in doubles, so that the bits are those of any number of threads.
int64_t sum_channel_bias_scratch_bytes(const ActivationView& view);
void sum_channel_bias(const Kernels& kernels, const ActivationView& view, const float* x, bool add, float* bias,
                      char* scratch);

// x[n][i] += bias[i], the bias being an image in the layout of x.
void add_image_bias(const Kernels& kernels, const ActivationView& view, float* x, const float* bias);

// image[i] = sum over n of x[n][i], the image in the layout of x.
void sum_image_bias(const Kernels& kernels, const ActivationView& view, const float* x, float* image);

// sums[c][kernel] = sum over the positions that use the kernel of image[c][position], both in logical order.
void sum_kernel_bias(const Geometry& geometry, const float* image, float* sums);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_BIAS_BIAS_H_
