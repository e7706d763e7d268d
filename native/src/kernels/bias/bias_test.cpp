#include "kernels/bias/bias.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "core/memory.h"
#include "core/parallel.h"
#include "test/fenced.h"
#include "test/isa.h"
#include "test/random.h"

namespace conv4j {
namespace {

const Layout kLayouts[] = {Layout::channels_first(), Layout::channels_last(), Layout::blocked(8), Layout::blocked(16)};

class BiasTest : public test::IsaTest {};

TEST_P(BiasTest, ChannelSumsAgreeWithDoublesForEveryLayoutAndRemainder) {
  for (const Layout& layout : kLayouts) {
    for (int64_t channels : {1, 3, 7, 8, 15, 16, 17, 33, 130}) {
      for (int64_t positions : {1, 15, 16, 17, 63, 65, 5000}) {
        const ActivationView view = activation_view(layout, {2, channels, positions});
        const std::vector<float> x = test::random_floats(2 * view.image(), 7);
        std::vector<float> bias(static_cast<size_t>(channels), 1.5f);
        std::vector<char> scratch(static_cast<size_t>(sum_channel_bias_scratch_bytes(view)));
        sum_channel_bias(kernels(), view, x.data(), true, bias.data(), scratch.data());
        for (int64_t c = 0; c < channels; ++c) {
          double sum = 1.5, magnitude = 1.5;
          for (int64_t n = 0; n < 2; ++n) {
            for (int64_t p = 0; p < positions; ++p) {
              const double value = x[static_cast<size_t>(
                  ((n * view.blocks + c / view.lanes) * positions + p) * view.lanes + c % view.lanes)];
              sum += value;
              magnitude += std::abs(value);
            }
          }
          EXPECT_NEAR(bias[static_cast<size_t>(c)], sum, test::tolerance(2 * positions + 1, magnitude))
              << channels << " channels, " << positions << " positions, channel " << c;
        }
      }
    }
  }
}

TEST_P(BiasTest, ChannelBiasIsAddedToItsChannelsAndLeavesPaddingLanesZero) {
  for (const Layout& layout : kLayouts) {
    for (int64_t channels : {1, 3, 8, 16, 17}) {
      const ActivationView view = activation_view(layout, {2, channels, channels == 3 ? 20001 : 5});
      std::vector<float> x(static_cast<size_t>(2 * view.image()), 0.0f);
      std::vector<float> bias;
      for (int64_t c = 0; c < channels; ++c) bias.push_back(static_cast<float>(c + 1));
      add_channel_bias(kernels(), view, x.data(), bias.data());
      for (size_t i = 0; i < x.size(); ++i) {
        const auto index = static_cast<int64_t>(i);
        const int64_t c = index / (view.positions * view.lanes) % view.blocks * view.lanes + index % view.lanes;
        ASSERT_EQ(x[i], c < channels ? static_cast<float>(c + 1) : 0.0f) << channels << " channels, element " << i;
      }
    }
  }
}

TEST_P(BiasTest, ImageBiasIsAddedToAndSummedOverEveryImage) {
  const ActivationView view = activation_view(Layout::channels_last(), {3, 17, 1001});
  const std::vector<float> image = test::random_integers(view.image(), 11);
  std::vector<float> x(static_cast<size_t>(3 * view.image()), 2.0f);
  add_image_bias(kernels(), view, x.data(), image.data());
  std::vector<float> sum(static_cast<size_t>(view.image()));
  sum_image_bias(kernels(), view, x.data(), sum.data());
  for (size_t i = 0; i < sum.size(); ++i) ASSERT_EQ(sum[i], 3 * (2.0f + image[i])) << i;
}

TEST_P(BiasTest, SumsHaveTheSameBitsForAnyNumberOfThreads) {
  const int64_t channels = 70;
  const ActivationView view = activation_view(Layout::channels_last(), {3, channels, 9001});
  const std::vector<float> x = test::random_floats(3 * view.image(), 3);
  std::vector<float> first;
  for (int threads : {1, 2, 3, 8}) {
    const ScopedThreads scope(threads);
    std::vector<float> bias(channels);
    std::vector<char> scratch(static_cast<size_t>(sum_channel_bias_scratch_bytes(view)));
    sum_channel_bias(kernels(), view, x.data(), false, bias.data(), scratch.data());
    if (first.empty()) first = bias;
    EXPECT_EQ(0, std::memcmp(first.data(), bias.data(), bias.size() * sizeof(float))) << threads << " threads";
  }
}

TEST_P(BiasTest, KernelsReadAndWriteNothingButTheirOperands) {
  for (int64_t lanes : {1, 3, 7, 8, 15, 16, 17, 33}) {
    for (int64_t positions : {1, 2, 15, 16, 17, 63, 64, 65, 1025}) {
      const int64_t count = positions * lanes;
      const std::vector<float> numbers = test::random_integers(count, 5);
      const std::vector<float> more = test::random_integers(count, 6);
      test::Fenced x(numbers), y(more), bias(std::vector<float>(more.begin(), more.begin() + lanes));
      std::vector<double> sums(static_cast<size_t>(lanes), -1);
      kernels().sum_lanes(x.data(), positions, lanes, sums.data());
      kernels().add(y.data(), x.data(), count);
      kernels().add_lanes(x.data(), positions, lanes, bias.data());
      for (int64_t i = 0; i < count; ++i) {
        const auto at = static_cast<size_t>(i);
        ASSERT_EQ(y.data()[i], more[at] + numbers[at]) << count << " elements, " << i;
        ASSERT_EQ(x.data()[i], numbers[at] + more[at % static_cast<size_t>(lanes)]) << lanes << " lanes, element " << i;
        sums[at % static_cast<size_t>(lanes)] -= static_cast<double>(numbers[at]);
      }
      ASSERT_EQ(sums, std::vector<double>(static_cast<size_t>(lanes))) << positions << " positions";
      ASSERT_TRUE(x.is_untouched_before() && y.is_untouched_before() && bias.is_untouched_before());
    }
  }
}

TEST_P(BiasTest, RowsApartAreAdded) {
  for (int64_t columns : {1, 3, 7, 8, 9, 15, 16, 17, 40}) {
    const int64_t rows = 5, x_step = columns + 3, y_step = columns + 2;
    const std::vector<float> numbers = test::random_integers((rows - 1) * x_step + columns, 7);
    const std::vector<float> more = test::random_integers((rows - 1) * y_step + columns, 8);
    test::Fenced x(numbers), y(more);
    kernels().add_rows(y.data(), y_step, x.data(), x_step, rows, columns);
    for (size_t i = 0; i < more.size(); ++i) {
      const int64_t row = static_cast<int64_t>(i) / y_step, column = static_cast<int64_t>(i) % y_step;
      const float added = column < columns ? x.data()[row * x_step + column] : 0;
      ASSERT_EQ(y.data()[i], more[i] + added) << columns << " columns, element " << i;
    }
    ASSERT_TRUE(x.is_untouched_before() && y.is_untouched_before());
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, BiasTest, test::every_isa(), test::name_of_isa);

}  // namespace
}  // namespace conv4j
