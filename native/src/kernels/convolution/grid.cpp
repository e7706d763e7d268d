#include "kernels/convolution/grid.h"

#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "core/division.h"

namespace conv4j {

namespace {

// A run that is shorter does not fill the registers.
constexpr int64_t kShort = 4;

// Elements of a kernel that fills half of a second-level cache.
constexpr int64_t kLargeKernel = 96 << 10;

// Of the runs that positions are in.
double average_run(const std::vector<Item>& items) {
  double positions = 0, squares = 0;
  for (const Item& item : items) {
    const auto count = static_cast<double>(item.count);
    positions += count;
    squares += count * count;
  }
  return squares / positions;
}

// A run that fills the registers of the widest tile nearly.
constexpr double kFilled = 6;

std::vector<Item> images(int64_t n, bool runs) {
  if (runs) return {Item{0, 1, n, 0, 0, 0, 0, 0, 1, 0, 0}};
  std::vector<Item> items;
  for (int64_t i = 0; i < n; ++i) items.push_back(single(i));
  return items;
}

// Single positions of one residue class, which use the same kernels, come together where all kernels are more than a
// second-level cache holds beside the rest.
constexpr int64_t kManyWeights = 64 << 10;

std::vector<Item> singles(const Problem& problem, int axis_index, FindItems find) {
  std::vector<Item> items = find(problem.axes[axis_index], false);
  if (problem.weights_size() <= kManyWeights) return items;
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.first % a.step < b.first % b.step; });
  return items;
}

bool comes_first(const Item& a, const Item& b) { return a.first < b.first; }

std::vector<Item> cut(std::vector<Item> runs, int64_t most) {
  std::vector<Item> items;
  const auto fits = [&](const Item& run) { return run.count <= most; };
  if (std::all_of(runs.begin(), runs.end(), fits)) {
    items = std::move(runs);
  } else {
    for (const Item& run : runs) {
      const int64_t pieces = (run.count - 1) / most + 1;  // `most` may be the largest number.
      for (int64_t i = 0; i < pieces; ++i) {
        items.push_back(part_of(run, run.count * i / pieces, run.count * (i + 1) / pieces));
      }
    }
  }
  if (!std::is_sorted(items.begin(), items.end(), comes_first)) {
    std::stable_sort(items.begin(), items.end(), comes_first);
  }
  return items;
}

Grid grid_of(const Problem& problem, FindItems find, int rows, std::vector<Item> runs) {
  Grid grid;
  for (int axis = 0; axis < 3; ++axis) {
    grid.axes[axis] = axis == rows ? std::move(runs) : singles(problem, axis, find);
  }
  grid.images = images(problem.n, rows == 3);
  grid.rows = rows;
  const int64_t kernel = problem.taps * problem.ic * problem.oc;
  grid.width_first = rows != 3 && kernel > kLargeKernel && problem.axes[2].kernels() > 1;
  return grid;
}

std::vector<Grid> grids_of(const Problem& problem, FindItems find, int64_t most) {
  std::vector<Item> runs[4];
  double longest[4];
  for (int axis = 0; axis < 3; ++axis) {
    runs[axis] = find(problem.axes[axis], true);
    longest[axis] = average_run(runs[axis]);
  }
  longest[3] = static_cast<double>(problem.n);
  int best = 2;
  for (int axis : {3, 1, 0}) {
    if (longest[axis] > longest[best] && longest[best] < kFilled) best = axis;
  }
  std::vector<Grid> grids;
  grids.push_back(grid_of(problem, find, best, cut(std::move(runs[best]), most)));
  if (best == 3) return grids;
  // The short runs, in a grid of their own.
  int second = 3;
  for (int axis : {2, 1, 0}) {
    if (axis != best && longest[axis] > longest[second]) second = axis;
  }
  if (longest[second] < kShort) return grids;
  std::vector<Item>& all = grids[0].axes[best];
  std::vector<Item> border;
  for (const Item& item : all) {
    if (item.count >= kShort) continue;
    for (int64_t i = 0; i < item.count; ++i) border.push_back(part_of(item, i, i + 1));
  }
  if (border.empty()) return grids;
  all.erase(std::remove_if(all.begin(), all.end(), [](const Item& item) { return item.count < kShort; }), all.end());
  if (all.empty()) grids.clear();
  grids.push_back(grid_of(problem, find, second, cut(std::move(runs[second]), most)));
  grids.back().axes[best] = std::move(border);
  return grids;
}

