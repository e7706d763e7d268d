#include "onednn/convolution.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "core/error.h"
#include "core/memory.h"
#include "onednn/engine.h"
#include "onednn/runner.h"

namespace conv4j::onednn {

namespace {

using dnnl::convolution_backward_data;
using dnnl::convolution_backward_weights;
using dnnl::convolution_forward;

constexpr auto kDirect = dnnl::algorithm::convolution_direct;
constexpr auto kF32 = dnnl::memory::data_type::f32;
constexpr auto kAny = dnnl::memory::format_tag::any;

// oneDNN takes a padding at the end only above -stride, and wants it to fit the output size exactly. Source elements
// behind the last tap are therefore cut off where they are too many, which only a transposed layer's output padding
// makes them.
struct Fitted {
  Dims src;  // as far as oneDNN sees it
  Dims strides, dilations, begin, end;
  bool is_cropped = false;
  bool is_untouched = false;  // no tap falls on the source at all
};

Fitted fit(const Geometry& geometry) {
  Fitted fitted;
  fitted.src = geometry.src_dims();
  for (size_t i = 0; i < geometry.axes.size(); ++i) {
    const Axis& axis = geometry.axes[i];
    const int64_t needed = (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation + 1 - axis.pad_begin;
    int64_t& input = fitted.src[2 + i];
    if (needed - input <= -axis.stride) {
      input = std::max<int64_t>(needed + axis.stride - 1, 1);
      fitted.is_cropped = true;
    }
    fitted.is_untouched = fitted.is_untouched || needed - input <= -axis.stride;
    fitted.strides.push_back(axis.stride);
    fitted.dilations.push_back(axis.dilation - 1);  // 0 means none in oneDNN
    fitted.begin.push_back(axis.pad_begin);
    fitted.end.push_back(needed - input);
  }
  return fitted;
}

int index(Pass pass) { return static_cast<int>(pass); }

bool has(const std::string& name, const char* part) { return name.find(part) != std::string::npos; }

template <typename PrimitiveDesc>
bool is_reference(const PrimitiveDesc& desc) {
  return has(desc.impl_info_str(), "ref");
}

// Whether oneDNN 3.11's loops go wrong in that gradient of weights.
bool miscounts(const convolution_backward_weights::primitive_desc& desc, const Fitted& fitted,
               const Geometry& geometry) {
  const std::string name = desc.impl_info_str();
  // 1 x 1 kernels with a stride copy the source that they meet, position p to a block of channels times p. Channels
  // last with fewer channels than a block have less space than that: they write over the sums and the barrier of the
  // threads, so that they may never return, and past their scratch.
  if (has(name, "jit_1x1")) {
    const int64_t block = has(name, "avx512") ? 16 : 8;
    const bool has_stride =
        std::any_of(geometry.axes.begin(), geometry.axes.end(), [](auto& a) { return a.stride > 1; });
    return has_stride && fitted.src[1] < block && activations_layout(desc.src_desc()).kind != Layout::Kind::kBlocked;
  }
  if (!has(name, "jit:avx512_core")) return false;
  // In 3-D they carry the tap at the front from one depth of the output to the next and lose count of them where the
  // padding is more than a stride and no multiple of it, or the kernel longer than the source; they even write outside
  // of the gradient. Along a row of more than 28 outputs, with dilation and stride, they are wrong for paddings from 15
  // on (of 29000 random layers 158, none with less, or with dilation or stride 1).
  constexpr int64_t kSafePadding = 8;
  const Axis &depth = geometry.axes.front(), &width = geometry.axes.back();
  if (width.dilation > 1 && width.stride > 1 && width.pad_begin > kSafePadding) return true;
  return geometry.axes.size() == 3 && depth.pad_begin > depth.stride &&
         (depth.pad_begin % depth.stride != 0 || depth.kernel > fitted.src[2]);
}

// Fixed layouts, unless only oneDNN's reference loops take them and it has something better in layouts that this
// library has words for.
template <typename Make>
auto without_reference(const Make& make) {
  auto fixed = make(false);
  if (!is_reference(fixed)) return fixed;
  auto any = make(true);
  for (int argument : {DNNL_ARG_SRC, DNNL_ARG_DIFF_SRC, DNNL_ARG_DST, DNNL_ARG_DIFF_DST}) {
    const Desc desc = any.query_md(dnnl::query::exec_arg_md, argument);
    if (!desc.is_zero() && desc != activations_desc(activations_layout(desc), desc.get_dims())) return fixed;
  }
  return is_reference(any) ? fixed : any;
}

class Convolution : public Implementation {
 public:
  Convolution(const Geometry& geometry, const Activation& activation, const Implementation* like, bool channels_last)
      : geometry_(geometry), activation_(activation), fitted_(fit(geometry)) {
    if (geometry_.n == 0) geometry_.n = 1;  // For the layouts; such a plan never runs.
    fitted_.src[0] = geometry_.n;
    if (like != nullptr) {
      const PassInfo& info = like->info(geometry.main_pass());
      src_ = info.layouts[kSrc];
      weights_ = info.layouts[kWeights];
      dst_ = info.layouts[kDst];
    } else if (!fitted_.is_untouched) {
      choose_layouts(channels_last);
    }
    if (fitted_.is_untouched) {
      name_untouched();
    } else {
      make_primitives();
    }
  }

  void run(Pass pass, const Extras& extras, void* const operands[kOperands], char* scratch) const override {
    if (fitted_.is_untouched) return run_untouched(pass, operands);
    float* const given_src = static_cast<float*>(operands[kSrc]);
    float* src = given_src;
    if (fitted_.is_cropped) {
      src = reinterpret_cast<float*>(scratch);
      scratch += align(static_cast<int64_t>(desc(pass, kSrc).get_size()));
      if (pass != Pass::kBackwardData) crop(pass, given_src, src, scratch);
    }
    const void* const data[] = {src, operands[kWeights], operands[kDst], scratch, extras.bias};
    const bool has_extras = extras.add || extras.activate;
    (has_extras ? extended_[extras.add][extras.activate] : runners_[index(pass)])->run(data);
    if (fitted_.is_cropped && pass == Pass::kBackwardData) {
      std::memset(given_src, 0, full_.get_size());
      crop(pass, src, given_src, scratch);
    }
  }

 private:
  bool has_channel_bias() const { return geometry_.bias == BiasMode::kChannel; }

  Desc bias_desc() const { return Desc({geometry_.oc}, kF32, dnnl::memory::format_tag::a); }

  struct Favourites {
    Desc src, weights, dst;
  };

  // What the main pass likes best of these.
  Favourites favourites(const Desc& src, const Desc& dst, const Desc& weights) const {
    const auto forward = forward_desc(src, weights, dst, false);
    if (!geometry_.transposed) return {forward.src_desc(), forward.weights_desc(), forward.dst_desc()};
    const auto backward = backward_data_desc(src, weights, dst, forward);
    return {backward.diff_src_desc(), backward.weights_desc(), backward.diff_dst_desc()};
  }

  // Weights are chosen at the canonical batch, activations at the plan's.
  void choose_layouts(bool channels_last) {
    const Dims weights_dims = geometry_.weights_dims();
    const auto find = [&](int64_t n, const Desc& weights) {
      const auto activations = [&](Dims dims) {
        dims[0] = n;
        return channels_last ? activations_desc(Layout::channels_last(), dims) : Desc(dims, kF32, kAny);
      };
      return favourites(activations(fitted_.src), activations(geometry_.dst_dims()), weights);
    };
    const Desc weights = find(kCanonicalBatch, any_weights_desc(weights_dims, geometry_.groups)).weights;
    weights_ = weights_layout(weights, weights_dims, geometry_.groups, geometry_.flipped);
    const Favourites best = find(geometry_.n, weights);
    src_ = channels_last ? Layout::channels_last() : activations_layout(best.src);
    dst_ = channels_last ? Layout::channels_last() : activations_layout(best.dst);
  }

  // A layout, as oneDNN spells it where it is its favourite. With one channel, channels first and last are the same but
  // for a stride that plays no part; yet implementations insist on theirs, and only the reference loops are left.
  static Desc spelled(const Layout& layout, const Desc& favourite) {
    const Desc ours = activations_desc(layout, favourite.get_dims());
    return favourite == ours ? favourite : ours;
  }

  void make_primitives() {
    if (fitted_.is_cropped) {
      full_ = activations_desc(Layout::channels_first(), geometry_.src_dims());
      window_ = full_.submemory_desc(fitted_.src, Dims(fitted_.src.size(), 0));
    }
    const Desc any_src(fitted_.src, kF32, kAny);
    const Desc any_dst(geometry_.dst_dims(), kF32, kAny);
    const Desc any_weights = any_weights_desc(geometry_.weights_dims(), geometry_.groups);
    const Desc fixed_weights = weights_desc(weights_, geometry_.weights_dims(), geometry_.groups);
    const Favourites best = favourites(any_src, any_dst, fixed_weights);
    // A source that is cut, in logical order, is copied anyway.
    const Desc fixed_src = fitted_.is_cropped ? any_src : spelled(src_, best.src);
    const Desc fixed_dst = spelled(dst_, best.dst);

    const bool fuses_bias = has_channel_bias() && !geometry_.transposed;
    const auto forward_hint = forward_desc(any_src, any_weights, any_dst, false);
    // In the main pass, `any` takes weights of another layout where those of the canonical batch have reference loops
    // alone (128 to 128 channels, 3 x 3, one image, AVX2: 2200 times the time).
    const auto forward = without_reference([&](bool any) {
      if (any) return forward_desc(any_src, any_weights, any_dst, fuses_bias);
      return forward_desc(fixed_src, geometry_.transposed ? any_weights : fixed_weights, fixed_dst, fuses_bias);
    });
    infos_[index(Pass::kForward)].adds_bias = fuses_bias;
    set(Pass::kForward, forward, forward.src_desc(), forward.weights_desc(), forward.dst_desc());
    if (!geometry_.transposed && !fitted_.is_cropped) extend(forward, fuses_bias);

    const auto backward_data = without_reference([&](bool any) {
      if (any) return backward_data_desc(any_src, any_weights, any_dst, forward_hint);
      return backward_data_desc(fixed_src, geometry_.transposed ? fixed_weights : any_weights, fixed_dst, forward_hint);
    });
    set(Pass::kBackwardData, backward_data, backward_data.diff_src_desc(), backward_data.weights_desc(),
        backward_data.diff_dst_desc());

    const auto backward_weights = without_reference([&](bool any) {
      return any ? backward_weights_desc(any_src, any_weights, any_dst, forward_hint)
                 : backward_weights_desc(fixed_src, any_weights, fixed_dst, forward_hint);
    });
    set(Pass::kBackwardWeights, backward_weights, backward_weights.src_desc(), backward_weights.diff_weights_desc(),
        backward_weights.diff_dst_desc());
  }

  // The forward pass with what can follow in the same loops, where these stay the same: a sum with what is there, and
  // an activation. Of those only the leaky ReLU: oneDNN's ReLU makes zeros of NaN, its GELU NaN of infinity, and its
  // others are no faster than a pass of their own.
  void extend(const convolution_forward::primitive_desc& plain, bool bias) {
    PassInfo& info = infos_[index(Pass::kForward)];
    const bool is_leaky = activation_.kind == Activation::Kind::kLeakyRelu && activation_.slope != 0;
    const auto extended = [&](bool add, bool activate) {
      dnnl::post_ops operations;
      if (add) operations.append_sum();
      if (activate) operations.append_eltwise(dnnl::algorithm::eltwise_relu, activation_.slope, 0);
      dnnl::primitive_attr attributes = onednn::attributes();
      attributes.set_post_ops(operations);
      const auto made = forward_desc(plain.src_desc(), plain.weights_desc(), plain.dst_desc(), bias, attributes,
                                     /*allow_empty=*/true);
      if (!made || std::string(made.impl_info_str()) != plain.impl_info_str()) return false;
      info.scratch_bytes = std::max(info.scratch_bytes, static_cast<int64_t>(made.scratchpad_desc().get_size()));
      extended_[add][activate] = make_runner(Pass::kForward, made);
      return true;
    };
    info.activates = is_leaky && extended(false, true) && extended(true, true);
    info.accumulates = info.accumulates_bias = extended(true, false);
  }

  convolution_forward::primitive_desc forward_desc(const Desc& src, const Desc& weights, const Desc& dst, bool bias,
                                                   const dnnl::primitive_attr& attributes = onednn::attributes(),
                                                   bool allow_empty = false) const {
    return convolution_forward::primitive_desc(engine(), dnnl::prop_kind::forward_training, kDirect, src, weights,
                                               bias ? bias_desc() : Desc(), dst, fitted_.strides, fitted_.dilations,
                                               fitted_.begin, fitted_.end, attributes, allow_empty);
  }

  convolution_backward_data::primitive_desc backward_data_desc(const Desc& src, const Desc& weights, const Desc& dst,
                                                               const convolution_forward::primitive_desc& hint) const {
    return convolution_backward_data::primitive_desc(engine(), kDirect, src, weights, dst, fitted_.strides,
                                                     fitted_.dilations, fitted_.begin, fitted_.end, hint, attributes());
  }

  convolution_backward_weights::primitive_desc backward_weights_desc(
      const Desc& src, const Desc& weights, const Desc& dst, const convolution_forward::primitive_desc& hint) const {
    convolution_backward_weights::primitive_desc desc(engine(), kDirect, src, weights, dst, fitted_.strides,
                                                      fitted_.dilations, fitted_.begin, fitted_.end, hint,
                                                      attributes());
    while (miscounts(desc, fitted_, geometry_)) {
      if (!desc.next_impl()) throw Error(Status::kUnsupported, "implementation: oneDNN has none that is right here");
    }
    return desc;
  }

  template <typename PrimitiveDesc>
  std::unique_ptr<Runner> make_runner(Pass pass, const PrimitiveDesc& primitive_desc) const {
    const bool to_src = pass == Pass::kBackwardData;
    const bool to_weights = pass == Pass::kBackwardWeights;
    Runner::Arguments arguments = {{to_src ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, desc(pass, kSrc)},
                                   {to_weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, desc(pass, kWeights)},
                                   {to_src || to_weights ? DNNL_ARG_DIFF_DST : DNNL_ARG_DST, desc(pass, kDst)},
                                   {DNNL_ARG_SCRATCHPAD, primitive_desc.scratchpad_desc()}};
    if (infos_[index(pass)].adds_bias) arguments.emplace_back(DNNL_ARG_BIAS, bias_desc());
    return std::make_unique<Runner>(dnnl::primitive(primitive_desc.get()), std::move(arguments));
  }

  template <typename PrimitiveDesc>
  void set(Pass pass, const PrimitiveDesc& primitive_desc, const Desc& src, const Desc& weights, const Desc& dst) {
    const bool to_src = pass == Pass::kBackwardData;
    Desc* descs = descs_[index(pass)];
    descs[kSrc] = src;
    descs[kWeights] = weights;
    descs[kDst] = dst;
    runners_[index(pass)] = make_runner(pass, primitive_desc);
    PassInfo& info = infos_[index(pass)];
    info.layouts[kSrc] = fitted_.is_cropped ? Layout::channels_first() : activations_layout(src);
    info.layouts[kDst] = activations_layout(dst);
    info.layouts[kWeights] = weights_layout(weights, geometry_.weights_dims(), geometry_.groups, geometry_.flipped);
    info.name = std::string("onednn ") + primitive_desc.impl_info_str();
    info.scratch_bytes = static_cast<int64_t>(primitive_desc.scratchpad_desc().get_size());
    if (!fitted_.is_cropped) return;
    // What oneDNN does not see has gradient 0.
    const dnnl::reorder::primitive_desc crop(engine(), to_src ? src : window_, engine(), to_src ? window_ : src,
                                             attributes());
    crops_[index(pass)] =
        std::make_unique<Runner>(dnnl::reorder(crop), Runner::Arguments{{DNNL_ARG_FROM, crop.src_desc()},
                                                                        {DNNL_ARG_TO, crop.dst_desc()},
                                                                        {DNNL_ARG_SCRATCHPAD, crop.scratchpad_desc()}});
    const auto crop_bytes = static_cast<int64_t>(crop.scratchpad_desc().get_size());
    info.scratch_bytes = align(static_cast<int64_t>(src.get_size())) + std::max(info.scratch_bytes, crop_bytes);
  }

  const Desc& desc(Pass pass, Operand operand) const { return descs_[index(pass)][operand]; }

  // Between the source and the part of it that oneDNN sees.
  void crop(Pass pass, const float* from, float* to, char* scratch) const {
    const void* const data[] = {from, to, scratch};
    crops_[index(pass)]->run(data);
  }

  void name_untouched() {
    for (Pass pass : kPasses) {
      infos_[index(pass)].name = "zeros: no tap falls on the source";
    }
  }

  void run_untouched(Pass pass, void* const operands[kOperands]) const {
    const Operand result = pass == Pass::kForward ? kDst : pass == Pass::kBackwardData ? kSrc : kWeights;
    const Dims dims = result == kDst   ? geometry_.dst_dims()
                      : result == kSrc ? geometry_.src_dims()
                                       : geometry_.weights_dims();
    std::memset(operands[result], 0, static_cast<size_t>(elements(dims)) * sizeof(float));
  }

  Geometry geometry_;
  Activation activation_;
  Fitted fitted_;
  Layout src_, weights_, dst_;
  std::unique_ptr<Runner> runners_[3];
  std::unique_ptr<Runner> extended_[2][2];  // of the forward pass: [add][activate]
  std::unique_ptr<Runner> crops_[3];        // where the source is cropped
  Desc descs_[3][kOperands];
  Desc full_, window_;
};

}  // namespace

std::unique_ptr<Implementation> make_convolution(const Geometry& geometry, const Activation& activation,
                                                 const Implementation* like, bool channels_last) {
  return guarded([&] { return std::make_unique<Convolution>(geometry, activation, like, channels_last); });
}

bool is_direct(const std::string& name) { return !has(name, "gemm") && !has(name, "ref"); }

bool is_blocked_avx2(const std::string& name) { return has(name, "jit:avx2"); }

bool is_older(const std::string& name, Isa isa) {
  return (isa == Isa::kAvx512 && has(name, "avx2")) || (isa >= Isa::kAvx2 && has(name, "sse41"));
}

}  // namespace conv4j::onednn
