// The segments of a tile depend on the kinds of its items alone. To find them can take as long as a small tile's sums
// (a fifth of t2_c16_32's and t2_c3_32's backward_data on a Cascade Lake), so each thread keeps those of the last
// kinds.
#ifndef CONV4J_KERNELS_CONVOLUTION_LISTS_H_
#define CONV4J_KERNELS_CONVOLUTION_LISTS_H_

#include <cstdint>

#include "kernels/convolution/grid.h"
#include "kernels/convolution/pass.h"

namespace conv4j {

class SegmentLists {
 public:
  struct Key {
    int64_t kinds[3];
    int64_t count;  // of the list's segments; less than 0: there is none
  };

  // Of `most` segments at most.
  explicit SegmentLists(int64_t most) : most_(most) {
    while (bits_ < 6 && most << (bits_ + 1) <= kSegments) ++bits_;
  }

  int64_t keys() const { return int64_t{1} << bits_; }
  int64_t segments() const { return keys() * most_; }

  // Before a call.
  void clear(Key* keys_of_thread) const {
    for (int64_t i = 0; i < keys(); ++i) keys_of_thread[i].count = -1;
  }

  // Sets the tile's segments, which find(where, list) is asked for if need be.
  template <typename Find>
  void set(const Where& where, Key* keys, Segment* lists, Tile& tile, const Find& find) const {
    const int64_t kinds[] = {where.axis[0]->kind, where.axis[1]->kind, where.axis[2]->kind};
    uint64_t hash = 0;
    for (int64_t kind : kinds) hash = (hash + static_cast<uint64_t>(kind)) * 0x9e3779b97f4a7c15u;
    const auto slot = static_cast<int64_t>(hash >> (64 - bits_));
    Key& key = keys[slot];
    Segment* list = lists + slot * most_;
    if (key.count < 0 || key.kinds[0] != kinds[0] || key.kinds[1] != kinds[1] || key.kinds[2] != kinds[2]) {
      key = {{kinds[0], kinds[1], kinds[2]}, find(where, list)};
    }
    tile.segments = list;
    tile.segment_count = key.count;
  }

 private:
  static constexpr int64_t kSegments = 4096;

  int64_t most_;
  int bits_ = 1;
};

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_LISTS_H_
