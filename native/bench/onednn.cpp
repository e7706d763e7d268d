#include "bench/onednn.h"

#include <omp.h>

#include <dnnl.hpp>
#include <numeric>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bench/buffer.h"

namespace conv4j::bench {

namespace {

using dnnl::memory;
using Desc = memory::desc;
using Dims = memory::dims;
using Layouts = OneDnnChoice::Layouts;
using Tag = memory::format_tag;

constexpr auto kF32 = memory::data_type::f32;

struct Sizes {
  Dims src, weights, dst, strides, dilations, begins, ends;
};

Sizes sizes_of(const c4j_geometry& g) {
  Sizes sizes;
  sizes.src = {g.n, g.ic};
  sizes.dst = {g.n, g.oc};
  sizes.weights = {g.oc / g.groups, g.ic / g.groups};
  if (g.groups > 1) sizes.weights.insert(sizes.weights.begin(), g.groups);
  for (int i = 0; i < g.spatial; ++i) {
    const c4j_axis& a = g.axes[i];
    sizes.src.push_back(a.input);
    sizes.weights.push_back(a.kernel);
    sizes.dst.push_back(a.output);
    sizes.strides.push_back(a.stride);
    sizes.dilations.push_back(a.dilation - 1);  // 0 means none in oneDNN
    sizes.begins.push_back(a.pad_begin);
    // What it must be for this output size.
    sizes.ends.push_back((a.output - 1) * a.stride + (a.kernel - 1) * a.dilation + 1 - a.pad_begin - a.input);
  }
  return sizes;
}

// The mirror: a deconvolution's source is the convolution's destination.
Sizes deconvolution_of(Sizes sizes, bool grouped) {
  std::swap(sizes.src, sizes.dst);
  std::swap(sizes.weights[grouped ? 1 : 0], sizes.weights[grouped ? 2 : 1]);
  return sizes;
}

struct Made {
  dnnl::primitive primitive;
  Desc src, weights, dst, scratchpad;
  int src_argument, weights_argument, dst_argument;
  std::string name;
};

// Convolutions and deconvolutions look the same to their users.
template <typename Forward, typename BackwardData, typename BackwardWeights>
Made make(const dnnl::engine& engine, dnnl::algorithm algorithm, const Sizes& s, int64_t pass, const Desc& src,
          const Desc& weights, const Desc& dst) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const auto finish = [&](const auto& desc, const dnnl::primitive& primitive, int src_argument, int weights_argument,
                          int dst_argument) {
    const auto query = [&](int argument) { return desc.query_md(dnnl::query::exec_arg_md, argument); };
    return Made{primitive,           query(src_argument),    query(weights_argument),
                query(dst_argument), desc.scratchpad_desc(), src_argument,
                weights_argument,    dst_argument,           desc.impl_info_str()};
  };
  const auto forward = [&](const Desc& a, const Desc& b, const Desc& c) {
    return typename Forward::primitive_desc(engine, dnnl::prop_kind::forward_training, algorithm, a, b, c, s.strides,
                                            s.dilations, s.begins, s.ends, attributes);
  };
  if (pass == C4J_FORWARD) {
    const auto desc = forward(src, weights, dst);
    return finish(desc, Forward(desc), DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST);
  }
  const auto hint = forward(Desc(s.src, kF32, Tag::any), Desc(s.weights, kF32, Tag::any), Desc(s.dst, kF32, Tag::any));
  if (pass == C4J_BACKWARD_DATA) {
    const typename BackwardData::primitive_desc desc(engine, algorithm, src, weights, dst, s.strides, s.dilations,
                                                     s.begins, s.ends, hint, attributes);
    return finish(desc, BackwardData(desc), DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST);
  }
  const typename BackwardWeights::primitive_desc desc(engine, algorithm, src, weights, dst, s.strides, s.dilations,
                                                      s.begins, s.ends, hint, attributes);
  return finish(desc, BackwardWeights(desc), DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST);
}

Tag plain(size_t rank) { return rank == 3 ? Tag::abc : rank == 4 ? Tag::abcd : rank == 5 ? Tag::abcde : Tag::abcdef; }

Desc plain_desc(const Dims& dims) { return Desc(dims, kF32, plain(dims.size())); }

Tag channels_last(size_t rank) { return rank == 3 ? Tag::nwc : rank == 4 ? Tag::nhwc : Tag::ndhwc; }

}  // namespace

struct StandardConvolution::State {
  int threads;
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::vector<Buffer> buffers;
  std::vector<std::pair<dnnl::primitive, std::unordered_map<int, memory>>> steps;
  std::string name;
  memory operands[C4J_DST + 1];  // where they rest
  Desc logical[C4J_DST + 1];     // the plan's operands in logical order

  memory allocate(const Desc& desc) {
    buffers.emplace_back(static_cast<int64_t>(desc.get_size()));
    return memory(desc, engine, buffers.back().data());
  }

  // Random numbers, put in order by oneDNN so that padding lanes are zero.
  memory filled(const Desc& desc, unsigned seed) {
    memory to = allocate(desc);
    const Desc from_desc = plain_desc(desc.get_dims());
    Buffer numbers(static_cast<int64_t>(from_desc.get_size()));
    numbers.fill(seed);
    memory from(from_desc, engine, numbers.data());
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    return to;
  }

