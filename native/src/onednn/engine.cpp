#include "onednn/engine.h"

#include <string>

#include "core/cpu.h"

namespace conv4j::onednn {

namespace {

using Tag = dnnl::memory::format_tag;

constexpr auto kF32 = dnnl::memory::data_type::f32;

dnnl::engine* make_engine() {
  dnnl::set_verbose(0);  // On an error oneDNN would print to standard output.
  switch (default_isa()) {
    case Isa::kGeneric:
      dnnl::set_max_cpu_isa(dnnl::cpu_isa::sse41);
      break;
    case Isa::kAvx2:
      dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx2);
      break;
    default:
      break;
  }
  return new dnnl::engine(dnnl::engine::kind::cpu, 0);
}

// Strides of a contiguous tensor.
Dims row_major(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size() - 1; i > 0; --i) strides[i - 1] = strides[i] * std::max<int64_t>(dims[i], 1);
  return strides;
}

// Strides when dimension 1 is moved to the end.
Dims channels_last(const Dims& dims) {
  Dims strides(dims.size(), 1);
  int64_t stride = dims.size() > 1 ? dims[1] : 1;
  for (size_t i = dims.size() - 1; i > 1; --i) {
    strides[i] = stride;
    stride *= dims[i];
  }
  strides[0] = stride;
  return strides;
}

Tag blocked_tag(int block, size_t rank) {
  switch (rank) {
    case 3:
      return block == 16 ? Tag::nCw16c : block == 8 ? Tag::nCw8c : Tag::nCw4c;
    case 4:
      return block == 16 ? Tag::nChw16c : block == 8 ? Tag::nChw8c : Tag::nChw4c;
    default:
      return block == 16 ? Tag::nCdhw16c : block == 8 ? Tag::nCdhw8c : Tag::nCdhw4c;
  }
}

// Of panels of that many channels: the outputs, or the inputs.
Tag panels_tag(Layout::Order order, int block, size_t spatial) {
  constexpr Tag kTags[2][3][4] = {{{Tag::Acb8a, Tag::Acb16a, Tag::Acb24a, Tag::Acb32a},
                                   {Tag::Acdb8a, Tag::Acdb16a, Tag::Acdb24a, Tag::Acdb32a},
                                   {Tag::Acdeb8a, Tag::Acdeb16a, Tag::Acdeb24a, Tag::Acdeb32a}},
                                  {{Tag::Bca8b, Tag::Bca16b, Tag::Bca24b, Tag::Bca32b},
                                   {Tag::Bcda8b, Tag::Bcda16b, Tag::Bcda24b, Tag::Bcda32b},
                                   {Tag::Bcdea8b, Tag::Bcdea16b, Tag::Bcdea24b, Tag::Bcdea32b}}};
  return kTags[order == Layout::Order::kOcInner ? 0 : 1][spatial - 1][block / 8 - 1];
}

// Strides of own weights of one kernel, `split` their dimensions. `ic` is the index of the input channels, in front of
// which are the outputs and perhaps groups, behind which the kernel's taps.
Dims packed_strides(Layout::Order order, const Dims& split, size_t ic) {
  const bool has_groups = ic > 1;
  int64_t taps = 1;
  for (size_t i = ic + 1; i < split.size(); ++i) taps *= split[i];
  const PackedSteps steps = packed_steps(order, has_groups ? split[0] : 1, split[ic - 1], split[ic], taps);
  Dims strides(split.size(), steps.tap);
  if (has_groups) strides[0] = steps.group;
  strides[ic - 1] = steps.oc;
  strides[ic] = steps.ic;
  for (size_t i = split.size() - 1; i > ic + 1; --i) strides[i - 1] = strides[i] * split[i];
  return strides;
}

Dims split_groups(const Dims& dims, int64_t groups) {
  if (groups == 1) return dims;
  Dims split = dims;
  split[0] /= groups;
  split.insert(split.begin(), groups);
  return split;
}

Dims split_strides(Dims strides, const Dims& dims, int64_t groups) {
  if (groups == 1) return strides;
  strides.insert(strides.begin(), strides[0] * (dims[0] / groups));
  return strides;
}

}  // namespace

