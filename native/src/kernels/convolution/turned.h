// Weights in the order in which positions of the source meet them, input channels innermost.
#ifndef CONV4J_KERNELS_CONVOLUTION_TURNED_H_
#define CONV4J_KERNELS_CONVOLUTION_TURNED_H_

#include <cstdint>
#include <vector>

#include "kernels/convolution/grid.h"
#include "kernels/convolution/panels.h"
#include "kernels/convolution/pass.h"
#include "kernels/convolution/problem.h"

namespace conv4j {

// [group][depth][height][width][oc of a group][ic of a group]: an axis is the list of its pairs of a kernel and a tap,
// those that one position meets side by side, in the order of its outputs. Taps of a row that read one run of diff_dst
// then read one run of weights, too, and are one segment (t2_c16_32, 5 taps of 16 channels: 0.9 of the time). Input
// channels of a vector at most come with output channels in pairs, as gemm_pairs wants them; many, in panels of all
// that a group has.
class Turned {
 public:
  explicit Turned(const Problem& problem);

  const Panels& panels() const { return panels_; }

  // Puts `size` floats into `turned`; `widened` has room for the weights of a tap.
  int64_t size() const { return problem_.groups * group(); }
  void turn(const Call& call, float* turned, const Place& widened) const;

  bool takes_pairs() const;
  // From term to term, or pair to pair.
  int64_t step() const { return panels_.width() * (takes_pairs() ? 2 : 1); }
  // Of a panel.
  int64_t rows() const;

  // To the weights of a tile of the source, and from group to group.
  int64_t element(const Where& where) const;
  int64_t group() const { return panels_.size(rows()); }

  // What the positions of the tile meet, counted from those weights and from where.other(dst). Returns the number.
  int64_t segments(const Where& where, const Steps& dst, Segment* list) const;

  // The same for the positions of a class, which repeat after stride times kernels, and for one group and panel, in as
  // many floats as class_size: [tap that they meet][oc of a group][column]. Not for pairs.
  int64_t class_of(int axis, const Item& item) const;
  int64_t class_size() const { return problem_.taps * problem_.oc * panels_.width(); }
  void turn_class(const Call& call, const Where& where, int64_t group, int64_t panel, float* turned) const;
  int64_t class_element(const Where& where) const;
  int64_t class_segments(const Where& where, const Steps& dst, Segment* list) const;

 private:
  struct Pair {
    int64_t kernel, tap;
  };
  // Those of an axis that a class of positions meets.
  struct Slots {
    int64_t begin, count;
  };
  const Slots& class_slots(const Where& where, int axis) const {
    return classes_[axis][static_cast<size_t>(slot(where, axis, 0))];
  }

  // A tap of every group.
  void turn_tap(const Call& call, int64_t kernel, int64_t tap, float* to, const Place& widened) const;
  template <typename Weights>
  int64_t find_segments(const Where& where, const Steps& dst, Segment* list, const Weights& weights) const;

  // Of an item's i-th output.
  Pair pair_of(const Where& where, int axis, int64_t i) const;
  int64_t slot(const Where& where, int axis, int64_t i) const;
  int64_t offset(int64_t depth, int64_t height, int64_t width) const;

  const Problem& problem_;
  Panels panels_;
  std::vector<int64_t> slots_[3];  // by kernel * taps + tap
  std::vector<Pair> pairs_[3];     // by slot
  std::vector<Slots> classes_[3];  // of every slot
};

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_TURNED_H_
