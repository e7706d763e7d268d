// Where the elements of a logical shape lie, and what they are. A layout goes by a number outside the core.
#ifndef CONV4J_CORE_LAYOUT_H_
#define CONV4J_CORE_LAYOUT_H_

#include <cstdint>

#include "core/data_type.h"
#include "core/geometry.h"

namespace conv4j {

struct Layout {
  enum class Kind {
    kChannelsFirst,  // logical order
    kChannelsLast,   // dimension 1 moved to the end
    kBlocked,        // [n][c / block][spatial][block], the last block filled up with zeros
    kOneDnnWeights,  // a oneDNN format of weights, their groups split off as a dimension of their own
    kPanels,         // weights of one kernel, [oc / block][K][ic][block] or, in the other order, [ic / block][K][oc]
                     // [block], the last panel filled up with zeros
    kPacked          // weights of own kernels
  };

  // The order of packed weights, K standing for the kernel's taps. Nothing is padded.
  enum class Order {
    kOcInner,     // [kernel position][group][K][ic / groups][oc / groups]
    kIcInner,     // [kernel position][group][oc / groups][K][ic / groups]
    kGroupsInner  // [kernel position][K][ic / groups][oc]
  };

  Kind kind = Kind::kChannelsFirst;
  int block = 0;                  // kBlocked, kPanels
  int tag = 0;                    // kOneDnnWeights: the dnnl_format_tag_t
  Order order = Order::kOcInner;  // kPacked, kPanels
  int64_t groups = 1;             // weights
  int spatial = 0;                // weights: how many trailing dimensions are the kernel's
  bool flipped = false;           // weights: the kernel is stored the other way round
  DataType type = DataType::kF32;

  bool operator==(const Layout& other) const {
    return kind == other.kind && block == other.block && tag == other.tag && order == other.order &&
           groups == other.groups && spatial == other.spatial && flipped == other.flipped && type == other.type;
  }
  bool operator!=(const Layout& other) const { return !(*this == other); }

  static Layout channels_first() { return {}; }
  static Layout channels_last() { return {Kind::kChannelsLast, 0, 0, Order::kOcInner, 1, 0, false}; }
  static Layout blocked(int block) { return {Kind::kBlocked, block, 0, Order::kOcInner, 1, 0, false}; }

  static Layout packed(Order order, int64_t groups, int spatial, bool flipped, DataType type = DataType::kF32) {
    return {Kind::kPacked, 0, 0, order, groups, spatial, flipped, type};
  }

  static Layout panels(Order order, int block, int spatial, bool flipped) {
    return {Kind::kPanels, block, 0, order, 1, spatial, flipped};
  }

  bool is_weights() const { return kind == Kind::kOneDnnWeights || kind == Kind::kPanels || kind == Kind::kPacked; }
  bool is_plain() const { return kind == Kind::kChannelsFirst || kind == Kind::kChannelsLast; }
};

// Elements from one to the next of each, of packed weights with so many channels in a group.
struct PackedSteps {
  int64_t kernel, group, tap, ic, oc;
};

PackedSteps packed_steps(Layout::Order order, int64_t groups, int64_t oc, int64_t ic, int64_t taps);

// The number of a layout, the same for equal ones. The table behind it only grows, by distinct formats.
int64_t layout_id(const Layout& layout);

// Throws Error(kInvalidArgument) for a number that was not issued.
Layout layout_of(int64_t id);

// Such as oc_inner.
const char* order_name(Layout::Order order);

// A name for people, alive as long as the process; null for a number that was not issued.
const char* layout_name(int64_t id);

// Any layout of activations as four loops [n][blocks][positions][lanes]: channel c of position p of image i lies at
// ((i * blocks + c / lanes) * positions + p) * lanes + c % lanes.
struct ActivationView {
  int64_t n;
  int64_t channels;
  int64_t blocks;
  int64_t positions;
  int64_t lanes;

  int64_t image() const { return blocks * positions * lanes; }
};

// `dims` of rank 1 and 2 count as one position.
ActivationView activation_view(const Layout& layout, const Dims& dims);

int64_t elements(const Dims& dims);

}  // namespace conv4j

#endif  // CONV4J_CORE_LAYOUT_H_
