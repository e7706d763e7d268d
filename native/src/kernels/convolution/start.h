// What the tiles of a result start from: what is there, the bias, or zeros.
#ifndef CONV4J_KERNELS_CONVOLUTION_START_H_
#define CONV4J_KERNELS_CONVOLUTION_START_H_

#include "kernels/convolution/grid.h"
#include "kernels/convolution/pass.h"

namespace conv4j {

class Start {
 public:
  explicit Start(const Problem& problem);

  // Floats of scratch memory that `of` puts the bias into.
  int64_t turned_size() const { return is_turned_ ? kernels_or_positions_ * problem_.geometry.oc : 0; }

  struct Values {
    const float* base;  // null: zeros
    int64_t kernel;     // steps from kernel to kernel, and from position to position
    int64_t position;
    bool in_place;
  };

  // A bias per kernel or position is put into the order in which tiles need it, channels innermost.
  Values of(const Call& call, float* turned) const;

  // For the tile of all output channels at c, `own` elements into dst, whose B moves by kernel_step from kernel to
  // kernel.
  void set(const Values& values, const Where& where, int64_t own, int64_t kernel_step, Tile& tile) const;

 private:
  const Problem& problem_;
  bool is_turned_;
  int64_t kernels_or_positions_ = 1;
};

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_START_H_