int64_t size(const std::vector<Item>& items) { return static_cast<int64_t>(items.size()); }

int64_t heights(const Grid& grid) { return ceil_div(size(grid.axes[1]), grid.heights); }

int64_t lines_of(const Grid& grid) { return size(grid.axes[0]) * heights(grid) * size(grid.images); }

int64_t pieces_of(const Grid& grid, int64_t most) {
  return grid.width_first ? size(grid.axes[2]) : std::min(size(grid.axes[2]), most);
}

int64_t positions_of(const std::vector<Item>& items) {
  int64_t positions = 0;
  for (const Item& item : items) positions += item.count;
  return positions;
}

// In the time of a position: a tile takes that of a few more, so that those of the border, of few rows, take longer.
double cost_of(const Grid& grid) {
  constexpr double kOfTile = 4;
  auto positions = static_cast<double>(positions_of(grid.images)), tiles = static_cast<double>(size(grid.images));
  for (const std::vector<Item>& items : grid.axes) {
    positions *= static_cast<double>(positions_of(items));
    tiles *= static_cast<double>(size(items));
  }
  return positions + kOfTile * tiles;
}

// Whether there was no next one, so that it is the first one again.
bool move_on(const Item*& item, const std::vector<Item>& items, int64_t step = 1) {
  if (items.data() + items.size() - item > step) {
    item += step;
    return false;
  }
  item = items.data();
  return true;
}

}  // namespace

std::vector<Grid> output_grids(const Problem& problem, int64_t most) { return grids_of(problem, output_items, most); }

void join_blocks(const Problem& problem, Grid& grid) {
  const Axis& height = problem.axes[1];
  const bool by_blocks = height.sharing == Sharing::kBlocks && problem.kernel_count() >= kFewUnits;
  if (grid.rows == 3 && by_blocks) grid.heights = height.sharing_size;
}

void join_short_lines(int64_t terms, Grid& grid) {
  constexpr int64_t kMost = 8;
  if (grid.rows == 2 && has_few_terms(terms)) {
    grid.heights = std::clamp<int64_t>(lines_of(grid) / few_units(), 1, kMost);
  }
}

std::vector<Grid> source_grids(const Problem& problem, int64_t most) { return grids_of(problem, source_items, most); }

std::vector<Grid> source_grids_by_images(const Problem& problem) { return {grid_of(problem, source_items, 3, {})}; }

std::vector<Grid> grouped(const std::vector<Grid>& grids, const GroupOf& group_of) {
  using Groups = std::map<int64_t, std::vector<Item>>;
  std::vector<std::array<Groups, 3>> groups(grids.size());
  std::set<int64_t> all[3];
  for (size_t i = 0; i < grids.size(); ++i) {
    for (int axis = 0; axis < 3; ++axis) {
      for (const Item& item : grids[i].axes[axis]) {
        const int64_t group = group_of(axis, item);
        groups[i][static_cast<size_t>(axis)][group].push_back(item);
        all[axis].insert(group);
      }
    }
  }
  std::vector<Grid> parts;
  for (const int64_t depth : all[0]) {
    for (const int64_t height : all[1]) {
      for (const int64_t width : all[2]) {
        for (size_t i = 0; i < grids.size(); ++i) {
          auto& [depths, heights, widths] = groups[i];
          if (depths.count(depth) == 0 || heights.count(height) == 0 || widths.count(width) == 0) continue;
          Grid part = grids[i];
          part.axes[0] = depths[depth];
          part.axes[1] = heights[height];
          part.axes[2] = widths[width];
          parts.push_back(std::move(part));
        }
      }
    }
  }
  return parts;
}

LineCursor::LineCursor(const std::vector<Grid>& grids) : grids_(grids) {
  int64_t lines = 0;
  for (const Grid& grid : grids) lines += lines_of(grid);
  if (lines > 0) most_pieces_ = ceil_div(few_units(), lines);
  for (const Grid& grid : grids) count_ += lines_of(grid) * pieces_of(grid, most_pieces_);
  if (grids.size() == 1 || thread_count() == 1) return;  // Lines take equally long, or it is of no use.
  for (const Grid& grid : grids) cost_ += cost_of(grid);
}

