#include "kernels/packing/packing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
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

Layout in_bf16(Layout layout) {
  layout.type = DataType::kBf16;
  return layout;
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

float widened(Bf16 value) {
  const uint32_t bits = static_cast<uint32_t>(value.bits) << 16;
  float widened;
  std::memcpy(&widened, &bits, sizeof widened);
  return widened;
}

TEST(PackingTest, Bf16LieWhereFloatsWould) {
  const ScopedThreads scope(1);
  for (const Case& c : many_cases()) {
    const int64_t count = elements(c.dims);
    std::vector<float> logical;
    for (int64_t i = 0; i < count; ++i) logical.push_back(widened({static_cast<uint16_t>(i * 7919 % 0x7f80)}));
    test::Fenced<float> packed(count);
    test::Fenced<Bf16> packed_bf16(count);
    pack_weights(c.layout, c.dims, logical.data(), false, packed.data());
    pack_weights(in_bf16(c.layout), c.dims, logical.data(), false, packed_bf16.data());
    for (int64_t i = 0; i < count; ++i) {
      ASSERT_EQ(packed.data()[i], widened(packed_bf16.data()[i])) << c.name() << ": place " << i;
    }
    ASSERT_TRUE(packed_bf16.is_untouched_before()) << c.name();
  }
}

TEST(PackingTest, Bf16AreTheNearestOnesTiesToEven) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  struct Rounding {
    float from;
    uint16_t to;
  };
  const Rounding roundings[] = {
      {0.0f, 0x0000},
      {1.0f, 0x3f80},
      {0x1.00p0f + 0x1p-8f, 0x3f80},  // a tie, down to even
      {0x1.00fffep0f, 0x3f80},        // below it
      {0x1.010002p0f, 0x3f81},        // above it
      {0x1.02p0f + 0x1p-8f, 0x3f82},  // a tie, up to even
      {0x1.fffffep0f, 0x4000},        // over to the next exponent
      {0x1.fep127f, 0x7f7f},          // the largest
      {0x1.fefffep127f, 0x7f7f},      // still nearest to it
      {0x1.ffp127f, 0x7f80},          // a tie with what would be 2^128
      {std::numeric_limits<float>::max(), 0x7f80},
      {kInfinity, 0x7f80},
      {0x1p-126f, 0x0080},     // the smallest normal number
      {0x1.fcp-127f, 0x007f},  // the largest denormal one
      {0x1p-133f, 0x0001},     // the smallest
      {0x1p-134f, 0x0000},     // a tie with zero
      {0x1.8p-133f, 0x0002},   // a tie, up to even
      {0x1p-149f, 0x0000},
  };
  const Layout layout = Layout::packed(Order::kOcInner, 1, 1, false, DataType::kBf16);
  const auto round = [&](float value) {
    Bf16 rounded = {};
    pack_weights(layout, {1, 1, 1}, &value, false, &rounded);
    return rounded.bits;
  };
  for (const Rounding& r : roundings) {
    EXPECT_EQ(r.to, round(r.from)) << r.from;
    EXPECT_EQ(r.to | 0x8000, round(-r.from)) << -r.from;
  }
  for (uint32_t nan : {0x7fc00000u, 0x7f800001u, 0x7fffffffu, 0xffc00000u, 0xff800001u, 0xffffffffu}) {
    float value;
    std::memcpy(&value, &nan, sizeof value);
    EXPECT_TRUE(std::isnan(widened({round(value)}))) << nan;
    EXPECT_EQ(nan >> 31, static_cast<uint32_t>(round(value) >> 15)) << nan;
  }
}

