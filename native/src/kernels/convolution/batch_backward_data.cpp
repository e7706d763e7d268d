// diff_src with weights as rows and images as columns.
#include <algorithm>
#include <utility>

#include "kernels/convolution/backward_data.h"
#include "kernels/convolution/image_columns.h"

namespace conv4j {

namespace {

constexpr int64_t kLine = 16;  // floats of a cache line

class BatchBackwardData : public BackwardData {
 public:
  explicit BatchBackwardData(const Problem& problem)
      : BackwardData(problem, source_grids_by_images(problem)), images_(problem, problem.n) {
    dst_ = with_images_inside(problem.dst, problem.n);
    copy_ = reserve<float>(problem.dst.image * problem.n);
    tile_ = reserve_per_thread<float>(problem.ic * problem.n);
  }

 private:
  const float* begin(const Call& call) const override {
    float* const copy = copy_.of<float>(call);
    turn_images(problem_, [&](int64_t first, int64_t elements) {
      images_.turn(call.dst + first, elements, copy + first * problem_.n);
    });
    return copy;
  }

  // Rows and columns change places.
  int64_t find_segments(const Where& where, Segment* list) const override {
    const int64_t count = source_segments(problem_, where, dst_, problem_.oc, list);
    for (int64_t i = 0; i < count; ++i) std::swap(list[i].a, list[i].b);
    return count;
  }

  // One source position of all images.
  void run_tile(const Call& call, const At& at, Tile& t) const override {
    const Problem& p = problem_;
    const int64_t kernel = kernel_of(p, at.where);
    t.a_ahead = kernel_of(p, at.next) - kernel;
    t.a_row = p.oc;
    t.b_step = images_.step();
    t.c = tile_.of<float>(call);
    t.c_row = t.init_row = p.n;
    t.rows = p.ic;
    t.columns = p.n;
    for (int64_t g = 0; g < p.groups; ++g) {
      t.a = call.weights + kernel + g * p.weights_group;
      t.b = at.dst + at.where.other(dst_) + g * p.oc * p.n;
      float* const c = call.src + at.where.own(p.src) + g * p.ic;
      // What the stores would wait for, of all images (deepface_l5 and l6, 16 to 128 images: 0.91 to 0.98 of the time).
      for (int64_t image = 0; image < p.n; ++image) {
        for (int64_t i = 0; i < p.ic; i += kLine) __builtin_prefetch(c + image * p.src.image + i, 1, 2);
      }
      t.init = call.add || call.bias != nullptr ? t.c : nullptr;
      if (call.add) {
        p.kernels.transpose(c, p.src.image, p.n, p.ic, t.c, p.n);
      } else if (call.bias != nullptr) {
        for (int64_t i = 0; i < p.ic; ++i) std::fill_n(t.c + i * p.n, p.n, call.bias[g * p.ic + i]);
      }
      images_.gemm(t);
      p.kernels.transpose(t.c, p.n, p.ic, p.n, c, p.src.image);
    }
  }

  ImageColumns images_;
  Place copy_, tile_;
};

}  // namespace

std::unique_ptr<KernelPass> make_batch_backward_data(const Problem& problem) {
  return std::make_unique<BatchBackwardData>(problem);
}

}  // namespace conv4j