const dnnl::engine& engine() {
  static const dnnl::engine& instance = *make_engine();  // Never destroyed: threads may outlive main.
  return instance;
}

dnnl::stream& stream() {
  thread_local dnnl::stream instance(engine());
  return instance;
}

Error as_error(const dnnl::error& error) {
  const Status status = error.status == dnnl_out_of_memory       ? Status::kOutOfMemory
                        : error.status == dnnl_unimplemented     ? Status::kUnsupported
                        : error.status == dnnl_invalid_arguments ? Status::kInvalidArgument
                                                                 : Status::kInternal;
  return Error(status, std::string("oneDNN: ") + error.what());
}

dnnl::primitive_attr attributes() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  attr.set_fpmath_mode(dnnl::fpmath_mode::strict);
  return attr;
}

Desc activations_desc(const Layout& layout, const Dims& dims) {
  switch (layout.kind) {
    case Layout::Kind::kChannelsFirst:
      return Desc(dims, kF32, row_major(dims));
    case Layout::Kind::kChannelsLast:
      return Desc(dims, kF32, channels_last(dims));
    case Layout::Kind::kBlocked:
      return Desc(dims, kF32, blocked_tag(layout.block, dims.size()));
    default:
      throw Error(Status::kInvalidArgument, "layout: expected one of activations but got packed weights");
  }
}

Desc weights_desc(const Layout& layout, const Dims& dims, int64_t groups) {
  const Dims split = split_groups(dims, groups);
  switch (layout.kind) {
    case Layout::Kind::kChannelsFirst:
      return Desc(split, kF32, split_strides(row_major(dims), dims, groups));
    case Layout::Kind::kChannelsLast:
      return Desc(split, kF32, split_strides(channels_last(dims), dims, groups));
    case Layout::Kind::kOneDnnWeights:
      return Desc(split, kF32, static_cast<Tag>(layout.tag));
    case Layout::Kind::kPanels:
      return Desc(split, kF32, panels_tag(layout.order, layout.block, dims.size() - 2));
    case Layout::Kind::kPacked:
      return Desc(split, kF32, packed_strides(layout.order, split, split.size() - dims.size() + 1));
    default:
      throw Error(Status::kInvalidArgument, "layout: expected one of weights but got blocked activations");
  }
}

Desc any_weights_desc(const Dims& dims, int64_t groups) { return Desc(split_groups(dims, groups), kF32, Tag::any); }

Layout activations_layout(const Desc& desc) {
  const Dims dims = desc.get_dims();
  for (const Layout& layout : {Layout::channels_first(), Layout::channels_last(), Layout::blocked(16),
                               Layout::blocked(8), Layout::blocked(4)}) {
    if (desc == activations_desc(layout, dims)) return layout;
  }
  return Layout::channels_last();
}

Layout weights_layout(const Desc& desc, const Dims& dims, int64_t groups, bool flipped) {
  if (!flipped) {
    for (const Layout& layout : {Layout::channels_first(), Layout::channels_last()}) {
      if (desc == weights_desc(layout, dims, groups)) return layout;
    }
  }
  const int spatial = static_cast<int>(dims.size()) - 2;
  for (const Layout::Order order : {Layout::Order::kOcInner, Layout::Order::kIcInner}) {
    for (int block = 8; block <= 32 && groups == 1; block += 8) {
      const Layout layout = Layout::panels(order, block, spatial, flipped);
      if (desc == weights_desc(layout, dims, groups)) return layout;
    }
  }
  Layout layout;
  layout.kind = Layout::Kind::kOneDnnWeights;
  layout.groups = groups;
  layout.spatial = spatial;
  layout.flipped = flipped;
  const Dims split = desc.get_dims();
  // oneDNN does not tell a descriptor's tag, but says whether two descriptors are equal. Tags of another rank fail.
  for (int tag = dnnl_format_tag_any + 1; tag < dnnl_format_tag_last; ++tag) {
    const Desc candidate(split, kF32, static_cast<Tag>(tag), /*allow_empty=*/true);
    if (candidate.get(true) != nullptr && candidate == desc) {
      layout.tag = tag;
      return layout;
    }
  }
  throw Error(Status::kInternal, "oneDNN chose a format of weights that has no tag");
}

}  // namespace conv4j::onednn
