#include "onednn/reorder.h"

#include <algorithm>

#include "core/division.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "onednn/engine.h"

namespace conv4j::onednn {

namespace {

// Where only dimension 1 plays a part, the dimensions behind it are one. (oneDNN takes 12; a Shape may have more.)
Dims as_activations(const Dims& dims) {
  Dims three = {dims[0], dims.size() > 1 ? dims[1] : 1, 1};
  for (size_t i = 2; i < dims.size(); ++i) three[2] *= dims[i];
  return three;
}

Desc describe(const Layout& layout, const Dims& dims, int64_t groups) {
  return groups == 0 ? activations_desc(layout, as_activations(dims)) : weights_desc(layout, dims, groups);
}

void check_weights(const Layout& layout, const Dims& dims) {
  require(static_cast<int>(dims.size()) == layout.spatial + 2 && dims[0] % layout.groups == 0,
          "dims: expected the rank and groups that the weights were packed for");
}

// Every run of `length` elements reversed, which turns a kernel round on all of its axes.
void reverse_runs(const float* from, float* to, int64_t count, int64_t length) {
  parallel_for((count + 4095) / 4096, [&](int64_t piece) {
    for (int64_t i = piece * 4096; i < std::min(count, (piece + 1) * 4096); ++i) {
      std::reverse_copy(from + i * length, from + (i + 1) * length, to + i * length);
    }
  });
}

}  // namespace

int64_t size_bytes(const Layout& layout, const Dims& dims) {
  if (layout.is_weights()) check_weights(layout, dims);
  int64_t least = 0;
  require(!__builtin_mul_overflow(elements(dims), static_cast<int64_t>(sizeof(float)), &least),
          "dims: expected at most 2^63 - 1 bytes");
  if (layout.is_plain() || layout.kind == Layout::Kind::kPacked || least == 0) return least;
  int64_t size = 0;
  bool fits = true;
  if (layout.kind == Layout::Kind::kBlocked) {
    const int64_t channels = dims.size() > 1 ? dims[1] : 1;
    fits = !__builtin_mul_overflow(least / channels, ceil_div(channels, layout.block) * layout.block, &size);
  } else {
    size = guarded([&] { return static_cast<int64_t>(weights_desc(layout, dims, layout.groups).get_size()); });
    fits = size >= least;
  }
  require(fits, "dims: expected at most 2^63 - 1 bytes, padding included");
  return size;
}

Reorder::Step::Step(const Desc& from, const Desc& to, bool add)
    : desc([&] {
        dnnl::primitive_attr attr = attributes();
        if (add) {
          dnnl::post_ops sum;
          sum.append_sum();
          attr.set_post_ops(sum);
        }
        return dnnl::reorder::primitive_desc(engine(), from, engine(), to, attr);
      }()),
      runner(dnnl::reorder(desc), {{DNNL_ARG_FROM, desc.src_desc()},
                                   {DNNL_ARG_TO, desc.dst_desc()},
                                   {DNNL_ARG_SCRATCHPAD, desc.scratchpad_desc()}}) {}

void Reorder::Step::run(const float* from, float* to, char* scratch) const {
  const void* const data[] = {from, to, scratch};
  runner.run(data);
}

Reorder::Reorder(const Layout& from, const Layout& to, const Dims& dims, bool add) {
  for (const Layout* layout : {&from, &to}) {
    if (layout->is_weights()) check_weights(*layout, dims);
  }
  const bool weights = from.is_weights() || to.is_weights();
  flips_ = from.flipped != to.flipped;
  // Blocks of activations are of dimension 1, whatever weights would make of it.
  const bool mixes = weights && (from.kind == Layout::Kind::kBlocked || to.kind == Layout::Kind::kBlocked);
  is_direct_ = !flips_ && !mixes && (from.groups == to.groups || !from.is_weights() || !to.is_weights());
  guarded([&] {
    if (is_direct_) {
      const int64_t groups = !weights ? 0 : from.is_weights() ? from.groups : to.groups;
      steps_.emplace_back(describe(from, dims, groups), describe(to, dims, groups), add);
      return;
    }
    const Layout logical = Layout::channels_first();
    const auto groups_of = [](const Layout& layout) -> int64_t {
      if (layout.is_weights()) return layout.groups;
      return layout.kind == Layout::Kind::kBlocked ? 0 : 1;
    };
    const Layout& packed = from.flipped ? from : to;
    for (int i = 0; i < packed.spatial; ++i) kernel_ *= dims[dims.size() - 1 - static_cast<size_t>(i)];
    logical_bytes_ = elements(dims) * static_cast<int64_t>(sizeof(float));
    steps_.emplace_back(describe(from, dims, groups_of(from)), describe(logical, dims, groups_of(from)), false);
    steps_.emplace_back(describe(logical, dims, groups_of(to)), describe(to, dims, groups_of(to)), add);
  });
}

int64_t Reorder::scratch_bytes() const {
  int64_t steps = 0;
  for (const Step& step : steps_) {
    steps = std::max(steps, static_cast<int64_t>(step.desc.scratchpad_desc().get_size()));
  }
  return align(steps) + (is_direct_ ? 0 : align(logical_bytes_) * (flips_ ? 2 : 1));
}

void Reorder::run(const float* from, float* to, char* scratch) const {
  guarded([&] {
    if (is_direct_) {
      steps_[0].run(from, to, scratch);
      return;
    }
    float* logical = reinterpret_cast<float*>(scratch);
    scratch += align(logical_bytes_);
    float* turned = logical;
    if (flips_) {
      turned = reinterpret_cast<float*>(scratch);
      scratch += align(logical_bytes_);
    }
    steps_[0].run(from, logical, scratch);
    if (flips_) {
      const int64_t count = logical_bytes_ / static_cast<int64_t>(sizeof(float)) / kernel_;
      reverse_runs(logical, turned, count, kernel_);
    }
    steps_[1].run(turned, to, scratch);
  });
}

}  // namespace conv4j::onednn
