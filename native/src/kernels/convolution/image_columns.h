// Images as the columns of a tile, for kernels that few positions share.
#ifndef CONV4J_KERNELS_CONVOLUTION_IMAGE_COLUMNS_H_
#define CONV4J_KERNELS_CONVOLUTION_IMAGE_COLUMNS_H_

#include <algorithm>
#include <cstdint>

#include "core/division.h"
#include "core/parallel.h"
#include "kernels/convolution/problem.h"

namespace conv4j {

// Positions that fill a tile's rows, and images that fill its columns.
constexpr int64_t kManyPositions = 16;
constexpr int64_t kManyImages = 6;

// Steps of what holds the images innermost.
inline Steps with_images_inside(Steps steps, int64_t n) {
  for (int64_t& step : steps.axis) step *= n;
  steps.image = 1;
  return steps;
}

// Calls body(first, elements) for pieces of an image of diff_dst, whole positions, that are turned in one go (those of
// a position at a time, mnist_c1, 32 images: 1.09 of the time).
template <typename Body>
void turn_images(const Problem& p, const Body& body) {
  constexpr int64_t kColumns = 1024;
  const int64_t most = std::max(kColumns / p.oc, int64_t{1}) * p.oc;
  parallel_for(ceil_div(p.dst.image, most), [&](int64_t i) {
    const int64_t first = i * most;
    body(first, std::min(most, p.dst.image - first));
  });
}

// diff_dst with the images innermost: [position][oc][columns], of which the last may be no image's. Images that leave
// half a vector empty make room for pairs of channels, as gemm_pairs wants them.
class ImageColumns {
 public:
  ImageColumns(const Problem& problem, int64_t columns) : problem_(problem), columns_(columns) {}

  // From channel to channel, or pair to pair.
  int64_t step() const { return columns_ * (takes_pairs() ? 2 : 1); }

  void gemm(const Tile& t) const { takes_pairs() ? problem_.kernels.gemm_pairs(t) : problem_.kernels.gemm(t); }

  // Turns whole positions.
  void turn(const float* from, int64_t elements, float* to) const {
    const Problem& p = problem_;
    if (!takes_pairs()) return p.kernels.transpose(from, p.dst.image, p.n, elements, to, columns_);
    const int64_t piece = p.oc % 2 == 0 ? elements : p.oc;
    for (int64_t i = 0; i < elements; i += piece) {
      p.kernels.transpose_pairs(from + i, p.dst.image, p.n, piece, to + i * columns_, 2 * columns_);
    }
  }

 private:
  bool takes_pairs() const { return columns_ <= problem_.kernels.lanes / 2; }

  const Problem& problem_;
  int64_t columns_;
};

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_IMAGE_COLUMNS_H_
