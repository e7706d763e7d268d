#include "kernels/convolution/turned.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "core/division.h"

namespace conv4j {

namespace {

// Pairs that one position meets, or neighbouring ones that meet the same, have the same number.
int64_t place_of(const Axis& axis, int64_t kernel, int64_t tap) {
  if (axis.sharing == Sharing::kBlocks) return kernel;
  const int64_t position = kernel * axis.stride + tap * axis.dilation - axis.pad_begin;
  if (axis.sharing == Sharing::kLocal) return position;
  return modulo(position, axis.stride * axis.kernels());
}

std::vector<int64_t> slots_of(const Axis& axis) {
  std::vector<std::tuple<int64_t, int64_t, int64_t>> pairs;
  for (int64_t kernel = 0; kernel < axis.kernels(); ++kernel) {
    for (int64_t tap = 0; tap < axis.kernel; ++tap) pairs.emplace_back(place_of(axis, kernel, tap), -tap, kernel);
  }
  std::sort(pairs.begin(), pairs.end());
  std::vector<int64_t> slots(pairs.size());
  int64_t next = 0;
  for (const auto& [place, minus_tap, kernel] : pairs) {
    slots[static_cast<size_t>(kernel * axis.kernel - minus_tap)] = next++;
  }
  return slots;
}

}  // namespace

Turned::Turned(const Problem& problem)
    : problem_(problem), panels_(problem.ic, Panels::pay(problem, problem.ic) ? Panels::kColumns : problem.ic) {
  for (int axis = 0; axis < 3; ++axis) {
    const Axis& a = problem.axes[axis];
    slots_[axis] = slots_of(a);
    pairs_[axis].resize(slots_[axis].size());
    for (int64_t i = 0; i < a.kernels() * a.kernel; ++i) {
      pairs_[axis][static_cast<size_t>(slots_[axis][static_cast<size_t>(i)])] = {i / a.kernel, i % a.kernel};
    }
    const auto place = [&](const Pair& pair) { return place_of(a, pair.kernel, pair.tap); };
    for (auto begin = pairs_[axis].begin(), end = begin; begin != pairs_[axis].end(); begin = end) {
      while (end != pairs_[axis].end() && place(*end) == place(*begin)) ++end;
      classes_[axis].resize(static_cast<size_t>(end - pairs_[axis].begin()),
                            {begin - pairs_[axis].begin(), end - begin});
    }
  }
}

bool Turned::takes_pairs() const {
  return problem_.order == Problem::Order::kOcInner && problem_.ic <= problem_.kernels.lanes && problem_.oc % 2 == 0;
}

void Turned::turn(const Call& call, float* turned, const Place& widened) const {
  const Problem& p = problem_;
  parallel_for(p.kernel_count() * p.taps, [&](int64_t unit) {
    int64_t kernel = unit;
    const int64_t tap = take_digit(kernel, p.taps);
    int64_t slots[3], rest_of_kernel = kernel, rest_of_tap = tap;
    for (int axis : {2, 1, 0}) {
      const Axis& a = p.axes[axis];
      const int64_t tap_of_axis = take_digit(rest_of_tap, a.kernel);
      slots[axis] = slots_[axis][static_cast<size_t>(take_digit(rest_of_kernel, a.kernels()) * a.kernel + tap_of_axis)];
    }
    turn_tap(call, kernel, tap, turned + offset(slots[0], slots[1], slots[2]), widened);
  });
}

void Turned::turn_tap(const Call& call, int64_t kernel, int64_t tap, float* to, const Place& widened) const {
  const Problem& p = problem_;
  const bool is_bf16 = p.weights_type == DataType::kBf16;
  for (int64_t g = 0; g < p.groups; ++g, to += group()) {
    const int64_t element = kernel * p.weights_kernel + g * p.weights_group + tap * p.weights_tap;
    const void* from = p.weights_at(call.weights, element);
    if (p.order == Problem::Order::kIcInner) {
      panels_.for_each(panels_.all(), rows(), [&](int64_t panel, int64_t first, int64_t columns) {
        for (int64_t o = 0; o < p.oc; ++o) {
          const void* row = p.weights_at(call.weights, element + o * p.taps * p.ic + first);
          float* const floats = to + panel + o * panels_.width();
          if (is_bf16) {
            p.kernels.widen(static_cast<const Bf16*>(row), columns, floats);
          } else {
            std::memcpy(floats, row, static_cast<size_t>(columns) * sizeof(float));
          }
        }
      });
      continue;
    }
    if (is_bf16) {
      float* const floats = widened.of<float>(call);
      p.kernels.widen(static_cast<const Bf16*>(from), p.weights_tap, floats);
      from = floats;
    }
    const float* floats = static_cast<const float*>(from);
    if (takes_pairs()) {
      p.kernels.transpose_pairs(floats, p.oc, p.ic, p.oc, to, step());
      continue;
    }
    panels_.for_each(panels_.all(), rows(), [&](int64_t panel, int64_t first, int64_t columns) {
      p.kernels.transpose(floats + first * p.oc, p.oc, columns, p.oc, to + panel, panels_.width());
    });
  }
}

int64_t Turned::element(const Where& where) const {
  int64_t slots[3];
  for (int axis = 0; axis < 3; ++axis) {
    if (where.axis[axis]->taps == 0) return 0;
    slots[axis] = slot(where, axis, 0);
  }
  return offset(slots[0], slots[1], slots[2]);
}

int64_t Turned::segments(const Where& where, const Steps& dst, Segment* list) const {
  const int64_t first = element(where);
  return find_segments(where, dst, list, [&](int64_t i, int64_t j, int64_t k) {
    return offset(slot(where, 0, i), slot(where, 1, j), slot(where, 2, k)) - first;
  });
}

int64_t Turned::class_of(int axis, const Item& item) const {
  const Axis& a = problem_.axes[axis];
  return item.first % (a.stride * a.kernels());
}

void Turned::turn_class(const Call& call, const Where& where, int64_t group, int64_t panel, float* turned) const {
  const Problem& p = problem_;
  const int64_t first = panels_.first(panel), columns = panels_.columns(panel);
  const Slots &depth = class_slots(where, 0), &height = class_slots(where, 1), &width = class_slots(where, 2);
  const auto pair = [&](int axis, int64_t slot) { return pairs_[axis][static_cast<size_t>(slot)]; };
  for (int64_t i = 0; i < depth.count; ++i) {
    for (int64_t j = 0; j < height.count; ++j) {
      for (int64_t k = 0; k < width.count; ++k, turned += p.oc * panels_.width()) {
        const Pair d = pair(0, depth.begin + i), h = pair(1, height.begin + j), w = pair(2, width.begin + k);
        const float* const from = call.weights + p.kernel_index(d.kernel, h.kernel, w.kernel) * p.weights_kernel +
                                  group * p.weights_group + p.tap_index(d.tap, h.tap, w.tap) * p.weights_tap;
        if (p.order == Problem::Order::kOcInner) {
          p.kernels.transpose(from + first * p.oc, p.oc, columns, p.oc, turned, panels_.width());
        } else {
          p.kernels.copy(from + first, p.taps * p.ic, 0, p.oc, columns, turned, panels_.width());
        }
      }
    }
  }
}

int64_t Turned::class_element(const Where& where) const {
  int64_t element = 0;
  for (int axis = 0; axis < 3; ++axis) {
    if (where.axis[axis]->taps == 0) return 0;
    const Slots& slots = class_slots(where, axis);
    element = element * slots.count + slot(where, axis, 0) - slots.begin;
  }
  return element * problem_.oc * panels_.width();
}

int64_t Turned::class_segments(const Where& where, const Steps& dst, Segment* list) const {
  const auto has_none = [](const Item* item) { return item->taps == 0; };
  if (std::any_of(where.axis, where.axis + 3, has_none)) return 0;
  const Slots &height = class_slots(where, 1), &width = class_slots(where, 2);
  const int64_t first[] = {slot(where, 0, 0), slot(where, 1, 0), slot(where, 2, 0)};
  return find_segments(where, dst, list, [&](int64_t i, int64_t j, int64_t k) {
    const int64_t d = slot(where, 0, i) - first[0], h = slot(where, 1, j) - first[1], w = slot(where, 2, k) - first[2];
    return ((d * height.count + h) * width.count + w) * problem_.oc * panels_.width();
  });
}

// Calls weights(i, j, k) for an item's i-th, j-th and k-th outputs, in this order.
template <typename Weights>
int64_t Turned::find_segments(const Where& where, const Steps& dst, Segment* list, const Weights& weights) const {
  const Problem& p = problem_;
  const Item &d = *where.axis[0], &h = *where.axis[1], &w = *where.axis[2];
  const bool merges = p.groups == 1 && w.other_tap_step == -1;
  const auto output = [&](const Item& item, int64_t i, int axis) {
    return (item.taps - 1 - i) * item.other_tap_step * dst.axis[axis];
  };
  int64_t count = 0;
  for (int64_t i = 0; i < d.taps; ++i) {
    for (int64_t j = 0; j < h.taps; ++j) {
      int64_t follower = -1;
      for (int64_t k = 0; k < w.taps; ++k) {
        const int64_t b = weights(i, j, k);
        if (merges && b == follower) {
          list[count - 1].length += p.oc;
        } else {
          list[count++] = {output(d, i, 0) + output(h, j, 1) + output(w, k, 2), b, p.oc};
        }
        follower = b + p.oc * panels_.width();
      }
    }
  }
  return count;
}

Turned::Pair Turned::pair_of(const Where& where, int axis, int64_t i) const {
  const Item& item = *where.axis[axis];
  const int64_t j = item.taps - 1 - i;  // of the tap, for outputs fall from tap to tap
  return {problem_.axes[axis].kernel_index(item.other + j * item.other_tap_step), item.tap + j * item.tap_step};
}

int64_t Turned::slot(const Where& where, int axis, int64_t i) const {
  const Pair pair = pair_of(where, axis, i);
  return slots_[axis][static_cast<size_t>(pair.kernel * problem_.axes[axis].kernel + pair.tap)];
}

int64_t Turned::rows() const {
  const auto pairs = [&](int axis) { return static_cast<int64_t>(slots_[axis].size()); };
  return pairs(0) * pairs(1) * pairs(2) * problem_.oc;
}

int64_t Turned::offset(int64_t depth, int64_t height, int64_t width) const {
  const auto size = [&](int axis) { return static_cast<int64_t>(slots_[axis].size()); };
  return ((depth * size(1) + height) * size(2) + width) * problem_.oc * panels_.width();
}

}  // namespace conv4j
