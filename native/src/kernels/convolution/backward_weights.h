// What the gradients of weights that fill the lanes share.
#ifndef CONV4J_KERNELS_CONVOLUTION_BACKWARD_WEIGHTS_H_
#define CONV4J_KERNELS_CONVOLUTION_BACKWARD_WEIGHTS_H_

#include <cstdint>
#include <memory>

#include "core/division.h"
#include "kernels/convolution/pass.h"

namespace conv4j {

// The gradient [taps * ic][oc] of a block of taps, in either order of weights: one factor's elements are its rows, the
// other's its columns.
struct Factors {
  const float* src;
  int64_t src_step;  // from term to term
  const float* dst;
  int64_t dst_step;
  int64_t src_next = 1;   // from element to element; others need lanes of output channels, and a src_step of 1
  int64_t dst_ahead = 0;  // of its use, what lies so far away is prefetched, with such a src
};

// Tiles that follow the first one, and the lines of inputs of each; more than one need lanes of output channels.
struct Further {
  int64_t tiles = 1;
  int64_t src_next = 0, dst_next = 0, c_next = 0;
  int64_t lines = 1, src_line = 0, c_line = 0;
};

class BackwardWeights : public KernelPass {
 protected:
  // In panels of so many output channels; 0: packed.
  explicit BackwardWeights(const Problem& problem, int64_t panel = 0);

  bool lanes_are_outputs() const { return problem_.order == Problem::Order::kOcInner; }

  // From tap to tap and from input channel to input channel.
  int64_t input_step() const { return lanes_are_outputs() ? row_ : 1; }
  // Of an output channel, where there are panels the first of one.
  int64_t output_offset(int64_t output) const {
    return lanes_are_outputs() && panel() == 0 ? output : output * problem_.taps * problem_.ic;
  }
  // Of all weights, with the empty channels of the last panel.
  int64_t gradient_size() const { return problem_.weights_size() / problem_.oc * (ceil_div(problem_.oc, row_) * row_); }

  // c (+)= sum over the terms of the segments, for `inputs` elements of src and `outputs` of dst; the same again for
  // further tiles.
  void add_terms(const Factors& factors, Segment* list, int64_t count, int64_t inputs, int64_t outputs, float* c,
                 bool add, bool streams, const Further& further = {}) const;

  bool streams(const Call& call) const;

  void clear(float* c, int64_t inputs, int64_t outputs) const;

 private:
  int64_t row_;  // output channels that lie side by side
  int64_t rows_ahead_;
};

std::unique_ptr<KernelPass> make_local_backward_weights(const Problem& problem);
std::unique_ptr<KernelPass> make_source_backward_weights(const Problem& problem);  // may be null
std::unique_ptr<KernelPass> make_shared_backward_weights(const Problem& problem);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_BACKWARD_WEIGHTS_H_
