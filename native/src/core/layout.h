// Where the elements of a logical shape lie. A layout goes by a number outside the core.
#ifndef CONV4J_CORE_LAYOUT_H_
#define CONV4J_CORE_LAYOUT_H_

#include <cstdint>
#include <string>

#include "core/geometry.h"

namespace conv4j {

struct Layout {
  enum class Kind {
    kChannelsFirst,  // logical order
    kChannelsLast,   // dimension 1 moved to the end
    kBlocked,        // [n][c / block][spatial][block], the last block filled up with zeros
    kOneDnnWeights   // a oneDNN format of weights, their groups split off as a dimension of their own
  };

  Kind kind = Kind::kChannelsFirst;
  int block = 0;         // kBlocked
  int tag = 0;           // kOneDnnWeights: the dnnl_format_tag_t
  int64_t groups = 1;    // kOneDnnWeights
  int spatial = 0;       // kOneDnnWeights: how many trailing dimensions are the kernel's
  bool flipped = false;  // kOneDnnWeights: the kernel is stored the other way round

  bool operator==(const Layout& other) const {
    return kind == other.kind && block == other.block && tag == other.tag && groups == other.groups &&
           spatial == other.spatial && flipped == other.flipped;
  }
  bool operator!=(const Layout& other) const { return !(*this == other); }

  static Layout channels_first() { return {}; }
  static Layout channels_last() { return {Kind::kChannelsLast}; }
  static Layout blocked(int block) { return {Kind::kBlocked, block}; }

  bool is_weights() const { return kind == Kind::kOneDnnWeights; }
};

// The number of a layout, the same for equal ones. The table behind it only grows, by distinct formats.
int64_t layout_id(const Layout& layout);

// Throws Error(kInvalidArgument) for a number that was not issued.
Layout layout_of(int64_t id);

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
