#include "kernels/convolution/backward_data.h"

#include <utility>

#include "kernels/convolution/channelwise.h"
#include "kernels/convolution/image_columns.h"
#include "kernels/convolution/position_columns.h"
#include "kernels/convolution/scatter.h"
#include "kernels/convolution/slide.h"
#include "kernels/convolution/tap_columns.h"

namespace conv4j {

BackwardData::BackwardData(const Problem& problem, std::vector<Grid> grids)
    : KernelPass(problem), grids_(std::move(grids)), dst_(problem.dst), lists_(problem.taps) {
  keys_ = reserve_per_thread<SegmentLists::Key>(lists_.keys());
  segments_ = reserve_per_thread<Segment>(lists_.segments());
}

void BackwardData::run(const Call& call) const {
  const Problem& p = problem_;
  const float* const dst = begin(call);
  for (int thread = 0; thread < p.threads; ++thread) lists_.clear(keys_.of<SegmentLists::Key>(call, thread));
  const bool streams = may_stream_ && streams_positions(call, call.src, p.src, p.ic, p.taps * p.oc);
  const auto run_line = [&](const Line& line, int64_t round) {
    auto* const keys = keys_.of<SegmentLists::Key>(call);
    auto* const segments = segments_.of<Segment>(call);
    Tile t = {};
    const bool by_images = line.grid->rows == 3;
    t.streams = streams && !by_images;  // See the forward pass.
    if (!by_images) t.a_ahead = line.first_next.other(dst_) - line.first.other(dst_);
    At at = {line.at(line.begin), {}, round, dst};
    for (int64_t i = line.begin; i < line.end; ++i) {
      at.next = line.at(i + 1);
      lists_.set(at.where, keys, segments, t,
                 [&](const Where& tile, Segment* list) { return find_segments(tile, list); });
      run_tile(call, at, t);
      at.where = at.next;
    }
  };
  for_each_line(grids_, rounds_, run_line, ending(streams));
}

void BackwardData::set(const Call& call, const At& at, int64_t group, Tile& t) const {
  const Problem& p = problem_;
  t.a = at.dst + at.where.other(dst_) + group * p.oc;
  t.c = call.src + at.where.own(p.src) + group * p.ic;
  t.rows = at.where.count();
  t.columns = p.ic;
  t.a_row = at.where.other_row(dst_);
  t.c_row = at.where.own_row(p.src);
  t.init = call.add ? t.c : call.bias == nullptr ? nullptr : call.bias + group * p.ic;
  t.init_row = call.add ? t.c_row : 0;
}

namespace {

std::unique_ptr<KernelPass> make_by_positions(const Problem& p) {
  const int64_t positions = p.positions();
  const bool is_few = positions < kManyPositions && !has_near_panels(p);
  // gemm_t, and rows of A, are of floats.
  const bool by_images = is_few && p.n >= kManyImages && p.weights_type == DataType::kF32;
  if (p.order == Problem::Order::kIcInner) {
    const bool is_short = p.taps * p.oc <= p.kernels.few_terms;
    if (by_images && is_short) return make_direct_backward_data(p, WeightsInPlace::kImages);
    return is_few ? make_direct_backward_data(p, WeightsInPlace::kDirect) : make_turned_backward_data(p);
  }
  if (by_images && p.n > p.kernels.lanes / 2) return make_batch_backward_data(p);
  const bool has_few_uses = positions * p.n < kManyUses && !has_near_panels(p);
  if (by_images || p.ic < kFewInputs || has_few_uses) return make_direct_backward_data(p, WeightsInPlace::kDot);
  return make_turned_backward_data(p);
}

std::unique_ptr<KernelPass> make_by_channels(const Problem& problem) {
  if (problem.order != Problem::Order::kIcInner && slides(problem, problem.ic)) {
    return make_slide_backward_data(problem);
  }
  if (problem.order == Problem::Order::kGroupsInner) return make_channelwise_backward_data(problem);
  if (auto pass = make_tap_columns_backward_data(problem)) return pass;
  if (!has_near_panels(problem)) {
    if (auto pass = make_scatter_backward_data(problem)) return pass;
  }
  return make_by_positions(problem);
}

}  // namespace

std::unique_ptr<KernelPass> make_backward_data(const Problem& problem) {
  if (auto pass = make_position_columns_backward_data(problem, make_by_channels)) return pass;
  return make_by_channels(problem);
}

}  // namespace conv4j
