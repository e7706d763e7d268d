#include "kernels/convolution/items.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace conv4j {
namespace {

// A tap that joins a position of one side to a position of the other.
using Meeting = std::tuple<int64_t, int64_t, int64_t>;  // position, tap, other position

std::string name_of(const Axis& a) {
  std::string name;
  for (int64_t value : {a.input, a.kernel, a.stride, a.dilation, a.pad_begin, a.output, static_cast<int64_t>(a.sharing),
                        a.sharing_size}) {
    name += std::to_string(value) + " ";
  }
  return "input kernel stride dilation pad_begin output sharing sharing_size: " + name;
}

std::vector<Axis> many_axes() {
  const std::vector<std::pair<Sharing, int64_t>> sharings = {
      {Sharing::kShared, 1}, {Sharing::kTiled, 1}, {Sharing::kTiled, 2},  {Sharing::kTiled, 3},
      {Sharing::kTiled, 50}, {Sharing::kLocal, 1}, {Sharing::kBlocks, 2}, {Sharing::kBlocks, 3}};
  std::vector<Axis> axes;
  for (int64_t input : {1, 2, 5, 8}) {
    for (int64_t kernel : {1, 2, 3, 5}) {
      for (int64_t stride : {1, 2, 3, 4}) {
        for (int64_t dilation : {1, 2, 3, 6}) {
          for (int64_t pad : {0, 1, 3, 7}) {
            for (int64_t output : {1, 2, 5, 9}) {  // The last ones often lie on the padding altogether.
              for (const auto& [sharing, size] : sharings) {
                axes.push_back({input, kernel, stride, dilation, pad, 100, output, sharing, size});
              }
            }
          }
        }
      }
    }
  }
  return axes;
}

std::vector<Meeting> all_meetings(const Axis& axis, bool from_output) {
  std::vector<Meeting> meetings;
  for (int64_t output = 0; output < axis.output; ++output) {
    for (int64_t tap = 0; tap < axis.kernel; ++tap) {
      const int64_t source = output * axis.stride - axis.pad_begin + tap * axis.dilation;
      if (source < 0 || source >= axis.input) continue;
      meetings.emplace_back(from_output ? output : source, tap, from_output ? source : output);
    }
  }
  std::sort(meetings.begin(), meetings.end());
  return meetings;
}

std::vector<Meeting> meetings_of(const std::vector<Item>& items) {
  std::vector<Meeting> meetings;
  for (const Item& item : items) {
    for (int64_t i = 0; i < item.count; ++i) {
      for (int64_t j = 0; j < item.taps; ++j) {
        meetings.emplace_back(item.first + i * item.step, item.tap + j * item.tap_step,
                              item.other + i * item.other_step + j * item.other_tap_step);
      }
    }
  }
  std::sort(meetings.begin(), meetings.end());
  return meetings;
}

std::vector<int64_t> positions_of(const std::vector<Item>& items) {
  std::vector<int64_t> positions;
  for (const Item& item : items) {
    for (int64_t i = 0; i < item.count; ++i) positions.push_back(item.first + i * item.step);
  }
  std::sort(positions.begin(), positions.end());
  return positions;
}

std::vector<int64_t> up_to(int64_t size) {
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < size; ++i) positions.push_back(i);
  return positions;
}

// The fewest items in which positions can be computed alike: those of a class, `classes` apart, as long as the taps
// they meet and the kernels they use stay the same. Positions that meet nothing are not counted.
size_t fewest(const Axis& axis, bool from_output, int64_t size, int64_t classes) {
  std::vector<std::vector<std::pair<int64_t, int64_t>>> uses(static_cast<size_t>(size));  // tap, kernel
  for (const auto& [position, tap, other] : all_meetings(axis, from_output)) {
    uses[static_cast<size_t>(position)].emplace_back(tap, axis.kernel_index(from_output ? position : other));
  }
  size_t count = 0;
  for (int64_t position = 0; position < size; ++position) {
    const auto& now = uses[static_cast<size_t>(position)];
    if (!now.empty() && (position < classes || uses[static_cast<size_t>(position - classes)] != now)) ++count;
  }
  return count;
}

size_t with_taps(const std::vector<Item>& items) {
  return static_cast<size_t>(std::count_if(items.begin(), items.end(), [](const Item& item) { return item.taps > 0; }));
}

int64_t period_of(const Axis& axis) { return axis.sharing == Sharing::kTiled ? axis.sharing_size : 1; }

TEST(ItemsTest, OutputPositionsMeetTheSourceElementsUnderTheirTaps) {
  for (const Axis& axis : many_axes()) {
    for (bool runs : {false, true}) {
      const std::vector<Item> items = output_items(axis, runs);
      ASSERT_EQ(positions_of(items), up_to(axis.output)) << name_of(axis);
      ASSERT_EQ(meetings_of(items), all_meetings(axis, true)) << name_of(axis);
    }
  }
}

TEST(ItemsTest, OutputItemsHaveOneKernel) {
  for (const Axis& axis : many_axes()) {
    for (bool runs : {false, true}) {
      for (const Item& item : output_items(axis, runs)) {
        for (int64_t i = 0; i < item.count; ++i) {
          ASSERT_EQ(item.kernel, axis.kernel_index(item.first + i * item.step)) << name_of(axis);
        }
      }
    }
  }
}

TEST(ItemsTest, SourcePositionsMeetTheOutputPositionsThatReachThem) {
  for (const Axis& axis : many_axes()) {
    for (bool runs : {false, true}) {
      const std::vector<Item> items = source_items(axis, runs);
      ASSERT_EQ(positions_of(items), up_to(axis.input)) << name_of(axis);
      ASSERT_EQ(meetings_of(items), all_meetings(axis, false)) << name_of(axis);
    }
  }
}

TEST(ItemsTest, SourceItemsUseTheSameKernelsAtAllPositions) {
  for (const Axis& axis : many_axes()) {
    for (const Item& item : source_items(axis, true)) {
      for (int64_t j = 0; j < item.taps; ++j) {
        const int64_t other = item.other + j * item.other_tap_step;
        for (int64_t i = 0; i < item.count; ++i) {
          ASSERT_EQ(axis.kernel_index(other), axis.kernel_index(other + i * item.other_step)) << name_of(axis);
        }
      }
    }
  }
}

TEST(ItemsTest, RunsHoldAsManyPositionsAsPossibleAndOneWithoutThem) {
  for (const Axis& axis : many_axes()) {
    ASSERT_EQ(output_items(axis, false).size(), static_cast<size_t>(axis.output));
    ASSERT_EQ(source_items(axis, false).size(), static_cast<size_t>(axis.input));
    ASSERT_EQ(with_taps(output_items(axis, true)), fewest(axis, true, axis.output, period_of(axis))) << name_of(axis);
    ASSERT_EQ(with_taps(source_items(axis, true)), fewest(axis, false, axis.input, axis.stride * period_of(axis)))
        << name_of(axis);
  }
}

}  // namespace
}  // namespace conv4j
