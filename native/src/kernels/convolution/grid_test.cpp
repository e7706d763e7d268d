#include "kernels/convolution/grid.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace conv4j {
namespace {

using Position = std::tuple<const Item*, const Item*, const Item*, const Item*>;

Grid grid_of(size_t depths, size_t heights, size_t widths, size_t images, bool width_first, int64_t joined) {
  Grid grid;
  grid.axes[0].resize(depths);
  grid.axes[1].resize(heights);
  grid.axes[2].resize(widths);
  grid.images.resize(images);
  grid.rows = 2;
  grid.width_first = width_first;
  grid.heights = joined;
  return grid;
}

std::vector<std::vector<Grid>> many_grids() {
  std::vector<std::vector<Grid>> many = {{}, {grid_of(1, 1, 0, 1, false, 1)}, {grid_of(2, 3, 4, 0, true, 1)}};
  for (size_t heights : {1, 2, 7}) {
    for (size_t widths : {1, 5, 70}) {
      for (int64_t joined : {1, 2, 3}) {
        for (bool width_first : {false, true}) {
          many.push_back({grid_of(1, heights, widths, 3, width_first, joined), grid_of(2, 0, widths, 3, false, 1),
                          grid_of(2, 3, widths, 2, !width_first, 1)});
        }
      }
    }
  }
  return many;
}

Position start_of(const Line& line) {
  return {line.first.image, line.first.axis[0], line.first.axis[1], line.first.axis[2] + line.begin};
}

TEST(LineCursor, TakesEveryTileOnce) {
  for (int threads : {1, 8}) {
    const ScopedThreads scope(threads);
    for (const std::vector<Grid>& grids : many_grids()) {
      std::set<Position> tiles;
      LineCursor cursor(grids);
      if (cursor.count() > 0) cursor.seek(0);
      for (int64_t i = 0; i < cursor.count(); ++i, cursor.next()) {
        const Line line = cursor.line();
        for (int64_t tile = line.begin; tile < line.end; ++tile) {
          for (int64_t h = 0; h < line.heights; ++h) {
            const Where& first = line.first;
            ASSERT_TRUE(tiles.emplace(first.image, first.axis[0], first.axis[1] + h, first.axis[2] + tile).second);
          }
        }
      }
      size_t all = 0;
      for (const Grid& grid : grids) {
        all += grid.images.size() * grid.axes[0].size() * grid.axes[1].size() * grid.axes[2].size();
      }
      EXPECT_EQ(tiles.size(), all);
    }
  }
}

TEST(LineCursor, StepsToWhatItWouldSeek) {
  for (int threads : {1, 8}) {
    const ScopedThreads scope(threads);
    for (const std::vector<Grid>& grids : many_grids()) {
      LineCursor walking(grids), seeking(grids);
      if (walking.count() > 0) walking.seek(0);
      for (int64_t i = 0; i < walking.count(); ++i, walking.next()) {
        seeking.seek(i);
        ASSERT_EQ(start_of(walking.line()), start_of(seeking.line()));
        ASSERT_EQ(walking.line().end, seeking.line().end);
      }
    }
  }
}

TEST(LineCursor, KnowsTheNextLine) {
  const std::vector<Grid> grids = {grid_of(2, 3, 1, 2, false, 1)};
  LineCursor cursor(grids);
  cursor.seek(0);
  for (int64_t i = 0; i + 1 < cursor.count(); ++i) {
    const Where next = cursor.line().first_next;
    cursor.next();
    EXPECT_EQ(next.axis[0], cursor.line().first.axis[0]);
    EXPECT_EQ(next.axis[1], cursor.line().first.axis[1]);
    EXPECT_EQ(next.image, cursor.line().first.image);
  }
  EXPECT_EQ(cursor.line().first_next.axis[1], cursor.line().first.axis[1]);
}

constexpr int64_t kOfTile = 4;  // positions' time that a tile takes beside those of its own

// Wide lines and narrow ones, which thread counts and rounds do not divide.
TEST(ForEachLine, TakesEveryLineOnceInEveryRoundAndSharesOutTheWork) {
  std::vector<Grid> grids = {grid_of(1, 28, 1, 3, false, 1), grid_of(1, 28, 2, 3, false, 1)};
  for (Grid& grid : grids) {
    for (std::vector<Item>* items : {&grid.axes[0], &grid.axes[1], &grid.axes[2], &grid.images}) {
      for (Item& item : *items) item.count = 1;
    }
  }
  grids[0].axes[2][0].count = 26;
  for (int threads : {1, 2, 3, 5}) {
    const ScopedThreads scope(threads);
    for (int64_t rounds : {1, 2, 7}) {
      std::vector<std::vector<std::pair<int64_t, Position>>> visits(static_cast<size_t>(threads));
      std::vector<int64_t> work(static_cast<size_t>(threads), 0);
      for_each_line(
          grids, rounds,
          [&](const Line& line, int64_t round) {
            const auto thread = static_cast<size_t>(thread_index());
            for (int64_t i = line.begin; i < line.end; ++i) {
              visits[thread].emplace_back(round, start_of(line));
              std::get<3>(visits[thread].back().second) += i - line.begin;
              work[thread] += line.at(i).axis[2]->count + kOfTile;
            }
          },
          [] {});
      std::set<std::pair<int64_t, Position>> all;
      for (const auto& of_thread : visits) {
        for (const auto& visit : of_thread) ASSERT_TRUE(all.insert(visit).second);
      }
      EXPECT_EQ(all.size(), static_cast<size_t>(rounds * (28 * 3 + 28 * 2 * 3)));
      const int64_t line = 26 + kOfTile, border = 2 * (1 + kOfTile);
      const int64_t fair = rounds * 28 * 3 * (line + border) / threads;
      for (int64_t of_thread : work) EXPECT_LE(std::abs(of_thread - fair), 2 * line);
    }
  }
}

}  // namespace
}  // namespace conv4j
