// Gradients of few weights, summed up for each part of the positions apart.
#ifndef CONV4J_KERNELS_CONVOLUTION_SPLITS_H_
#define CONV4J_KERNELS_CONVOLUTION_SPLITS_H_

#include <algorithm>
#include <cstdint>

#include "core/division.h"
#include "core/parallel.h"
#include "kernels/convolution/problem.h"

namespace conv4j {

class Splits {
 public:
  struct Part {
    int64_t begin, end;
  };

  Splits(const Problem& problem, int64_t count) : Splits(problem, count, problem.weights_size()) {}
  // Of a gradient of so many elements.
  Splits(const Problem& problem, int64_t count, int64_t size) : problem_(problem), count_(count), size_(size) {}

  // A count for caches: all kernels then find what they read of an image in the second-level cache, where one kernel
  // after the other would bring all images from further away.
  static int64_t by_images(const Problem& problem) {
    return problem.weights_size() <= problem.src.image / 4 ? problem.n : 1;
  }

  // A count for threads, each split having `units` of work and a line of positions at least. It does not depend on the
  // number of threads, for the sums' sake. One thread loses up to 3 % of its time.
  static int64_t by_units(const Problem& problem, int64_t units) {
    const int64_t lines = problem.n * problem.positions(0) * problem.positions(1);
    const int64_t most = std::min(lines, std::max<int64_t>(kManyUnits / units, 1));
    return std::clamp<int64_t>(lines * problem.positions(2) / kFewTerms, 1, std::max<int64_t>(most, 1));
  }

  // A count for lines that come in the order of memory: zeroing and adding up the sums costs little beside reading
  // them. Up to `enough` where it costs more.
  static int64_t by_lines(const Problem& problem, int64_t enough = 1) {
    const int64_t line = problem.src.axis[1] + problem.dst.axis[1];
    const int64_t lines = problem.n * problem.axes[0].output * problem.axes[1].output;
    const int64_t reads = lines * line / problem.weights_size();  // for each sum
    const int64_t count = std::max(reads / kReads, std::min(reads / kFewReads, enough));
    return std::clamp<int64_t>(count, 1, std::min(lines, kManyUnits / 2));
  }

  int64_t count() const { return count_; }
  // Of images or lines of positions, `size` in all.
  Part part(int64_t split, int64_t size) const { return {size * split / count_, size * (split + 1) / count_}; }

  // Floats of scratch memory, for the sums of all splits but the first one, whose are the result.
  int64_t scratch_size() const { return (count_ - 1) * size_; }
  float* sums(int64_t split, float* weights, float* scratch) const {
    return split == 0 ? weights : scratch + (split - 1) * size_;
  }

  // Adds the others to the first ones, in their order.
  void add_up(float* weights, const float* scratch) const {
    if (count_ == 1) return;
    constexpr int64_t kPiece = 4096;
    parallel_for(ceil_div(size_, kPiece), [&](int64_t piece) {
      const int64_t begin = piece * kPiece, count = std::min(kPiece, size_ - begin);
      for (int64_t i = 0; i < count_ - 1; ++i) {
        problem_.kernels.add(weights + begin, scratch + i * size_ + begin, count);
      }
    });
  }

 private:
  static constexpr int64_t kFewTerms = 1024;
  static constexpr int64_t kManyUnits = 64;
  // Elements that a split reads for each of its sums (8: for one image, 1.14 of the time).
  static constexpr int64_t kReads = 32, kFewReads = 8;

  const Problem& problem_;
  int64_t count_, size_;
};

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_SPLITS_H_
