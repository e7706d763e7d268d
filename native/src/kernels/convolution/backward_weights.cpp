// diff_weights: per kernel and tap, a sum over positions and images of products of src and diff_dst.
#include "kernels/convolution/backward_weights.h"

#include <cstring>

#include "kernels/convolution/channelwise.h"
#include "kernels/convolution/narrow.h"
#include "kernels/convolution/position_columns.h"
#include "kernels/convolution/sorted.h"

namespace conv4j {

namespace {

// Of one vector of a gradient that comes from memory (deepface_l4, on a Cascade Lake: 0.9 of the time; of several
// vectors, the CPU itself reads ahead).
constexpr int64_t kRowsAhead = 16;

// Whether no two positions of the axis share a kernel.
bool is_local(const Axis& axis) { return axis.positions_of(0).count <= 1; }

}  // namespace

BackwardWeights::BackwardWeights(const Problem& problem, int64_t panel)
    : KernelPass(problem), row_(panel > 0 ? panel : problem.oc), rows_ahead_(is_large_gradient() ? kRowsAhead : 0) {
  panel_ = panel;
}

void BackwardWeights::add_terms(const Factors& factors, Segment* list, int64_t count, int64_t inputs, int64_t outputs,
                                float* c, bool add, bool streams, const Further& further) const {
  Tile t = {};
  t.tiles = further.tiles;
  t.c_next = t.init_next = further.c_next;
  (lanes_are_outputs() ? t.a_next : t.b_next) = further.src_next;
  (lanes_are_outputs() ? t.b_next : t.a_next) = further.dst_next;
  t.segments = list;
  t.segment_count = count;
  t.c = c;
  t.init = add ? c : nullptr;
  t.streams = streams;
  if (lanes_are_outputs()) {
    t.a = factors.src;
    t.a_row = factors.src_next == 1 ? factors.src_step : factors.src_next;
    t.b = factors.dst;
    t.b_step = factors.dst_step;
    t.rows = further.lines * inputs;
    t.line_rows = inputs;
    t.a_line = further.src_line;
    t.c_line = further.c_line;
    t.columns = outputs;
    t.c_row = row_;
  } else {
    t.a = factors.dst;
    t.a_row = factors.dst_step;
    t.b = factors.src;
    t.b_step = factors.src_step;
    t.rows = outputs;
    t.columns = inputs;
    t.c_row = problem_.taps * problem_.ic;
  }
  t.init_row = t.c_row;
  t.c_ahead = streams ? 0 : rows_ahead_ * t.c_row;
  t.b_ahead = factors.dst_ahead;
  factors.src_next == 1 ? problem_.kernels.gemm_t(t) : problem_.kernels.gemm(t);
}

// On Intel's CPUs the buffers for misses are few (local layers on a Cascade Lake: 1.1 to 1.9 times the time).
// Inputs in the lanes on a Zen 4: local_oc7, 8 images 0.9, 16 0.84, 32 0.87, with AVX2 0.63 of the time.
bool BackwardWeights::streams(const Call& call) const {
  return is_amd() && streams_weights(call, lanes_are_outputs() ? row_ : problem_.ic);
}

void BackwardWeights::clear(float* c, int64_t inputs, int64_t outputs) const {
  constexpr int64_t kFloat = sizeof(float);
  if (inputs <= 0) return;
  if (lanes_are_outputs() && outputs == row_) {
    std::memset(c, 0, static_cast<size_t>(inputs * outputs * kFloat));
    return;
  }
  for (int64_t i = 0; i < (lanes_are_outputs() ? inputs : outputs); ++i) {
    std::memset(c + i * (lanes_are_outputs() ? row_ : problem_.taps * problem_.ic), 0,
                static_cast<size_t>((lanes_are_outputs() ? outputs : inputs) * kFloat));
  }
}

std::unique_ptr<KernelPass> make_backward_weights(const Problem& problem) {
  if (problem.order == Problem::Order::kGroupsInner) return make_channelwise_backward_weights(problem);
  if (is_local(problem.axes[0]) && is_local(problem.axes[1]) && is_local(problem.axes[2])) {
    if (auto pass = make_source_backward_weights(problem)) return pass;
    return make_local_backward_weights(problem);
  }
  if (auto pass = make_position_columns_backward_weights(problem)) return pass;
  if (auto pass = make_narrow_backward_weights(problem)) return pass;
  if (auto pass = make_sorted_backward_weights(problem)) return pass;
  return make_shared_backward_weights(problem);
}

}  // namespace conv4j
