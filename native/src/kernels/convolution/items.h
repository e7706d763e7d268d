// Positions of one axis that are computed alike.
#ifndef CONV4J_KERNELS_CONVOLUTION_ITEMS_H_
#define CONV4J_KERNELS_CONVOLUTION_ITEMS_H_

#include <cstdint>
#include <vector>

#include "core/geometry.h"

namespace conv4j {

// A run of positions first, first + step, ... of one side of a convolution's axis, all of which meet the same taps with
// the same kernels. Tap j < taps is number tap + j * tap_step of the kernel and meets position other + j *
// other_tap_step of the other side; from one position of the run to the next, that moves by other_step.
struct Item {
  int64_t first;
  int64_t step;
  int64_t count;
  int64_t tap;
  int64_t tap_step;
  int64_t taps;
  int64_t other;
  int64_t other_tap_step;
  int64_t other_step;
  int64_t kernel;  // of output positions: of all of them; of source positions: of the first one under tap 0
  int64_t kind;    // equal for items of an axis whose taps and kernels differ by a shift only
};

// A position, or image, by itself.
inline Item single(int64_t position) { return {position, 1, 1, 0, 0, 0, position, 0, 1, 0, 0}; }

// The positions of a run from its begin-th to before its end-th.
inline Item part_of(Item run, int64_t begin, int64_t end) {
  run.first += begin * run.step;
  run.other += begin * run.other_step;
  run.count = end - begin;
  return run;
}

// Output positions with the source elements under their taps. Taps on the padding are left out, so that some items have
// fewer taps than the kernel, or none. With `runs` an item holds as many positions as possible, else one.
std::vector<Item> output_items(const Axis& axis, bool runs);

// Source positions with the output positions that reach them.
std::vector<Item> source_items(const Axis& axis, bool runs);

using FindItems = std::vector<Item> (*)(const Axis& axis, bool runs);  // one of these

// Neighbours that meet the same number of taps, each from its own neighbourhood on, which moves by other_step from one
// to the next, joined to runs whatever their kernels. Only the first one's kernel and kind are kept.
std::vector<Item> neighbours(const std::vector<Item>& singles, int64_t other_step);

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_ITEMS_H_
