#include "core/layout.h"

#include <deque>
#include <mutex>

#include "core/division.h"
#include "core/error.h"

namespace conv4j {

namespace {

struct Issued {
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

struct Table {
  std::mutex mutex;
  std::deque<Issued> issued;  // A deque: names stay where they are.

  Table() {
    for (const Layout& layout : {Layout::channels_first(), Layout::channels_last()}) {
      issued.push_back({layout, describe(layout)});
    }
  }
};

Table& table() {
  static Table& instance = *new Table;  // Never destroyed: threads may outlive main.
  return instance;
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

int64_t layout_id(const Layout& layout) {
  Table& t = table();
  std::lock_guard<std::mutex> lock(t.mutex);
  for (size_t i = 0; i < t.issued.size(); ++i) {
    if (t.issued[i].layout == layout) return static_cast<int64_t>(i);
  }
  t.issued.push_back({layout, describe(layout)});
  return static_cast<int64_t>(t.issued.size()) - 1;
}

Layout layout_of(int64_t id) {
  if (id == 0) return Layout::channels_first();
  if (id == 1) return Layout::channels_last();
  Table& t = table();
  std::lock_guard<std::mutex> lock(t.mutex);
  require(id >= 0 && id < static_cast<int64_t>(t.issued.size()), "layout: expected a number that was issued");
  return t.issued[static_cast<size_t>(id)].layout;
}

const char* layout_name(int64_t id) {
  Table& t = table();
  std::lock_guard<std::mutex> lock(t.mutex);
  if (id < 0 || id >= static_cast<int64_t>(t.issued.size())) return nullptr;
  return t.issued[static_cast<size_t>(id)].name.c_str();
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
