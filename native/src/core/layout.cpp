#include "core/layout.h"

#include <string>

#include "core/division.h"
#include "core/error.h"
#include "core/growing_list.h"

namespace conv4j {

namespace {

struct Issued {
  int64_t id;
  Layout layout;
  std::string name;
};

std::string describe_weights(const Layout& layout) {
  switch (layout.kind) {
    case Layout::Kind::kPacked:
      return std::string("packed_") + order_name(layout.order);
    case Layout::Kind::kPanels:
      return "panels_" + std::to_string(layout.block) + "_" + order_name(layout.order);
    default:
      return "onednn_weights_" + std::to_string(layout.tag);
  }
}

std::string describe(const Layout& layout) {
  switch (layout.kind) {
    case Layout::Kind::kChannelsFirst:
      return "channels_first";
    case Layout::Kind::kChannelsLast:
      return "channels_last";
    case Layout::Kind::kBlocked:
      return "blocked_" + std::to_string(layout.block);
    default:
      return describe_weights(layout) + (layout.groups > 1 ? "_groups_" + std::to_string(layout.groups) : "") +
             (layout.flipped ? "_flipped" : "") + (layout.type == DataType::kBf16 ? "_bf16" : "");
  }
}

using Table = GrowingList<Issued>;

const Issued& issue(Table& table, const Layout& layout) {
  return table.find_or_add([&](const Issued& issued) { return issued.layout == layout; },
                           [&](int64_t size) {
                             return Issued{size, layout, describe(layout)};
                           });
}

Table& table() {
  static Table& instance = *[] {
    auto* const table = new Table;  // Never destroyed: threads may outlive main.
    for (const Layout& layout : {Layout::channels_first(), Layout::channels_last()}) issue(*table, layout);
    return table;
  }();
  return instance;
}

const Issued* find(int64_t id) {
  return table().find([id](const Issued& issued) { return issued.id == id; });
}

}  // namespace

const char* order_name(Layout::Order order) {
  constexpr const char* kNames[] = {"oc_inner", "ic_inner", "groups_inner"};
  return kNames[static_cast<int>(order)];
}

PackedSteps packed_steps(Layout::Order order, int64_t groups, int64_t oc, int64_t ic, int64_t taps) {
  const int64_t kernel = groups * taps * ic * oc;
  switch (order) {
    case Layout::Order::kOcInner:
      return {kernel, taps * ic * oc, ic * oc, oc, 1};
    case Layout::Order::kIcInner:
      return {kernel, taps * ic * oc, ic, 1, taps * ic};
    default:
      return {kernel, oc, ic * groups * oc, groups * oc, 1};
  }
}

int64_t layout_id(const Layout& layout) { return issue(table(), layout).id; }

Layout layout_of(int64_t id) {
  const Issued* const issued = find(id);
  require(issued != nullptr, "layout: expected a number that was issued");
  return issued->layout;
}

const char* layout_name(int64_t id) {
  const Issued* const issued = find(id);
  return issued == nullptr ? nullptr : issued->name.c_str();
}

int64_t elements(const Dims& dims) {
  int64_t product = 1;
  for (int64_t size : dims) {
    require(size >= 0 && !__builtin_mul_overflow(product, size, &product), "dims: expected a product below 2^63");
  }
  return product;
}

ActivationView activation_view(const Layout& layout, const Dims& dims) {
  require(!layout.is_weights(), "layout: expected one of activations but got packed weights");
  ActivationView view{dims[0], dims.size() > 1 ? dims[1] : 1, 1, 1, 1};
  for (size_t i = 2; i < dims.size(); ++i) view.positions *= dims[i];
  if (layout.kind == Layout::Kind::kChannelsFirst) {
    view.blocks = view.channels;
  } else if (layout.kind == Layout::Kind::kChannelsLast) {
    view.lanes = view.channels;
  } else {
    view.blocks = ceil_div(view.channels, layout.block);
    view.lanes = layout.block;
  }
  return view;
}

}  // namespace conv4j