int64_t LineCursor::number_at(int64_t part, int64_t parts) const {
  if (cost_ == 0) return count_ * part / parts;
  double left = cost_ * static_cast<double>(part) / static_cast<double>(parts);
  int64_t number = 0;
  for (const Grid& grid : grids_) {
    if (left <= 0) return number;
    const double cost = cost_of(grid);
    const int64_t count = lines_of(grid) * pieces_of(grid, most_pieces_);
    if (left < cost) return number + std::llround(left / cost * static_cast<double>(count));
    left -= cost;
    number += count;
  }
  return count_;
}

void LineCursor::seek(int64_t number) {
  number_ = number;
  for (grid_ = grids_.data();; ++grid_) {
    lines_ = lines_of(*grid_);
    pieces_ = pieces_of(*grid_, most_pieces_);
    if (number < lines_ * pieces_) break;
    number -= lines_ * pieces_;
  }
  if (grid_->width_first) {
    line_ = take_digit(number, lines_);
    piece_ = number;
  } else {
    piece_ = take_digit(number, pieces_);
    line_ = number;
  }
  int64_t rest = line_;
  const auto take = [&](const std::vector<Item>& items) { return items.data() + take_digit(rest, size(items)); };
  where_.rows = grid_->rows;
  where_.axis[2] = grid_->axes[2].data();
  if (grid_->width_first) where_.image = take(grid_->images);
  where_.axis[1] = grid_->axes[1].data() + take_digit(rest, heights(*grid_)) * grid_->heights;
  where_.axis[0] = take(grid_->axes[0]);
  if (!grid_->width_first) where_.image = take(grid_->images);
}

Line LineCursor::line() const {
  const int64_t width = size(grid_->axes[2]);
  const auto begin = [&](int64_t i) { return pieces_ == 1 ? width * i : width * i / pieces_; };
  const int64_t left = grid_->axes[1].data() + size(grid_->axes[1]) - where_.axis[1];
  const bool is_last = line_ + 1 == lines_;
  return {
      grid_, where_, is_last ? where_ : next_line(), begin(piece_), begin(piece_ + 1), std::min(grid_->heights, left)};
}

void LineCursor::next() {
  if (++number_ == count_) return;
  if (!grid_->width_first && ++piece_ < pieces_) return;
  if (line_ + 1 == lines_) return seek(number_);
  if (!grid_->width_first) piece_ = 0;
  where_ = next_line();
  ++line_;
}

Where LineCursor::next_line() const {
  Where where = where_;
  if (grid_->width_first && !move_on(where.image, grid_->images)) return where;
  if (!move_on(where.axis[1], grid_->axes[1], grid_->heights)) return where;
  if (!move_on(where.axis[0], grid_->axes[0])) return where;
  if (!grid_->width_first) move_on(where.image, grid_->images);
  return where;
}

int64_t kernel_of(const Problem& problem, const Where& where) {
  return problem.kernel_index(where.axis[0]->kernel, where.axis[1]->kernel, where.axis[2]->kernel) *
         problem.weights_kernel;
}

int64_t source_segments(const Problem& problem, const Where& where, const Steps& dst, int64_t length, Segment* list) {
  const Item &d = *where.axis[0], &h = *where.axis[1], &w = *where.axis[2];
  const auto kernel = [&](int axis, const Item& item, int64_t tap) {
    return problem.axes[axis].kernel_index(item.other + tap * item.other_tap_step) - item.kernel;
  };
  int64_t count = 0;
  for (int64_t i = 0; i < d.taps; ++i) {
    for (int64_t j = 0; j < h.taps; ++j) {
      for (int64_t k = 0; k < w.taps; ++k) {
        const int64_t tap = problem.tap_index(d.tap + i * d.tap_step, h.tap + j * h.tap_step, w.tap + k * w.tap_step);
        list[count++] = {
            i * d.other_tap_step * dst.axis[0] + j * h.other_tap_step * dst.axis[1] +
                k * w.other_tap_step * dst.axis[2],
            problem.kernel_index(kernel(0, d, i), kernel(1, h, j), kernel(2, w, k)) * problem.weights_kernel +
                tap * problem.weights_tap,
            length};
      }
    }
  }
  return count;
}

}  // namespace conv4j
