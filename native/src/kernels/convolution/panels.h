// How the weights of a tile's columns lie in memory.
#ifndef CONV4J_KERNELS_CONVOLUTION_PANELS_H_
#define CONV4J_KERNELS_CONVOLUTION_PANELS_H_

#include <algorithm>
#include <cstdint>

#include "core/division.h"
#include "kernels/convolution/problem.h"

namespace conv4j {

// The rows of a gemm's B, one per term, in panels of some columns each: [panel][row][column of the panel]. Whole rows
// of many columns lie so far apart that the lines of one tile's columns evict each other, and share lines with the next
// tile's.
class Panels {
 public:
  // Tiles are sorted by so many kernels at most.
  static constexpr int64_t kMostKernels = 256;

  // Of a panel: three vectors, for tiles of four rows then have the fewest loads of any that 16 registers allow. With
  // 32 registers tiles are of four vectors, whole lines; not measured.
  static constexpr int64_t kColumns = 24;

  Panels(int64_t columns, int64_t width)
      : columns_(columns), width_(width), count_(columns > 0 ? ceil_div(columns, width) : 1) {}

  // Whether tiles gain by several.
  static bool pay(const Problem& p, int64_t columns) { return p.kernels.lanes == 8 && columns > kFewColumns; }

  // Whether one is copied near the core for all tiles of a kernel: where positions of all images use it often enough.
  // Not by the images of one position alone (local layers of 64 and 128 images 0.87 to 1.4 of the time).
  static bool pay_near(const Problem& p, int64_t columns) {
    const bool is_large = p.taps * p.ic * p.oc > kLargeKernel;
    const int64_t uses = is_large && p.weights_type == DataType::kF32 ? kUsesOfLarge : kManyUses;
    return pay(p, columns) && p.kernel_count() <= kMostKernels && p.positions() > 1 && p.positions() * p.n >= uses;
  }

  int64_t width() const { return width_; }
  // Elements of so many rows, the empty columns of the last panel included.
  int64_t size(int64_t rows) const { return rows * width_ * count_; }

  int64_t count() const { return count_; }
  int64_t first(int64_t panel) const { return panel * width_; }
  int64_t columns(int64_t panel) const { return std::min(width_, columns_ - first(panel)); }

  struct Range {
    int64_t begin, end;
  };
  Range all() const { return {0, count_}; }

  // Calls body(element, first, columns) for panels: where each begins when B has so many rows, and its columns.
  template <typename Body>
  void for_each(Range range, int64_t rows, const Body& body) const {
    for (int64_t i = range.begin; i < range.end; ++i) body(first(i) * rows, first(i), columns(i));
  }

 private:
  // On a Zen 3, t = 2, 28 x 28 and 56 x 56: 64 columns 1.0 of the time, 96 0.84 to 0.97, 128 0.65 to 0.93.
  static constexpr int64_t kFewColumns = 64;

  // Forward, kernels that a second-level cache holds beside the rest (128 channels: 49 uses 1.0 to 1.27 of the time, 98
  // 0.89), and others (192 to 512 channels, 7 x 7 and 14 x 14: 9 and 12 0.68 to 1.06, 16 and 25 0.7 to 0.75, 49 0.4
  // to 1.0). Bf16, whose copies are floats: 49 1.13 to 1.65, from 98 on 0.57 to 1.1.
  static constexpr int64_t kManyUses = 64, kUsesOfLarge = 12;
  static constexpr int64_t kLargeKernel = 256 << 10;  // elements

  int64_t columns_, width_, count_;
};

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_PANELS_H_
