#include "bench/onednn.h"

#include <omp.h>

#include <dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "bench/buffer.h"

namespace conv4j::bench {

namespace {

using dnnl::convolution_backward_data;
using dnnl::convolution_backward_weights;
using dnnl::convolution_forward;
using dnnl::memory;
using Desc = memory::desc;
using Tag = memory::format_tag;

constexpr auto kF32 = memory::data_type::f32;
constexpr auto kDirect = dnnl::algorithm::convolution_direct;

}  // namespace

struct StandardConvolution::State {
  int threads;
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::primitive primitive;
  std::vector<Buffer> buffers;
  std::unordered_map<int, memory> arguments;

  memory allocate(const Desc& desc) {
    buffers.emplace_back(static_cast<int64_t>(desc.get_size()));
    return memory(desc, engine, buffers.back().data());
  }

  // Random numbers, put in order by oneDNN so that padding lanes are zero.
  void add(int argument, const Desc& desc, Tag plain) {
    memory to = allocate(desc);
    const Desc from_desc(desc.get_dims(), kF32, plain);
    Buffer numbers(static_cast<int64_t>(from_desc.get_size()));
    numbers.fill(static_cast<unsigned>(argument));
    memory from(from_desc, engine, numbers.data());
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    arguments.emplace(argument, to);
  }
};

StandardConvolution::StandardConvolution(const c4j_geometry& g, int64_t pass, int threads, bool channels_last)
    : state_(std::make_unique<State>()) {
  state_->threads = threads;
  omp_set_num_threads(threads);
  const c4j_axis &h = g.axes[0], &w = g.axes[1];
  const Tag tag = channels_last ? Tag::nhwc : Tag::any;
  const Desc src({g.n, g.ic, h.input, w.input}, kF32, tag);
  const Desc weights({g.oc, g.ic, h.kernel, w.kernel}, kF32, Tag::any);
  const Desc dst({g.n, g.oc, h.output, w.output}, kF32, tag);
  const memory::dims strides = {h.stride, w.stride}, dilations = {h.dilation - 1, w.dilation - 1};
  // What the padding at the end must be for this output size.
  const auto end = [](const c4j_axis& a) {
    return (a.output - 1) * a.stride + (a.kernel - 1) * a.dilation + 1 - a.pad_begin - a.input;
  };
  const memory::dims begins = {h.pad_begin, w.pad_begin}, ends = {end(h), end(w)};
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);

  const convolution_forward::primitive_desc forward(state_->engine, dnnl::prop_kind::forward_training, kDirect, src,
                                                    weights, dst, strides, dilations, begins, ends, attributes);
  const auto finish = [&](const auto& desc, const dnnl::primitive& primitive, int src_argument, int weights_argument,
                          int dst_argument) {
    state_->primitive = primitive;
    const auto query = [&](int argument) { return desc.query_md(dnnl::query::exec_arg_md, argument); };
    state_->add(src_argument, query(src_argument), Tag::nchw);
    state_->add(weights_argument, query(weights_argument), Tag::oihw);
    state_->add(dst_argument, query(dst_argument), Tag::nchw);
    state_->arguments.emplace(DNNL_ARG_SCRATCHPAD, state_->allocate(desc.scratchpad_desc()));
  };
  if (pass == C4J_FORWARD) {
    finish(forward, convolution_forward(forward), DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST);
  } else if (pass == C4J_BACKWARD_DATA) {
    const convolution_backward_data::primitive_desc desc(state_->engine, kDirect, src, weights, dst, strides, dilations,
                                                         begins, ends, forward, attributes);
    finish(desc, convolution_backward_data(desc), DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST);
  } else {
    const convolution_backward_weights::primitive_desc desc(state_->engine, kDirect, src, weights, dst, strides,
                                                            dilations, begins, ends, forward, attributes);
    finish(desc, convolution_backward_weights(desc), DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST);
  }
}

StandardConvolution::~StandardConvolution() = default;

void StandardConvolution::run() {
  omp_set_num_threads(state_->threads);
  state_->primitive.execute(state_->stream, state_->arguments);
  state_->stream.wait();
}

}  // namespace conv4j::bench
