#include "kernels/packing/packing.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "conv4j/conv4j.h"
#include "core/error.h"
#include "core/parallel.h"
#include "test/fenced.h"
#include "test/random.h"

namespace conv4j {
namespace {

using Order = Layout::Order;

struct Case {
  Layout layout;
  Dims dims;  // [oc, (kernels...,) ic / groups, kernel size...]

  std::string name() const {
    std::string name = "order " + std::to_string(static_cast<int>(layout.order)) + ", groups " +
                       std::to_string(layout.groups) + (layout.flipped ? ", flipped" : "") + ", dims";
    for (int64_t size : dims) name += " " + std::to_string(size);
    return name;
  }
};

std::vector<Case> many_cases() {
  std::vector<Case> cases;
  const std::vector<Dims> kernels = {{3}, {4, 2}, {2, 1, 3}};
  const std::vector<Dims> sizes = {{5}, {3, 2}, {2, 3, 2}};
  for (Order order : {Order::kOcInner, Order::kIcInner, Order::kGroupsInner}) {
    for (bool flipped : {false, true}) {
      for (size_t spatial : {1, 2, 3}) {
        for (bool has_kernels : {false, true}) {
          for (int64_t groups : {1, 2, 5}) {
            for (int64_t oc : {1, 3, 16, 17, 33}) {  // of a group; packing goes by sixteens
              for (int64_t ic : {1, 3, 7}) {
                Dims dims = {groups * oc};
                if (has_kernels) dims.insert(dims.end(), kernels[spatial - 1].begin(), kernels[spatial - 1].end());
                dims.push_back(ic);
                dims.insert(dims.end(), sizes[spatial - 1].begin(), sizes[spatial - 1].end());
                cases.push_back({Layout::packed(order, groups, static_cast<int>(spatial), flipped), dims});
              }
            }
          }
        }
      }
    }
  }
  return cases;
}

// Where the order's comment in core/layout.h puts a weight.
int64_t documented_place(const Layout& layout, int64_t groups, int64_t oc, int64_t ic, int64_t taps, int64_t position,
                         int64_t g, int64_t o, int64_t i, int64_t tap) {
  if (layout.flipped) tap = taps - 1 - tap;
  switch (layout.order) {
    case Order::kOcInner:
      return (((position * groups + g) * taps + tap) * ic + i) * oc + o;
    case Order::kIcInner:
      return (((position * groups + g) * oc + o) * taps + tap) * ic + i;
    default:
      return ((position * taps + tap) * ic + i) * groups * oc + g * oc + o;
  }
}

TEST(PackingTest, EveryWeightLiesWhereItsOrderIsDocumentedToPutIt) {
  const ScopedThreads scope(1);  // Starting a team takes longer than these copies.
  for (const Case& c : many_cases()) {
    const auto spatial = static_cast<size_t>(c.layout.spatial);
    const bool has_kernels = c.dims.size() > 2 + spatial;
    int64_t positions = 1, taps = 1;
    for (size_t i = 0; i < spatial; ++i) {
      if (has_kernels) positions *= c.dims[1 + i];
      taps *= c.dims[c.dims.size() - spatial + i];
    }
    const int64_t groups = c.layout.groups, oc = c.dims[0] / groups, ic = c.dims[c.dims.size() - spatial - 1];
    std::vector<float> logical;
    for (int64_t i = 0; i < elements(c.dims); ++i) logical.push_back(static_cast<float>(i));
    test::Fenced packed(elements(c.dims));
    pack_weights(c.layout, c.dims, logical.data(), false, packed.data());
    float next = 0;
    for (int64_t g = 0; g < groups; ++g) {
      for (int64_t o = 0; o < oc; ++o) {
        for (int64_t position = 0; position < positions; ++position) {
          for (int64_t i = 0; i < ic; ++i) {
            for (int64_t tap = 0; tap < taps; ++tap) {
              const int64_t place = documented_place(c.layout, groups, oc, ic, taps, position, g, o, i, tap);
              ASSERT_EQ(packed.data()[place], next++) << c.name() << ": place " << place;
            }
          }
        }
      }
    }
    ASSERT_TRUE(packed.is_untouched_before()) << c.name();
  }
}

TEST(PackingTest, UnpackingUndoesPackingAndBothCanAdd) {
  const ScopedThreads scope(1);
  for (const Case& c : many_cases()) {
    const std::vector<float> weights = test::random_integers(elements(c.dims), 1);
    test::Fenced logical(weights), packed(elements(c.dims)), back(elements(c.dims));
    pack_weights(c.layout, c.dims, logical.data(), false, packed.data());
    unpack_weights(c.layout, c.dims, packed.data(), false, back.data());
    ASSERT_EQ(weights, std::vector<float>(back.data(), back.data() + weights.size())) << c.name();
    pack_weights(c.layout, c.dims, logical.data(), true, packed.data());
    unpack_weights(c.layout, c.dims, packed.data(), true, back.data());
    for (size_t i = 0; i < weights.size(); ++i) ASSERT_EQ(back.data()[i], 3 * weights[i]) << c.name() << ": " << i;
    ASSERT_TRUE(back.is_untouched_before()) << c.name();
  }
}

TEST(PackingTest, PackedWeightsTakeNoMoreBytesThanLogicalOnes) {
  for (const Case& c : many_cases()) {
    int64_t packed_bytes = 0;
    ASSERT_EQ(C4J_OK, c4j_layout_size_bytes(layout_id(c.layout), c.dims.data(), static_cast<int64_t>(c.dims.size()),
                                            &packed_bytes));
    ASSERT_EQ(packed_bytes, elements(c.dims) * static_cast<int64_t>(sizeof(float))) << c.name();
  }
}

TEST(PackingTest, ShapesOfAnotherRankOrOtherGroupsAreRefused) {
  const Layout layout = Layout::packed(Order::kOcInner, 2, 2, false);
  EXPECT_NO_THROW(check_packed(layout, {4, 3, 3, 5, 2, 2}));
  EXPECT_NO_THROW(check_packed(layout, {4, 5, 2, 2}));
  EXPECT_THROW(check_packed(layout, {3, 5, 2, 2}), Error);
  EXPECT_THROW(check_packed(layout, {4, 5, 2}), Error);
  EXPECT_THROW(check_packed(layout, {4, 3, 5, 2, 2}), Error);
}

}  // namespace
}  // namespace conv4j
