// diff_src with weights that are turned, input channels innermost, for the time of the call.
#include <cstring>
#include <utility>

#include "kernels/convolution/backward_data.h"
#include "kernels/convolution/turned.h"

namespace conv4j {

namespace {

// Elements of kernels that a second-level cache of 1 MB holds beside the rest.
constexpr int64_t kNearKernels = 192 << 10;

class TurnedBackwardData : public BackwardData {
 protected:
  TurnedBackwardData(const Problem& problem, std::vector<Grid> grids, Turned turned)
      : BackwardData(problem, std::move(grids)), turned_(std::move(turned)) {
    may_stream_ = true;
    widened_ = reserve_per_thread<float>(problem.ic * problem.oc);
  }

  // Panels of so many rows each.
  void run_panels(Tile& t, const float* weights, Panels::Range panels, int64_t rows) const {
    float* const c = t.c;
    const float* const init = t.init;
    t.b_step = turned_.step();
    turned_.panels().for_each(panels, rows, [&](int64_t panel, int64_t column, int64_t columns) {
      t.b = weights + panel;
      t.c = c + column;
      t.init = init == nullptr ? nullptr : init + column;
      t.columns = columns;
      turned_.takes_pairs() ? problem_.kernels.gemm_pairs(t) : problem_.kernels.gemm(t);
    });
  }

  Turned turned_;
  Place weights_, widened_;
};

// All of them before the tiles.
class TurnedAtOnce : public TurnedBackwardData {
 public:
  TurnedAtOnce(const Problem& problem, std::vector<Grid> grids, Turned turned)
      : TurnedBackwardData(problem, std::move(grids), std::move(turned)) {
    weights_ = reserve<float>(turned_.size());
  }

 private:
  const float* begin(const Call& call) const override {
    turned_.turn(call, weights_.of<float>(call), widened_);
    return call.dst;
  }

  int64_t find_segments(const Where& where, Segment* list) const override {
    return turned_.segments(where, dst_, list);
  }

  void run_tile(const Call& call, const At& at, Tile& t) const override {
    const int64_t element = turned_.element(at.where);
    t.b_ahead = at.where.rows == 3 ? turned_.element(at.next) - element : 0;
    const float* const weights = weights_.of<float>(call) + element;
    for (int64_t g = 0; g < problem_.groups; ++g) {
      set(call, at, g, t);
      run_panels(t, weights + g * turned_.group(), turned_.panels().all(), turned_.rows());
    }
  }
};

// Weights of a class of positions at a time, near the core, once for all tiles that meet them, and panel by panel
// (AVX2, 128 to 512 channels: 8 images 0.55 to 1.05 of the time, one image 0.75 to 1.0).
class TurnedByClasses : public TurnedBackwardData {
 public:
  TurnedByClasses(const Problem& problem, std::vector<Grid> grids, Turned turned)
      : TurnedBackwardData(problem, std::move(grids), std::move(turned)) {
    grids_ = grouped(grids_, [&](int axis, const Item& item) { return turned_.class_of(axis, item); });
    rounds_ = problem.groups * turned_.panels().count();
    weights_ = reserve_per_thread<float>(turned_.class_size());
    last_ = reserve_per_thread<Met>(1);
  }

 private:
  // What weights a thread has turned.
  struct Met {
    int64_t classes[3] = {-1, -1, -1};
    int64_t round = -1;
  };

  const float* begin(const Call& call) const override {
    for (int thread = 0; thread < problem_.threads; ++thread) *last_.of<Met>(call, thread) = {};
    return call.dst;
  }

  int64_t find_segments(const Where& where, Segment* list) const override {
    return turned_.class_segments(where, dst_, list);
  }

  void run_tile(const Call& call, const At& at, Tile& t) const override {
    const int64_t panels = turned_.panels().count(), group = at.round / panels, panel = at.round % panels;
    set(call, at, group, t);
    const float* const weights = met_weights(call, at.where, at.round, group, panel);
    run_panels(t, weights + turned_.class_element(at.where), {panel, panel + 1}, 0);
  }

  // Turned if the thread's last tile met others.
  const float* met_weights(const Call& call, const Where& where, int64_t round, int64_t group, int64_t panel) const {
    float* const weights = weights_.of<float>(call);
    if (where.axis[0]->taps * where.axis[1]->taps * where.axis[2]->taps == 0) return weights;
    Met met;
    for (int axis = 0; axis < 3; ++axis) met.classes[axis] = turned_.class_of(axis, *where.axis[axis]);
    met.round = round;
    Met& last = *last_.of<Met>(call);
    if (std::memcmp(&met, &last, sizeof met) == 0) return weights;
    turned_.turn_class(call, where, group, panel, weights);
    last = met;
    return weights;
  }

  Place last_;
};

// In panels near the core, or in one panel where a kernel nearly fills a second-level cache.
bool has_near_classes(const Problem& p, const Turned& turned, const Grid& grid) {
  if (turned.panels().count() > 1) return has_near_panels(p);
  return p.repeats() && p.weights_type == DataType::kF32 && !turned.takes_pairs() && grid.width_first &&
         turned.class_size() <= kNearKernels && p.kernel_count() <= Panels::kMostKernels;
}

}  // namespace

// However few tiles meet them (up to 16 positions to a kernel, 128 to 1024 channels: 2 to 8 images 0.33 to 0.83 of the
// time, 32 0.7 to 1.0). Strided layers have more classes of positions, of fewer terms each, which do not pay for
// reading diff_dst once more a panel (128 channels: 1.0 to 1.25 of the time).
bool has_near_panels(const Problem& problem) {
  return problem.weights_type == DataType::kF32 && problem.repeats() && !problem.strides() &&
         Panels::pay_near(problem, problem.ic);
}

std::unique_ptr<KernelPass> make_turned_backward_data(const Problem& problem) {
  std::vector<Grid> grids = source_grids(problem, most_rows(problem.taps * problem.oc));
  Turned turned(problem);
  if (has_near_classes(problem, turned, grids[0])) {
    return std::make_unique<TurnedByClasses>(problem, std::move(grids), std::move(turned));
  }
  return std::make_unique<TurnedAtOnce>(problem, std::move(grids), std::move(turned));
}

}  // namespace conv4j