  void add_reorder(const memory& from, const memory& to) {
    steps.push_back({dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}});
  }
};

StandardConvolution::StandardConvolution(const c4j_geometry& g, int64_t pass, int threads, const OneDnnChoice& choice)
    : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.threads = threads;
  omp_set_num_threads(threads);

  const bool mirrored = choice.deconvolution;
  const Sizes of_plan = sizes_of(g), sizes = mirrored ? deconvolution_of(of_plan, g.groups > 1) : of_plan;
  state.logical[C4J_SRC] = plain_desc(of_plan.src);
  state.logical[C4J_WEIGHTS] = plain_desc(of_plan.weights);
  state.logical[C4J_DST] = plain_desc(of_plan.dst);
  if (mirrored) {
    std::vector<int> axes(of_plan.weights.size());
    std::iota(axes.begin(), axes.end(), 0);
    std::swap(axes[g.groups > 1 ? 1 : 0], axes[g.groups > 1 ? 2 : 1]);
    state.logical[C4J_WEIGHTS] = state.logical[C4J_WEIGHTS].permute_axes(axes);
  }
  const auto own_pass = [&](int64_t plan_pass) {
    return mirrored && plan_pass != C4J_BACKWARD_WEIGHTS ? C4J_FORWARD + C4J_BACKWARD_DATA - plan_pass : plan_pass;
  };
  const auto make_pass = [&](int64_t plan_pass, const Desc& src, const Desc& weights, const Desc& dst) {
    if (mirrored) {
      return make<dnnl::deconvolution_forward, dnnl::deconvolution_backward_data, dnnl::deconvolution_backward_weights>(
          state.engine, dnnl::algorithm::deconvolution_direct, sizes, own_pass(plan_pass), src, weights, dst);
    }
    return make<dnnl::convolution_forward, dnnl::convolution_backward_data, dnnl::convolution_backward_weights>(
        state.engine, dnnl::algorithm::convolution_direct, sizes, own_pass(plan_pass), src, weights, dst);
  };

  const Tag tag = choice.layouts == Layouts::kChannelsLast ? channels_last(sizes.src.size()) : Tag::any;
  const Desc src(sizes.src, kF32, tag), weights(sizes.weights, kF32, Tag::any), dst(sizes.dst, kF32, tag);
  const Made main = make_pass(g.transposed ? C4J_BACKWARD_DATA : C4J_FORWARD, src, weights, dst);
  Made made = make_pass(pass, src, weights, dst);
  if (choice.layouts == Layouts::kKept) {
    const Made kept = make_pass(pass, main.src, weights, main.dst);
    // Nobody keeps a layout that only reference loops take.
    if (kept.name.find("ref") == std::string::npos) made = kept;
  }

  const int64_t own = own_pass(pass);
  std::unordered_map<int, memory> arguments = {{DNNL_ARG_SCRATCHPAD, state.allocate(made.scratchpad)}};
  std::vector<std::pair<memory, memory>> after;
  const auto add = [&](int operand, int argument, const Desc& wanted, const Desc& resting, bool result) {
    const bool reorders = choice.keeps_layouts && wanted != resting;
    const memory used =
        reorders && !result ? state.allocate(wanted) : state.filled(wanted, static_cast<unsigned>(argument));
    arguments.emplace(argument, used);
    state.operands[operand] = used;
    if (!reorders) return;
    const memory rest = state.filled(resting, static_cast<unsigned>(argument));
    state.operands[operand] = rest;
    if (result) {
      after.emplace_back(used, rest);
    } else {
      state.add_reorder(rest, used);
    }
  };
  const int of_src = mirrored ? C4J_DST : C4J_SRC, of_dst = mirrored ? C4J_SRC : C4J_DST;
  add(of_src, made.src_argument, made.src, main.src, own == C4J_BACKWARD_DATA);
  add(C4J_WEIGHTS, made.weights_argument, made.weights, main.weights, own == C4J_BACKWARD_WEIGHTS);
  add(of_dst, made.dst_argument, made.dst, main.dst, own == C4J_FORWARD);
  state.steps.push_back({made.primitive, arguments});
  for (const auto& [from, to] : after) state.add_reorder(from, to);
  state.name = made.name + (state.steps.size() > 1 ? ", reorders: " + std::to_string(state.steps.size() - 1) : "");
}

StandardConvolution::~StandardConvolution() = default;

void StandardConvolution::run() {
  omp_set_num_threads(state_->threads);
  for (const auto& [primitive, arguments] : state_->steps) primitive.execute(state_->stream, arguments);
  state_->stream.wait();
}

std::vector<float> StandardConvolution::numbers(int64_t operand) {
  State& state = *state_;
  memory& from = state.operands[operand];
  const Desc& desc = state.logical[operand];
  std::vector<float> numbers(desc.get_size() / sizeof(float));
  memory to(desc, state.engine, numbers.data());
  dnnl::reorder(from, to).execute(state.stream, from, to);
  state.stream.wait();
  return numbers;
}

const std::string& StandardConvolution::implementation() const { return state_->name; }

}  // namespace conv4j::bench
