// diff_src with weights where they lie.
#include "core/division.h"
#include "kernels/convolution/backward_data.h"
#include "kernels/convolution/image_columns.h"
#include "kernels/convolution/spaced.h"

namespace conv4j {

namespace {

class DirectBackwardData : public BackwardData {
 public:
  DirectBackwardData(const Problem& problem, WeightsInPlace weights)
      : BackwardData(problem, weights == WeightsInPlace::kImages
                                  ? source_grids_by_images(problem)
                                  : source_grids(problem, most_rows(problem.taps * problem.oc))),
        weights_(weights),
        step_(weights == WeightsInPlace::kDot ? problem.oc : direct_step(problem)) {
    const Problem& p = problem_;
    if (weights == WeightsInPlace::kImages) {
      dst_ = with_images_inside(p.dst, p.n);
      copy_ = reserve<float>(p.dst.image * p.n);
    } else if (weights == WeightsInPlace::kDot && grids_[0].rows == 3 && collide(p.dst.image, p.n)) {
      dst_.image = spaced(p.dst.image);
      copy_ = reserve<float>(p.n * dst_.image);
    }
  }

 private:
  const float* begin(const Call& call) const override {
    const Problem& p = problem_;
    float* const copy = copy_.of<float>(call);
    if (weights_ != WeightsInPlace::kImages) return set_apart(call.dst, p.dst.image, dst_.image, p.n, copy);
    turn_images(p, [&](int64_t first, int64_t elements) {
      p.kernels.transpose(call.dst + first, p.dst.image, p.n, elements, copy + first * p.n, p.n);
    });
    return copy;
  }

  int64_t find_segments(const Where& where, Segment* list) const override {
    const int64_t count = source_segments(problem_, where, dst_, problem_.oc, list);
    return weights_ != WeightsInPlace::kDot && problem_.geometry.oc == 1 ? joined(list, count) : count;
  }

  void run_tile(const Call& call, const At& at, Tile& t) const override {
    const Problem& p = problem_;
    const int64_t kernel = kernel_of(p, at.where);
    t.b_step = step_;
    t.b_ahead = at.where.rows == 3 ? kernel_of(p, at.next) - kernel : 0;
    for (int64_t g = 0; g < p.groups; ++g) {
      set(call, at, g, t);
      t.b = p.weights_at(call.weights, kernel + g * p.weights_group);
      if (weights_ == WeightsInPlace::kDot) {
        p.dot(t);
      } else if (weights_ == WeightsInPlace::kDirect) {
        p.gemm(t);
      } else {
        t.a += g * p.oc * (p.n - 1);
        t.a_row = p.n;
        p.kernels.gemm_t(t);
      }
    }
  }

  // From term to term of weights with input channels innermost.
  static int64_t direct_step(const Problem& p) {
    return p.geometry.oc == 1 ? p.weights_kernel - p.weights_tap : p.taps * p.ic;
  }

  // Taps of one term each, whose kernels follow each other, are one segment, the last one first (local_oc1, 8 images:
  // 0.89 of the time).
  int64_t joined(Segment* list, int64_t count) const {
    int64_t left = 0;
    for (int64_t i = 0; i < count; ++i) {
      if (left > 0 && list[i].a == list[left - 1].a - dst_.axis[2] && list[i].b == list[left - 1].b - step_) {
        list[left - 1] = {list[i].a, list[i].b, list[left - 1].length + 1};
      } else {
        list[left++] = list[i];
      }
    }
    return left;
  }

  WeightsInPlace weights_;
  int64_t step_;  // from term to term
  Place copy_;    // of diff_dst
};

}  // namespace

std::unique_ptr<KernelPass> make_direct_backward_data(const Problem& problem, WeightsInPlace weights) {
  return std::make_unique<DirectBackwardData>(problem, weights);
}

}  // namespace conv4j
