#include "kernels/convolution/scatter.h"

#include <algorithm>

#include "core/division.h"

namespace conv4j {

namespace {

// Of rows of output positions, so that any number of threads finds enough.
constexpr int64_t kStrips = 8;
// Images that leave lanes empty (16 images by source positions: 0.95 to 1.05 of the time).
constexpr int64_t kFewImages = 8;

bool is_tiled(const Problem& problem) {
  return std::any_of(std::begin(problem.axes), std::end(problem.axes), [](const Axis& axis) {
    return axis.sharing == Sharing::kTiled && axis.sharing_size < axis.output;
  });
}

// Of output positions. Those of a block stay together.
int64_t strip_rows(const Axis& height) {
  const int64_t rows = std::max<int64_t>(height.output / kStrips, 1);
  const bool holds_blocks = height.sharing == Sharing::kBlocks && height.sharing_size <= rows;
  return holds_blocks ? ceil_div(rows, height.sharing_size) * height.sharing_size : rows;
}

// Rows of the source.
int64_t strip_height(const Axis& height) {
  return (strip_rows(height) - 1) * height.stride + (height.kernel - 1) * height.dilation + 1;
}

// Whether strips are of the order of both sides: taps of large dilations reach far beyond.
bool has_modest_strips(const Problem& problem) {
  constexpr int64_t kMost = 32;
  const Axis &depth = problem.axes[0], &height = problem.axes[1];
  const int64_t strips = ceil_div(height.output, strip_rows(height));
  const auto rows = [](int64_t depths, int64_t heights) {
    return static_cast<double>(depths) * static_cast<double>(heights);
  };
  return rows(depth.output * depth.kernel, strips) * static_cast<double>(strip_height(height)) <=
         kMost * (rows(depth.input, height.input) + rows(depth.output, height.output));
}

// Whether the images of all positions of a block become columns together (blocks2_c64_56, 8 images, on a Cascade Lake:
// 0.7 of the time).
bool joins_blocks(const Problem& problem) {
  const Axis& width = problem.axes[2];
  return width.dilation == 1 && problem.groups == 1 && width.sharing == Sharing::kBlocks && width.sharing_size > 1 &&
         width.sharing_size < width.output;
}

}  // namespace

int64_t whole_columns(const Problem& problem) {
  const int64_t half = problem.kernels.lanes / 2;
  return ceil_div(problem.n, half) * half;
}

ScatterBackwardData::ScatterBackwardData(const Problem& problem, int64_t columns)
    : KernelPass(problem),
      columns_(columns),
      images_(problem, columns),
      dst_(problem.dst),
      row_size_(problem.src.axis[1] * columns) {
  source_depths_ = source_items(problem.axes[0], false);
  for (int axis = 0; axis < 3; ++axis) outputs_[axis] = output_items(problem.axes[axis], false);
  const Axis& height = problem.axes[1];
  const Axis& width = problem.axes[2];
  strip_rows_ = strip_rows(height);
  if (height.sharing == Sharing::kBlocks && height.sharing_size <= strip_rows_) heights_ = height.sharing_size;
  widths_ = width.sharing == Sharing::kBlocks ? std::min(width.sharing_size, width.output) : width.output;
  strip_count_ = ceil_div(height.output, strip_rows_);
  strip_height_ = strip_height(height);
  strip_size_ = problem.axes[0].kernel * strip_height_ * row_size_;
  strips_ = reserve<float>(problem.axes[0].output * strip_count_ * strip_size_);
  if (problem.n > 1) row_ = reserve_per_thread<float>(row_size_);
}

void ScatterBackwardData::turn_rows() {
  dst_ = with_images_inside(dst_, columns_);
  turned_size_ = heights_ * dst_.axis[1];
  turned_ = reserve_per_thread<float>(turned_size_);
}

void ScatterBackwardData::run(const Call& call) const {
  const Axis &depth = problem_.axes[0], &height = problem_.axes[1];
  if (columns_ > problem_.n) {
    for (int thread = 0; thread < problem_.threads; ++thread) {
      std::fill_n(turned_.of<float>(call, thread), turned_size_, 0.0f);
    }
  }
  parallel_for(depth.output * strip_count_, [&](int64_t unit) {
    const Strip strip = {strips_.of<float>(call, 0) + unit * strip_size_, strip_begin(unit % strip_count_)};
    std::fill_n(strip.rows, strip_size_, 0.0f);
    const int64_t first = unit % strip_count_ * strip_rows_, last = std::min(first + strip_rows_, height.output);
    for (int64_t h = first; h < last; h += heights_) {
      scatter_rows(call, unit / strip_count_, h, std::min(h + heights_, last), strip);
    }
  });
  parallel_for(depth.input * height.input,
               [&](int64_t unit) { sum_up(call, unit / height.input, unit % height.input); });
}

// Block by block if the rows are of one, whose kernels come from memory once (blocks2_c64_56: 0.91 to 0.96 of the
// time).
void ScatterBackwardData::scatter_rows(const Call& call, int64_t depth, int64_t first, int64_t last,
                                       const Strip& strip) const {
  const Problem& p = problem_;
  const float* rows = call.dst + depth * p.dst.axis[0] + first * p.dst.axis[1];
  if (turned_size_ > 0) {
    float* const turned = turned_.of<float>(call);
    images_.turn(rows, (last - first) * p.dst.axis[1], turned);
    rows = turned;
  }
  const Item* const widths = outputs_[2].data();
  const int64_t output = p.axes[2].output;
  for (int64_t w = 0; w < output; w += widths_) {
    scatter(call, rows, {depth, first, last, widths + w, widths + std::min(w + widths_, output)}, strip);
  }
}

// A row of the source. Of images, the first strip takes what the others have, unless there is more to add to.
void ScatterBackwardData::sum_up(const Call& call, int64_t depth, int64_t height) const {
  const Problem& p = problem_;
  const bool by_images = p.n > 1;
  const Item& d = source_depths_[static_cast<size_t>(depth)];
  const int64_t row_size = p.src.axis[1];
  float* const strips = strips_.of<float>(call, 0);
  float* const to = call.src + d.first * p.src.axis[0] + height * p.src.axis[1];
  float* const row = by_images ? row_.of<float>(call) : to;
  float* sum = by_images && !call.add && call.bias == nullptr ? nullptr : row;
  if (by_images && call.add) {
    p.kernels.transpose(to, p.src.image, p.n, row_size, sum, columns_);
  } else if (sum != nullptr && !call.add) {
    fill(sum, call.bias);
  }
  for (int64_t i = 0; i < d.taps; ++i) {
    const int64_t output = d.other + i * d.other_tap_step, tap = d.tap + i * d.tap_step;
    for (int64_t strip = 0; strip < strip_count_; ++strip) {
      const int64_t at = height - strip_begin(strip);
      if (at < 0 || at >= strip_height_) continue;
      float* const part =
          strips + (output * strip_count_ + strip) * strip_size_ + (tap * strip_height_ + at) * row_size_;
      if (sum == nullptr) {
        sum = part;
      } else {
        p.kernels.add(sum, part, row_size_);
      }
    }
  }
  if (sum == nullptr) fill(sum = row, nullptr);
  if (by_images) p.kernels.transpose(sum, columns_, row_size, p.n, to, p.src.image);
}

void ScatterBackwardData::fill(float* row, const float* bias) const {
  for (const float* const end = row + row_size_; row < end;) {
    for (int64_t c = 0; c < problem_.geometry.ic; ++c, row += columns_) {
      std::fill_n(row, columns_, bias == nullptr ? 0 : bias[c]);
    }
  }
}

std::unique_ptr<KernelPass> make_scatter_backward_data(const Problem& problem) {
  // A line of positions makes no strips, which threads could share out.
  const bool has_strips = problem.axes[0].output * problem.axes[1].output >= kStrips;
  if (problem.order == Problem::Order::kIcInner || !has_strips) return nullptr;
  if (!has_modest_strips(problem)) return nullptr;
  const int64_t positions = problem.positions(), half = problem.kernels.lanes / 2;
  const bool has_few_inputs = problem.ic < kFewInputs;
  if (problem.n == 1) {
    // Of repeating kernels, each comes again and again (t = 16: 1.8 times the time). From a fast cache, by source
    // positions they do no harm (one image, deepface_l6 and cifar_32 on a Zen 4: 0.85 of the time; mnist_c1 1.5).
    const bool is_near = is_amd() && positions == 1 && !exceeds_half_of_last_level(problem);
    const bool pays = positions < kManyUses && !is_tiled(problem) && (has_few_inputs || !is_near);
    return pays ? make_scatter_positions(problem) : nullptr;
  }
  // Rows of A are floats.
  if (positions >= kManyPositions || problem.weights_type != DataType::kF32) return nullptr;
  const bool is_many = problem.n >= std::max(kManyImages, half);
  if (joins_blocks(problem)) {
    const bool fills_lanes = problem.n % half == 0 && problem.n < 2 * kManyImages;
    const bool pays = is_many && (has_few_inputs || (from_memory(problem) && fills_lanes));
    return pays ? make_scatter_blocks(problem) : nullptr;
  }
  if (has_few_inputs) return is_many ? make_scatter_positions(problem) : nullptr;
  // By source positions, kernels come from memory in pieces (2 to 8 images on a Zen 4: 1.1 to 1.8 times the time).
  // Where the cache holds some of them, images that fill the lanes of pairs make up for the detour (deepface_l5, 8
  // images: 0.82 of the time, two threads 0.95; 6 images 0.98, 4 1.2, and 8 on AVX2, whose pairs 4 fill, 1.16).
  const bool pays = problem.n == half ? exceeds_half_of_last_level(problem) : from_memory(problem);
  return problem.n <= kFewImages && pays ? make_scatter_neighbours(problem) : nullptr;
}

}  // namespace conv4j
