// Gradients of few weights, summed up for each image apart: all kernels then find what they read of an image in the
// second-level cache, where one kernel after the other would bring all images from further away.
#ifndef CONV4J_KERNELS_CONVOLUTION_SPLITS_H_
#define CONV4J_KERNELS_CONVOLUTION_SPLITS_H_

#include <algorithm>
#include <cstdint>

#include "core/parallel.h"
#include "kernels/convolution/problem.h"

namespace conv4j {

struct Images {
  int64_t begin, end;
};

class Splits {
 public:
  Splits(const Problem& problem, bool wanted)
      : problem_(problem), count_(wanted && problem.weights_size() <= problem.src.image / 4 ? problem.n : 1) {}

  int64_t count() const { return count_; }
  Images images(int64_t split) const { return count_ == 1 ? Images{0, problem_.n} : Images{split, split + 1}; }

  // Floats of scratch memory, for the sums of all splits but the first one, whose are the result.
  int64_t scratch_size() const { return (count_ - 1) * problem_.weights_size(); }
  float* sums(int64_t split, float* weights, float* scratch) const {
    return split == 0 ? weights : scratch + (split - 1) * problem_.weights_size();
  }

  // Adds the others to the first ones, in the order of the images.
  void add_up(float* weights, const float* scratch) const {
    if (count_ == 1) return;
    constexpr int64_t kPiece = 4096;
    const int64_t size = problem_.weights_size();
    parallel_for((size + kPiece - 1) / kPiece, [&](int64_t piece) {
      const int64_t begin = piece * kPiece, count = std::min(kPiece, size - begin);
      for (int64_t i = 0; i < count_ - 1; ++i) {
        problem_.kernels.add(weights + begin, scratch + i * size + begin, count);
      }
    });
  }

 private:
  const Problem& problem_;
  int64_t count_;
};

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_SPLITS_H_
