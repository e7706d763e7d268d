// The passes of a convolution, each with its own way to cut it into tiles.
#ifndef CONV4J_KERNELS_CONVOLUTION_PASS_H_
#define CONV4J_KERNELS_CONVOLUTION_PASS_H_

#include <algorithm>
#include <cstdint>
#include <memory>

#include "core/error.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "kernels/convolution/problem.h"

namespace conv4j {

struct Call {
  float* src;
  float* weights;
  float* dst;
  const float* bias;
  bool add;
  char* scratch;
};

// Where in the scratch memory of a call something lies.
struct Place {
  int64_t offset = 0;
  int64_t step = 0;  // from thread to thread

  template <typename T>
  T* of(const Call& call) const {  // in a parallel_for, or where all threads share it
    return of<T>(call, step == 0 ? 0 : thread_index());
  }
  template <typename T>
  T* of(const Call& call, int thread) const {
    return reinterpret_cast<T*>(call.scratch + offset + thread * step);
  }
};

// Weights that few rows use are prefetched so far ahead, into the second-level cache: 0.57 -> 0.83 of the roofline for
// 8 images (deepface_l4). Into the first one it gains nothing: few lines can be under way there. From 16 KB to a
// whole kernel ahead there is no difference.
constexpr int64_t kWeightsAhead = 4096;

class KernelPass {
 public:
  virtual ~KernelPass() = default;
  virtual void run(const Call& call) const = 0;
  int64_t scratch_bytes() const { return scratch_bytes_; }
  int64_t panel() const { return panel_; }

 protected:
  explicit KernelPass(const Problem& problem) : problem_(problem) {}

  template <typename T>
  Place reserve(int64_t count) {
    return take(count, sizeof(T), 0);
  }
  template <typename T>
  Place reserve_per_thread(int64_t count) {
    return take(count, sizeof(T), problem_.threads);
  }

  // Gradients of the weights that would empty the caches of what is read: from a quarter of the last level on.
  bool is_large_gradient() const {
    return problem_.weights_size() * static_cast<int64_t>(sizeof(float)) > last_level_cache_bytes() / 4;
  }

  // Whether they are written past the caches, in rows of `columns` (31 MB: 2.10 -> 1.39 ms, 11 MB: 1.94 -> 1.67).
  bool streams_weights(const Call& call, int64_t columns) const {
    return is_large_gradient() && can_stream(call, call.weights, columns);
  }

  // Whether one side's positions are, each channel a sum of so many terms: where that is fast, and they would empty the
  // caches, from a sixth of the last level on (8 images on a Zen 4, 6 to 10 MB: t2_ic1 0.56 of the time, t2_ic5 0.73,
  // t2_depthwise 0.6, local_depthwise 0.85, but 153 terms 0.98, with AVX2 1.02). With one that reads them at once it
  // takes as long in all (6 MB: 0.88 to 1.22; 13 MB 0.7 to 1.0, 25 MB 0.55 to 0.8). Not measured on Intel's CPUs.
  bool streams_positions(const Call& call, const float* result, const Steps& steps, int64_t columns,
                         int64_t terms) const {
    constexpr int64_t kFewTerms = 64;
    const int64_t bytes = problem_.n * steps.image * static_cast<int64_t>(sizeof(float));
    return is_amd() && terms < kFewTerms && bytes > last_level_cache_bytes() / 6 && can_stream(call, result, columns);
  }

  // What a thread does after its last results.
  auto ending(bool streams) const {
    return [this, streams] {
      if (streams) problem_.kernels.end_streams();
    };
  }

  const Problem& problem_;
  int64_t panel_ = 0;  // output channels of the panels that its weights are in; 0: packed

 private:
  // For each of so many threads, or 0 for all together.
  Place take(int64_t count, int64_t size, int64_t threads) {
    const double all =
        static_cast<double>(count) * static_cast<double>(size) * std::max(1.0, static_cast<double>(threads));
    if (count < 0 || static_cast<double>(scratch_bytes_) + all > 0x1p62) {
      throw Error(Status::kOutOfMemory, "the plan's workspace would be larger than any memory");
    }
    const int64_t bytes = align(count * size);
    const Place place = {scratch_bytes_, threads > 0 ? bytes : 0};
    scratch_bytes_ += std::max<int64_t>(threads, 1) * bytes;
    return place;
  }

  static bool can_stream(const Call& call, const float* result, int64_t columns) {
    return !call.add && columns % 16 == 0 && reinterpret_cast<uintptr_t>(result) % 64 == 0;
  }

  int64_t scratch_bytes_ = 0;
};

// Whether the weights fit no cache.
inline bool from_memory(const Problem& problem) {
  return problem.weights_size() * problem.weight_bytes > last_level_cache_bytes();
}

inline bool exceeds_half_of_last_level(const Problem& problem) {
  return problem.weights_size() * problem.weight_bytes > last_level_cache_bytes() / 2;
}

std::unique_ptr<KernelPass> make_forward(const Problem& problem);
std::unique_ptr<KernelPass> make_backward_data(const Problem& problem);
std::unique_ptr<KernelPass> make_backward_weights(const Problem& problem);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_PASS_H_
