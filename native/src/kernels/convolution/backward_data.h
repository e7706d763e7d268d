// diff_src by its positions, each a sum over the output positions that it reaches.
#ifndef CONV4J_KERNELS_CONVOLUTION_BACKWARD_DATA_H_
#define CONV4J_KERNELS_CONVOLUTION_BACKWARD_DATA_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/convolution/grid.h"
#include "kernels/convolution/lists.h"
#include "kernels/convolution/pass.h"

namespace conv4j {

class BackwardData : public KernelPass {
 public:
  void run(const Call& call) const override;

 protected:
  // A tile, the one behind it, and what tiles read as diff_dst.
  struct At {
    Where where, next;
    int64_t round;
    const float* dst;
  };

  BackwardData(const Problem& problem, std::vector<Grid> grids);

  // Prepares a call, and says what its tiles read as diff_dst, in steps of dst_.
  virtual const float* begin(const Call& call) const = 0;
  // What the positions of a tile meet.
  virtual int64_t find_segments(const Where& where, Segment* list) const = 0;
  // Of all groups, or of those of the round. The segments are set.
  virtual void run_tile(const Call& call, const At& at, Tile& tile) const = 0;

  // The rows of a group's tile, its columns, and what they begin with.
  void set(const Call& call, const At& at, int64_t group, Tile& tile) const;

  std::vector<Grid> grids_;
  int64_t rounds_ = 1;
  bool may_stream_ = false;
  Steps dst_;

 private:
  SegmentLists lists_;
  Place keys_, segments_;
};

// Weights with output channels innermost suit the forward pass. Here they are turned, input channels innermost, for the
// time of the call: rows are positions, columns input channels.
std::unique_ptr<KernelPass> make_turned_backward_data(const Problem& problem);

// Or they are rows, one per input channel, with images as columns: for kernels that few positions share.
std::unique_ptr<KernelPass> make_batch_backward_data(const Problem& problem);

// Or they stay where they lie.
enum class WeightsInPlace {
  kDot,     // lanes are summed over: rows are positions, or images that fill half a vector at most, columns input
            // channels
  kDirect,  // input channels are innermost already, for kernels that few positions share (32 images, local_oc7: 0.76 of
            // the time)
  kImages  // the same with images as rows, innermost in a copy: of so few terms that gemm_t keeps a kernel in registers
           // (local_oc1, AVX2, 8 images: 0.6 of the time, 128 0.42)
};
std::unique_ptr<KernelPass> make_direct_backward_data(const Problem& problem, WeightsInPlace weights);

// Whether weights are turned in panels near the core, once for all tiles that meet them.
bool has_near_panels(const Problem& problem);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_BACKWARD_DATA_H_
