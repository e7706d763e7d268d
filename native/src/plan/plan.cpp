#include "plan/plan.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/parallel.h"
#include "kernels/activation/activation.h"
#include "kernels/bias/bias.h"
#include "kernels/convolution/convolution.h"
#include "kernels/dispatch.h"
#include "onednn/convolution.h"

namespace conv4j {

namespace {

constexpr int64_t kLogical = 0;  // the number of channels-first

const char* name_of(Operand operand) {
  constexpr const char* kNames[] = {"src", "weights", "dst"};
  return kNames[operand];
}

Operand result_of(Pass pass) { return pass == Pass::kForward ? kDst : pass == Pass::kBackwardData ? kSrc : kWeights; }

void check_foreign(const char* name, const Operands::Operand& operand, const Dims& dims, bool weights) {
  const Layout layout = layout_of(operand.layout);
  if (layout.is_weights() && !weights) {
    throw Error(Status::kInvalidArgument, std::string(name) + ": expected activations but got packed weights");
  }
  check_size(name, operand.address, operand.size_bytes, size_bytes(layout, dims));
}

}  // namespace

Plan::Plan(const Geometry& geometry, const Options& options)
    : geometry_(geometry), options_(options), kernels_(kernels_of(options.isa)) {
  const ScopedThreads scope(options_.threads);
  choices_ = choose(geometry_, options_.choice, options_.isa);
  prepare(nullptr);
}

Plan::Plan(const Plan& like, int64_t n)
    : geometry_(like.geometry_), options_(like.options_), kernels_(like.kernels_), choices_(like.choices_) {
  geometry_.n = n;
  const ScopedThreads scope(options_.threads);
  prepare(like.onednn_.get());
}

void Plan::prepare(const Implementation* like) {
  if (choices_.has(Choice::kOneDnn)) {
    if (options_.weights_type != DataType::kF32) {
      throw Error(Status::kUnsupported, "weights_type: oneDNN's convolutions take C4J_F32 here");
    }
    onednn_ = onednn::make_convolution(geometry_, options_.activation, like, choices_.channels_last);
  }
  if (choices_.has(Choice::kKernels)) {
    const bool is_main = choices_.of(main_pass()) == Choice::kKernels;
    const Layout weights = is_main ? Layout{} : onednn_->info(main_pass()).layouts[kWeights];
    own_ = make_kernel_convolution(geometry_, options_.weights_type, options_.isa, options_.threads, weights);
  }
  for (size_t pass = 0; pass < choices_.passes.size(); ++pass) {
    implementations_[pass] = choices_.passes[pass] == Choice::kKernels ? own_.get() : onednn_.get();
  }
  dims_[kSrc] = geometry_.src_dims();
  dims_[kWeights] = geometry_.weights_dims();
  dims_[kDst] = geometry_.dst_dims();
  if (geometry_.bias != BiasMode::kNone) {
    bias_dims_ = geometry_.bias_dims();
    logical_bias_bytes_ = size_bytes(Layout::channels_first(), bias_dims_);
  }
  bias_image_dims_ = dims_[kDst];
  bias_image_dims_[0] = 1;
  for (int i = 0; i < kOperands; ++i) {
    layouts_[i] = info(main_pass()).layouts[i];
    layout_ids_[i] = layout_id(layouts_[i]);
    own_bytes_[i] = size_bytes(layouts_[i], dims_[i]);
    for (Pass pass : kPasses) {
      const Layout& layout = info(pass).layouts[i];
      computed_[static_cast<int>(pass)][i] = {layout_id(layout), size_bytes(layout, dims_[i])};
    }
  }
}

const std::string& Plan::implementation(Pass pass) const {
  static const std::string& bias = *new std::string("kernels bias");
  return pass == Pass::kBackwardBias ? bias : info(pass).name;
}

int64_t Plan::workspace_bytes(Pass pass, bool add) const {
  if (geometry_.n == 0 && pass != Pass::kBackwardBias) return 0;
  Operands own = {};
  for (int i = 0; i < kOperands; ++i) own.of[i].layout = layout_ids_[i];
  own.bias.layout = kLogical;
  const bool biased = geometry_.bias != BiasMode::kNone;
  if (pass == Pass::kBackwardBias) return biased ? WorkspacePool::taken_bytes(stage_bias(add, own).size_bytes()) : 0;
  return WorkspacePool::taken_bytes(stage(pass, add, biased && pass == main_pass(), own).size_bytes());
}

const Reorder& Plan::reorder(int64_t from, int64_t to, const Dims& dims, bool add) const {
  const auto is_wanted = [&](const KeptReorder& kept) {
    return kept.from == from && kept.to == to && kept.dims == &dims && kept.add == add;
  };
  const auto make = [&](int64_t) {
    return KeptReorder{from, to, &dims, add, Reorder(layout_of(from), layout_of(to), dims, add)};
  };
  return reorders_.find_or_add(is_wanted, make).reorder;
}

Layout Plan::layout_given(Operand operand, const Operands& operands) const {
  const int64_t id = operands.of[operand].layout;
  return id == layout_ids_[operand] ? layouts_[operand] : layout_of(id);
}

void Plan::check(Operand operand, const Operands& operands) const {
  const Operands::Operand& given = operands.of[operand];
  if (given.layout == layout_ids_[operand]) {
    return check_size(name_of(operand), given.address, given.size_bytes, own_bytes_[operand]);
  }
  check_foreign(name_of(operand), given, dims_[operand], operand == kWeights);
}

void Plan::check(Pass pass, const Operands& operands) const {
  if (pass == Pass::kBackwardWeights && options_.weights_type != DataType::kF32) {
    throw Error(Status::kUnsupported, "pass: the weights' gradient takes a plan whose weights are C4J_F32");
  }
  const bool backward_bias = pass == Pass::kBackwardBias;
  const bool belongs = geometry_.bias != BiasMode::kNone;
  if (backward_bias) {
    require(belongs, "bias: the plan has none");
    check(bias_operand(), operands);
  } else {
    for (Operand operand : {kSrc, kWeights, kDst}) check(operand, operands);
  }
  require(!belongs || pass != main_pass() || operands.bias.address != 0, "bias: expected one, which the plan has");
  if (backward_bias || operands.bias.address != 0) {
    require(belongs, "bias: the plan has none");
    require(backward_bias || pass == main_pass(), "bias: this pass takes none");
    if (operands.bias.layout == kLogical) {
      return check_size("bias", operands.bias.address, operands.bias.size_bytes, logical_bias_bytes_);
    }
    check_foreign("bias", operands.bias, bias_dims_, false);
  }
}

void Plan::execute(Pass pass, bool add, const Operands& operands) const {
  check(pass, operands);
  if (geometry_.n == 0 && pass != Pass::kBackwardBias) {
    if (pass != Pass::kBackwardWeights || add) return;
    const int64_t bytes = size_bytes(layout_given(kWeights, operands), dims_[kWeights]);
    std::memset(operands.of[kWeights].data(), 0, static_cast<size_t>(bytes));
    return;
  }
  ensure_threads(options_.threads);
  const ScopedThreads scope(options_.threads);
  pass == Pass::kBackwardBias ? run_backward_bias(add, operands) : run(pass, add, operands);
}

Plan::Staging Plan::stage(Pass pass, bool add, bool adds_bias, const Operands& operands) const {
  const auto& info = this->info(pass);
  const Operand result = result_of(pass);
  // Own kernels begin a sum with the bias or with what they add to, not with both.
  const bool accumulates = adds_bias && info.adds_bias ? info.accumulates_bias : info.accumulates;
  Staging staging;
  staging.scratch_bytes = info.scratch_bytes;
  for (int i = 0; i < kOperands; ++i) {
    const Computed& computed = this->computed(pass, static_cast<Operand>(i));
    const int64_t given = operands.of[i].layout;
    const bool adds = add && i == result;  // while it is copied, if not while it is computed
    if (given == computed.layout && (!adds || accumulates)) continue;
    const Reorder& copy = i == result ? reorder(computed.layout, given, dims_[i], adds)
                                      : reorder(given, computed.layout, dims_[i], false);
    staging.take(copy, computed.size_bytes, staging.of[i]);
  }
  if (!adds_bias) return staging;
  if (!info.adds_bias) staging.reserve(add_bias_scratch_bytes());
  if (operands.bias.layout != kLogical) {
    staging.take(reorder(operands.bias.layout, kLogical, bias_dims_, false), logical_bias_bytes_, staging.bias);
  }
  return staging;
}

void Plan::run(Pass pass, bool add, const Operands& operands) const {
  const auto& info = this->info(pass);
  const Operand result = result_of(pass);
  const bool adds_bias = operands.bias.address != 0;
  const Staging staging = stage(pass, add, adds_bias, operands);
  const WorkspacePool::Lease workspace(workspaces_, staging.size_bytes());
  char* const scratch = workspace.data() + staging.staged_bytes;
  const auto staged = [&](const Staging::Copy& copy, void* given, bool reads) -> void* {
    if (copy.reorder == nullptr) return given;
    char* const to = workspace.data() + copy.offset;
    if (reads) copy.reorder->run(given, to, scratch);
    return to;
  };
  void* data[kOperands];
  for (int i = 0; i < kOperands; ++i) data[i] = staged(staging.of[i], operands.of[i].data(), i != result);
  const float* const bias = adds_bias ? static_cast<float*>(staged(staging.bias, operands.bias.data(), true)) : nullptr;

  const Reorder* const back = staging.of[result].reorder;
  const bool activates = pass == main_pass() && options_.activation.kind != Activation::Kind::kNone;
  const bool adds_bias_after = adds_bias && !info.adds_bias;
  Implementation::Extras extras;
  extras.add = add && back == nullptr;
  extras.activate = activates && info.activates && !adds_bias_after && (!add || extras.add);
  extras.bias = info.adds_bias ? bias : nullptr;
  implementation_of(pass).run(pass, extras, data, scratch);
  if (adds_bias_after) add_bias(static_cast<float*>(data[result]), bias, scratch);
  if (back != nullptr) back->run(data[result], operands.of[result].data(), scratch);
  if (activates && !extras.activate) {
    const ActivationView view = activation_view(layout_given(result, operands), dims(result));
    activate(kernels_, view, options_.activation, operands.of[result].floats());
  }
}

// To what the main pass computes.
int64_t Plan::add_bias_scratch_bytes() const {
  const int64_t layout = computed(main_pass(), result_of(main_pass())).layout;
  if (geometry_.bias != BiasMode::kPosition || layout == kLogical) return 0;
  return align(size_bytes(layout_of(layout), bias_image_dims_)) +
         reorder(kLogical, layout, bias_image_dims_, false).scratch_bytes();
}

void Plan::add_bias(float* result, const float* bias, char* scratch) const {
  const Operand operand = result_of(main_pass());
  const Layout& layout = info(main_pass()).layouts[operand];
  const int64_t id = computed(main_pass(), operand).layout;
  const ActivationView view = activation_view(layout, dims(operand));
  if (geometry_.bias != BiasMode::kPosition) return add_channel_bias(kernels_, view, result, bias);
  if (id == kLogical) return add_image_bias(kernels_, view, result, bias);
  float* const image = reinterpret_cast<float*>(scratch);
  reorder(kLogical, id, bias_image_dims_, false)
      .run(bias, image, scratch + align(size_bytes(layout, bias_image_dims_)));
  add_image_bias(kernels_, view, result, image);
}

// A bias per position or kernel takes the sum over the batch first, an image, and brings that to logical order.
Plan::BiasStaging Plan::stage_bias(bool add, const Operands& operands) const {
  const Operand from = bias_operand();
  const Layout layout = layout_given(from, operands);
  BiasStaging staging;
  staging.by_kernel = geometry_.bias == BiasMode::kKernel;
  if (geometry_.bias != BiasMode::kPosition && !staging.by_kernel) {
    staging.scratch_bytes = sum_channel_bias_scratch_bytes(activation_view(layout, dims(from)));
    return staging;
  }
  staging.to_logical = &reorder(operands.of[from].layout, kLogical, bias_image_dims_, false);
  staging.to_given = &reorder(kLogical, operands.bias.layout, bias_dims_, add);
  staging.image_bytes = align(size_bytes(layout, bias_image_dims_));
  staging.logical_bytes = align(size_bytes(Layout::channels_first(), bias_image_dims_));
  staging.kernel_bytes = staging.by_kernel ? align(logical_bias_bytes_) : 0;
  staging.scratch_bytes = std::max(staging.to_logical->scratch_bytes(), staging.to_given->scratch_bytes());
  return staging;
}

// Sums in whatever layout the gradient comes.
void Plan::run_backward_bias(bool add, const Operands& operands) const {
  const Operand from = bias_operand();
  const ActivationView view = activation_view(layout_given(from, operands), dims(from));
  const float* gradient = operands.of[from].floats();
  float* bias = operands.bias.floats();
  const BiasStaging staging = stage_bias(add, operands);
  const WorkspacePool::Lease workspace(workspaces_, staging.size_bytes());
  char* next = workspace.data();
  if (staging.to_logical == nullptr) return sum_channel_bias(kernels_, view, gradient, add, bias, next);
  const auto take = [&](int64_t bytes) {
    char* const taken = next;
    next += bytes;
    return taken;
  };
  auto* const image = reinterpret_cast<float*>(take(staging.image_bytes));
  auto* const sum = reinterpret_cast<float*>(take(staging.logical_bytes));
  auto* const kernel_sum = reinterpret_cast<float*>(take(staging.kernel_bytes));
  sum_image_bias(kernels_, view, gradient, image);
  staging.to_logical->run(image, sum, next);
  if (staging.by_kernel) sum_kernel_bias(geometry_, sum, kernel_sum);
  staging.to_given->run(staging.by_kernel ? kernel_sum : sum, bias, next);
}

}  // namespace conv4j
