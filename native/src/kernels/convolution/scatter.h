// diff_src where few positions share a kernel: each output position adds to all source elements under its taps. By
// source positions, kernels would come out of order, and in pieces. Images are columns; of one alone, terms are in the
// lanes.
#ifndef CONV4J_KERNELS_CONVOLUTION_SCATTER_H_
#define CONV4J_KERNELS_CONVOLUTION_SCATTER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/convolution/image_columns.h"
#include "kernels/convolution/items.h"
#include "kernels/convolution/pass.h"

namespace conv4j {

// Uses of a weight that make up for turning it, and input channels that leave lanes empty.
constexpr int64_t kManyUses = 32;
constexpr int64_t kFewInputs = 8;

// Images as columns. Empty lanes are made columns, too (masked, deepface_l4, 6 images: 41 ms instead of 13).
int64_t whole_columns(const Problem& problem);

// A unit of work is a strip of rows of output positions, which go over their kernels in the order in memory, and give
// to rows of the source of their own. These are summed up strip after strip.
class ScatterBackwardData : public KernelPass {
 public:
  void run(const Call& call) const override;

 protected:
  // Images, and empty lanes, that are columns: 1, or n and more.
  ScatterBackwardData(const Problem& problem, int64_t columns);

  // Output positions: rows of a depth, and some of their widths.
  struct Block {
    int64_t depth, begin, end;
    const Item *first, *last;
  };

  // Rows of the source, of which `first` is the first.
  struct Strip {
    float* rows;
    int64_t first;
  };

  // Adds to the strip what a block gives to the source; `rows` are the gradients of its rows, whole ones.
  virtual void scatter(const Call& call, const float* rows, const Block& block, const Strip& strip) const = 0;

  // Images become columns row by row, near the core (mnist_c1, all of them before: 32 images 1.2 times as long, 128 1.8
  // times).
  void turn_rows();

  // What a strip has for a row of the source, under a tap of the depth.
  float* source_row(const Strip& strip, int64_t tap, int64_t row) const {
    return strip.rows + (tap * strip_height_ + row - strip.first) * row_size_;
  }

  int64_t columns_;
  ImageColumns images_;
  std::vector<Item> outputs_[3];      // one by one
  Steps dst_;                         // of `rows`
  int64_t row_size_;                  // of the source
  int64_t heights_ = 1, widths_ = 0;  // of a block, or one whole row

 private:
  // The source row that a strip begins with.
  int64_t strip_begin(int64_t strip) const {
    const Axis& height = problem_.axes[1];
    return strip * strip_rows_ * height.stride - height.pad_begin;
  }
  void scatter_rows(const Call& call, int64_t depth, int64_t first, int64_t last, const Strip& strip) const;
  void sum_up(const Call& call, int64_t depth, int64_t height) const;
  void fill(float* row, const float* bias) const;  // of the source

  std::vector<Item> source_depths_;
  int64_t strip_rows_, strip_count_, strip_height_, strip_size_;
  int64_t turned_size_ = 0;
  Place strips_, turned_, row_;
};

// Null where by source positions is faster, or nothing could be shared out.
std::unique_ptr<KernelPass> make_scatter_backward_data(const Problem& problem);

// Position by position.
std::unique_ptr<KernelPass> make_scatter_positions(const Problem& problem);
// Neighbouring positions of a row together.
std::unique_ptr<KernelPass> make_scatter_neighbours(const Problem& problem);
// All positions of a block of kernel-sharing together.
std::unique_ptr<KernelPass> make_scatter_blocks(const Problem& problem);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_SCATTER_H_
