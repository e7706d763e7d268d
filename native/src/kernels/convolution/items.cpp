#include "kernels/convolution/items.h"

#include <algorithm>
#include <numeric>

#include "core/division.h"

namespace conv4j {

namespace {

// Kernels of neighbouring positions repeat after so many positions, or move on by one throughout.
int64_t pattern(const Axis& axis) {
  return axis.sharing == Sharing::kTiled || axis.sharing == Sharing::kBlocks ? axis.sharing_size : 1;
}

Item output_item(const Axis& axis, int64_t position) {
  const int64_t begin = position * axis.stride - axis.pad_begin;  // under tap 0
  const int64_t first = std::max<int64_t>(0, ceil_div(-begin, axis.dilation));
  const int64_t last = std::min(axis.kernel, ceil_div(axis.input - begin, axis.dilation));
  Item item = {};
  item.first = position;
  item.step = axis.period();
  item.count = 1;
  item.tap = first;
  item.tap_step = 1;
  item.taps = std::max<int64_t>(last - first, 0);
  item.other = begin + first * axis.dilation;
  item.other_tap_step = axis.dilation;
  item.other_step = item.step * axis.stride;
  item.kernel = axis.kernel_index(position);
  item.kind = item.tap * (axis.kernel + 1) + item.taps;
  return item;
}

// Taps k with position + pad_begin - k * dilation a multiple of the stride and its quotient an output position. They
// are every (stride / gcd)-th from some first one.
Item source_item(const Axis& axis, int64_t position) {
  const int64_t common = std::gcd(axis.stride, axis.dilation);
  const int64_t reach = position + axis.pad_begin;
  Item item = {};
  item.first = position;
  item.step = axis.stride * axis.period();
  item.count = 1;
  item.tap_step = axis.stride / common;
  item.other_tap_step = -axis.dilation / common;
  item.other_step = axis.period();
  for (int64_t tap = 0; tap < std::min(axis.kernel, item.tap_step); ++tap) {
    if ((reach - tap * axis.dilation) % axis.stride != 0) continue;
    // Output positions fall by dilation / common from tap to tap.
    const int64_t output = (reach - tap * axis.dilation) / axis.stride;
    const int64_t skipped = std::max<int64_t>(0, ceil_div(output - (axis.output - 1), -item.other_tap_step));
    const int64_t of_kernel = (axis.kernel - 1 - tap) / item.tap_step + 1;
    const int64_t of_output = output < 0 ? 0 : output / -item.other_tap_step + 1;
    item.tap = tap + skipped * item.tap_step;
    item.taps = std::max<int64_t>(std::min(of_kernel, of_output) - skipped, 0);
    item.other = output + skipped * item.other_tap_step;
    break;
  }
  if (item.taps > 0) item.kernel = axis.kernel_index(item.other);
  item.kind = ((item.other % pattern(axis)) * (axis.kernel + 1) + item.tap) * (axis.kernel + 1) + item.taps;
  return item;
}

// Whether the next position of the class continues the run of `item`.
bool continues(const Item& item, const Item& next) {
  return next.first == item.first + item.count * item.step && next.tap == item.tap && next.taps == item.taps &&
         (item.taps == 0 || next.other == item.other + item.count * item.other_step);
}

}  // namespace

std::vector<Item> output_items(const Axis& axis, bool runs) {
  std::vector<Item> items;
  if (!runs) items.reserve(static_cast<size_t>(axis.output));
  const int64_t classes = runs ? std::min(axis.period(), axis.output) : 1;
  for (int64_t c = 0; c < classes; ++c) {
    for (int64_t position = c; position < axis.output; position += classes) {
      const Item item = output_item(axis, position);
      if (runs && !items.empty() && items.back().kernel == item.kernel && continues(items.back(), item)) {
        ++items.back().count;
      } else {
        items.push_back(item);
      }
      // All that follows inside is alike: an axis may be millions of positions long.
      if (runs && axis.repeats() && item.taps == axis.kernel) {
        const int64_t last = (axis.input - 1 - (axis.kernel - 1) * axis.dilation + axis.pad_begin) / axis.stride;
        const int64_t more = (std::min(axis.output - 1, last) - position) / classes;
        items.back().count += more;
        position += more * classes;
      }
    }
  }
  return items;
}

std::vector<Item> source_items(const Axis& axis, bool runs) {
  const auto same_kernels = [&](const Item& a, const Item& b) {
    for (int64_t j = 0; j < a.taps; ++j) {
      if (axis.kernel_index(a.other + j * a.other_tap_step) != axis.kernel_index(b.other + j * b.other_tap_step)) {
        return false;
      }
    }
    return true;
  };
  std::vector<Item> items;
  if (!runs) items.reserve(static_cast<size_t>(axis.input));
  const int64_t classes = runs ? std::min(axis.stride * axis.period(), axis.input) : 1;
  for (int64_t c = 0; c < classes; ++c) {
    for (int64_t position = c; position < axis.input; position += classes) {
      const Item item = source_item(axis, position);
      if (runs && !items.empty() && continues(items.back(), item) && same_kernels(items.back(), item)) {
        ++items.back().count;
      } else {
        items.push_back(item);
      }
      const bool is_whole = item.tap < item.tap_step && item.taps == (axis.kernel - 1 - item.tap) / item.tap_step + 1;
      if (runs && axis.repeats() && is_whole) {
        const int64_t more =
            std::min((axis.input - 1 - position) / classes, (axis.output - 1 - item.other) / item.other_step);
        items.back().count += more;
        position += more * classes;
      }
    }
  }
  return items;
}

std::vector<Item> neighbours(const std::vector<Item>& singles, int64_t other_step) {
  std::vector<Item> runs;
  for (Item item : singles) {
    item.step = 1;
    item.other_step = other_step;
    if (!runs.empty() && continues(runs.back(), item)) {
      ++runs.back().count;
    } else {
      runs.push_back(item);
    }
  }
  return runs;
}

}  // namespace conv4j