TEST(PackingTest, EveryBf16ComesBackAsItWas) {
  const Layout layout = Layout::packed(Order::kOcInner, 1, 1, false, DataType::kBf16);
  for (uint32_t bits = 0; bits < 1 << 16; ++bits) {
    const Bf16 packed = {static_cast<uint16_t>(bits)};
    float value = 0;
    unpack_weights(layout, {1, 1, 1}, &packed, false, &value);
    const float expected = widened(packed);
    ASSERT_EQ(0, std::memcmp(&expected, &value, sizeof value)) << bits;
    Bf16 again = {};
    pack_weights(layout, {1, 1, 1}, &value, false, &again);
    ASSERT_EQ(std::isnan(value) ? bits | 0x40 : bits, again.bits);
  }
}

TEST(PackingTest, UnpackingUndoesPackingAndBothCanAdd) {
  const ScopedThreads scope(1);
  std::vector<Case> cases = many_cases();
  for (const Case& c : many_cases()) cases.push_back({in_bf16(c.layout), c.dims});
  for (const Case& c : cases) {
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
  const auto packed_bytes = [](const Layout& layout, const Dims& dims) {
    int64_t bytes = 0;
    EXPECT_EQ(C4J_OK, c4j_layout_size_bytes(layout_id(layout), dims.data(), static_cast<int64_t>(dims.size()), &bytes));
    return bytes;
  };
  for (const Case& c : many_cases()) {
    ASSERT_EQ(packed_bytes(c.layout, c.dims), elements(c.dims) * 4) << c.name();
    ASSERT_EQ(packed_bytes(in_bf16(c.layout), c.dims), elements(c.dims) * 2) << c.name();
  }
}

TEST(PackingTest, PanelsAreTurnedWhereTheirOrderIsDocumentedToPutThem) {
  const ScopedThreads scope(1);
  const auto place = [](const Layout& panels, int64_t oc, int64_t ic, int64_t taps, int64_t o, int64_t i, int64_t tap) {
    const bool by_outputs = panels.order == Order::kOcInner;
    const int64_t channel = by_outputs ? o : i, row = tap * (by_outputs ? ic : oc) + (by_outputs ? i : o);
    return (channel / panels.block * taps * (by_outputs ? ic : oc) + row) * panels.block + channel % panels.block;
  };
  const auto size = [](const Layout& panels, int64_t oc, int64_t ic, int64_t taps) {
    const int64_t channels = panels.order == Order::kOcInner ? oc : ic;
    return (channels + panels.block - 1) / panels.block * panels.block * taps * (oc * ic / channels);
  };
  for (const auto& [from_order, to_order] :
       {std::pair{Order::kOcInner, Order::kIcInner}, std::pair{Order::kIcInner, Order::kOcInner}}) {
    for (const auto& [from_block, to_block] : {std::pair{24, 24}, std::pair{8, 32}, std::pair{16, 8}}) {
      for (const auto& [oc, ic] : {std::pair{1, 1}, std::pair{24, 48}, std::pair{33, 7}, std::pair{17, 65}}) {
        const Dims dims = {oc, ic, 2, 3};
        const int64_t taps = 6;
        const Layout from = Layout::panels(from_order, from_block, 2, false);
        const Layout to = Layout::panels(to_order, to_block, 2, false);
        test::Fenced source(std::vector<float>(static_cast<size_t>(size(from, oc, ic, taps)), 0.0f));
        std::vector<float> expected(static_cast<size_t>(size(to, oc, ic, taps)), 0.0f);
        float next = 1;
        for (int64_t o = 0; o < oc; ++o) {
          for (int64_t i = 0; i < ic; ++i) {
            for (int64_t tap = 0; tap < taps; ++tap, ++next) {
              source.data()[place(from, oc, ic, taps, o, i, tap)] = next;
              expected[static_cast<size_t>(place(to, oc, ic, taps, o, i, tap))] = next;
            }
          }
        }
        test::Fenced turned(size(to, oc, ic, taps));
        turn_panels(from, to, dims, source.data(), turned.data());
        ASSERT_EQ(expected, std::vector<float>(turned.data(), turned.data() + expected.size()))
            << oc << " to " << ic << ", panels of " << from_block << " to " << to_block;
        ASSERT_TRUE(turned.is_untouched_before());
      }
    }
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
