#include "kernels/packing/packing.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/cpu.h"
#include "core/division.h"
#include "core/error.h"
#include "core/parallel.h"
#include "kernels/dispatch.h"

namespace conv4j {

namespace {

// Logical order is [group][oc][kernel position][ic][tap].
struct Sizes {
  int64_t groups, oc, positions, ic, taps;
};

Sizes sizes_of(const Layout& layout, const Dims& dims) {
  const size_t spatial = static_cast<size_t>(layout.spatial);
  const bool has_kernels = dims.size() == 2 + 2 * spatial;
  require((has_kernels || dims.size() == 2 + spatial) && dims[0] % layout.groups == 0,
          "dims: expected the rank and groups that the weights were packed for");
  Sizes s = {layout.groups, dims[0] / layout.groups, 1, dims[has_kernels ? 1 + spatial : 1], 1};
  for (size_t i = 0; i < spatial; ++i) {
    if (has_kernels) s.positions *= dims[1 + i];
    s.taps *= dims[dims.size() - 1 - i];
  }
  return s;
}

// Visits every weight as (logical index, packed index), a kernel position and a block of 16 output channels at a time,
// so that both sides stay in cache.
template <typename Visit>
void for_each_weight(const Layout& layout, const Dims& dims, const Visit& visit) {
  const Sizes s = sizes_of(layout, dims);
  const PackedSteps steps = packed_steps(layout.order, s.groups, s.oc, s.ic, s.taps);
  constexpr int64_t kBlock = 16;
  const int64_t blocks = ceil_div(s.oc, kBlock);
  parallel_for(s.groups * blocks * s.positions, [&](int64_t unit) {
    const int64_t position = unit % s.positions;
    const int64_t first = unit / s.positions % blocks * kBlock;
    const int64_t group = unit / s.positions / blocks;
    const int64_t last = std::min(s.oc, first + kBlock);
    for (int64_t ic = 0; ic < s.ic; ++ic) {
      for (int64_t tap = 0; tap < s.taps; ++tap) {
        const int64_t packed = position * steps.kernel + group * steps.group + ic * steps.ic +
                               (layout.flipped ? s.taps - 1 - tap : tap) * steps.tap;
        for (int64_t oc = first; oc < last; ++oc) {
          visit((((group * s.oc + oc) * s.positions + position) * s.ic + ic) * s.taps + tap, packed + oc * steps.oc);
        }
      }
    }
  });
}

float get(const float& from) { return from; }

float get(const Bf16& from) {
  const uint32_t bits = uint32_t{from.bits} << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

void put(float& to, float value) { to = value; }

void put(Bf16& to, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  // A NaN is made a quiet one: what is left of its bits might be infinity's.
  bits = value != value ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1);
  to.bits = static_cast<uint16_t>(bits >> 16);
}

template <typename T>
void pack(const Layout& layout, const Dims& dims, const float* logical, bool add, T* packed) {
  if (add) {
    for_each_weight(layout, dims, [=](int64_t from, int64_t to) { put(packed[to], get(packed[to]) + logical[from]); });
  } else {
    for_each_weight(layout, dims, [=](int64_t from, int64_t to) { put(packed[to], logical[from]); });
  }
}

template <typename T>
void unpack(const Layout& layout, const Dims& dims, const T* packed, bool add, float* logical) {
  if (add) {
    for_each_weight(layout, dims, [=](int64_t to, int64_t from) { logical[to] += get(packed[from]); });
  } else {
    for_each_weight(layout, dims, [=](int64_t to, int64_t from) { logical[to] = get(packed[from]); });
  }
}

}  // namespace

void check_packed(const Layout& packed_layout, const Dims& dims) { sizes_of(packed_layout, dims); }

void pack_weights(const Layout& packed_layout, const Dims& dims, const float* logical, bool add, void* packed) {
  if (packed_layout.type == DataType::kBf16) {
    pack(packed_layout, dims, logical, add, static_cast<Bf16*>(packed));
  } else {
    pack(packed_layout, dims, logical, add, static_cast<float*>(packed));
  }
}

void unpack_weights(const Layout& packed_layout, const Dims& dims, const void* packed, bool add, float* logical) {
  if (packed_layout.type == DataType::kBf16) {
    unpack(packed_layout, dims, static_cast<const Bf16*>(packed), add, logical);
  } else {
    unpack(packed_layout, dims, static_cast<const float*>(packed), add, logical);
  }
}

void check_panels(const Layout& layout, const Dims& dims) {
  require(dims.size() == 2 + static_cast<size_t>(layout.spatial), "dims: expected the rank that the panels are for");
}

void turn_panels(const Layout& from_layout, const Layout& to_layout, const Dims& dims, const float* from, float* to) {
  const auto [from_channels, to_channels] =
      from_layout.order == Layout::Order::kOcInner ? std::pair{dims[0], dims[1]} : std::pair{dims[1], dims[0]};
  const int64_t taps = elements(dims) / (from_channels * to_channels);
  const int64_t from_block = from_layout.block, to_block = to_layout.block;
  const Kernels& kernels = kernels_of(default_isa());
  const int64_t next = from_channels * taps * to_block;
  parallel_for(ceil_div(from_channels, from_block) * taps, [&](int64_t unit) {
    const int64_t tap = unit % taps, first = unit / taps * from_block;
    const int64_t columns = std::min(from_block, from_channels - first);
    const float* block = from + unit * to_channels * from_block;
    float* turned = to + (tap * from_channels + first) * to_block;
    for (int64_t left = to_channels; left > 0; left -= to_block) {
      // Each lies in pages of its own (0.9 of the time).
      for (int64_t i = 0; i < columns * to_block && left > to_block; i += 16) __builtin_prefetch(turned + next + i, 1);
      if (left < to_block) std::memset(turned, 0, static_cast<size_t>(columns * to_block) * sizeof(float));
      kernels.transpose(block, from_block, std::min(to_block, left), columns, turned, to_block);
      block += to_block * from_block;
      turned += next;
    }
  });
}

}  // namespace conv4j
