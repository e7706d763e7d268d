// The tiles that cover one side of a convolution, and the loop over them.
#ifndef CONV4J_KERNELS_CONVOLUTION_GRID_H_
#define CONV4J_KERNELS_CONVOLUTION_GRID_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/parallel.h"
#include "kernels/convolution/items.h"
#include "kernels/convolution/problem.h"

namespace conv4j {

// One tile for each combination of items. Items of axis `rows` are runs, whose positions are the tile's rows; 3 stands
// for the images.
struct Grid {
  std::vector<Item> axes[3];
  std::vector<Item> images;
  int rows;
  bool width_first = false;  // all tiles of one width come before those of the next: their kernels fill a cache
  int64_t heights = 1;       // that make up one line
};

// Sums of so few terms that what happens once per tile or line counts.
inline bool has_few_terms(int64_t terms) { return terms < 64; }

// Rows of a tile at most. Neighbouring columns of other phases read the same rows of the other side, which are to stay
// near; those of few terms do anyway (9 to 45 terms, 56 x 56 on a Zen 3: 0.83 to 0.98 of the time).
inline int64_t most_rows(int64_t terms) { return has_few_terms(terms) ? 112 : 28; }

// Rows are positions of the axis with the longest runs, or images. Positions at the border, of short runs, get a grid
// of their own whose rows are another axis. Runs are cut to at most `most` rows and neighbouring ones come one after
// the other, so that they find the other side in the cache.
std::vector<Grid> output_grids(const Problem& problem, int64_t most);
std::vector<Grid> source_grids(const Problem& problem, int64_t most);
std::vector<Grid> source_grids_by_images(const Problem& problem);

// Lines of several heights become one, for a pass that goes through all heights of a line. Of those that share kernels:
// a kernel then comes from memory once (blocks2_c64_56: 0.89 of the time).
void join_blocks(const Problem& problem, Grid& grid);
// And of any whose sums are so short that to begin a line takes as long (forward on a Zen 3, 9 terms, 28 x 28: 0.73 to
// 0.86 of the time, 56 x 56 0.86 to 0.95, 25 terms 0.9, 45 0.98; backward_data gains nothing).
void join_short_lines(int64_t terms, Grid& grid);

// The same tiles, those whose items are in the same group on every axis together.
using GroupOf = std::function<int64_t(int axis, const Item& item)>;
std::vector<Grid> grouped(const std::vector<Grid>& grids, const GroupOf& group_of);

struct Where {
  const Item* axis[3];
  const Item* image;
  int rows;

  int64_t count() const { return (rows == 3 ? image : axis[rows])->count; }

  // Elements to the tile's first position, and from row to row, on its own side and on the other one.
  int64_t own(const Steps& steps) const { return offset(steps, &Item::first); }
  int64_t other(const Steps& steps) const { return offset(steps, &Item::other); }
  int64_t own_row(const Steps& steps) const { return rows == 3 ? steps.image : axis[rows]->step * steps.axis[rows]; }
  int64_t other_row(const Steps& steps) const {
    return rows == 3 ? steps.image : axis[rows]->other_step * steps.axis[rows];
  }

 private:
  int64_t offset(const Steps& steps, int64_t Item::*position) const {
    return axis[0]->*position * steps.axis[0] + axis[1]->*position * steps.axis[1] +
           axis[2]->*position * steps.axis[2] + image->*position * steps.image;
  }
};

// Elements to the weights of the tile's kernel; where it meets several, to those of the first tap's.
int64_t kernel_of(const Problem& problem, const Where& where);

// What the positions of a tile of the source meet, a segment of `length` terms for each tap, counted from the first
// tap's output position, in a dst of such steps, and its kernel. Returns their number.
int64_t source_segments(const Problem& problem, const Where& where, const Steps& dst, int64_t length, Segment* list);

// Fewer units of work than this are cut finer, so that any number of threads finds enough; one needs no more than one.
constexpr int64_t kFewUnits = 64;
inline int64_t few_units() { return thread_count() == 1 ? 1 : kFewUnits; }

// Tiles of a grid that differ in the width only, or in `heights` that follow each other, too.
struct Line {
  const Grid* grid;
  Where first;       // of the line
  Where first_next;  // of the next line, or of this one if it is the last
  int64_t begin, end;
  int64_t heights;

  Where at(int64_t i) const {
    Where where = first;
    if (i == static_cast<int64_t>(grid->axes[2].size())) return first_next;
    where.axis[2] = &grid->axes[2][static_cast<size_t>(i)];
    return where;
  }

  // How many tiles from i on meet the same taps and follow each other at equal steps.
  int64_t equal_steps(int64_t i) const {
    const Item* item = grid->axes[2].data() + i;
    const auto moves = [&](int64_t Item::*field) { return item[1].*field - item[0].*field; };
    int64_t count = 1;
    if (i + 1 >= end || item[0].kind != item[1].kind || item[0].count != item[1].count) return 1;
    const int64_t first = moves(&Item::first), other = moves(&Item::other), kernel = moves(&Item::kernel);
    for (; i + count < end; ++count) {
      const Item &last = item[count - 1], &next = item[count];
      if (next.kind != item->kind || next.count != item->count || next.first - last.first != first ||
          next.other - last.other != other || next.kernel - last.kernel != kernel) {
        break;
      }
    }
    return count;
  }
};

// Goes through pieces of the lines of grids, which are numbered. A step costs little, where to find a line by its
// number could take as long as its sums.
class LineCursor {
 public:
  explicit LineCursor(const std::vector<Grid>& grids);

  int64_t count() const { return count_; }
  // Of the line before which that part of the work comes.
  int64_t number_at(int64_t part, int64_t parts) const;
  void seek(int64_t number);
  Line line() const;
  void next();

 private:
  Where next_line() const;

  const std::vector<Grid>& grids_;
  int64_t most_pieces_ = 0, count_ = 0;
  double cost_ = 0;  // of all grids, if there are several
  int64_t number_ = 0;
  const Grid* grid_ = nullptr;
  int64_t lines_ = 0, pieces_ = 0;  // of the grid, and of each of its lines
  int64_t line_ = 0, piece_ = 0;
  Where where_ = {};
};

// Runs `body(line, round)` in parallel for pieces of lines, all of them in every round, and `done()` in each thread
// after its last. Results do not depend on the pieces. A thread takes a run of them that is as much work as the
// others': lines of the border are less than the rest (two threads on a Zen 3, one image of 32 channels, 14 x 14: 0.82
// to 0.86 of the time).
template <typename Body, typename Done>
void for_each_line(const std::vector<Grid>& grids, int64_t rounds, const Body& body, const Done& done) {
  const LineCursor first(grids);
  const int64_t count = first.count(), ranges = std::min<int64_t>(thread_count(), count * rounds);
  const auto start = [&](int64_t range) {
    const int64_t round = range * rounds / ranges, rest = range * rounds - round * ranges;
    return round * count + first.number_at(rest, ranges);
  };
  parallel_for(ranges, [&](int64_t range) {
    LineCursor cursor = first;
    for (int64_t begin = start(range), end = start(range + 1); begin < end;) {
      const int64_t round = rounds == 1 ? 0 : begin / count, number = begin - round * count;
      const int64_t lines = std::min(end - begin, count - number);
      cursor.seek(number);
      for (int64_t i = 0; i < lines; ++i, cursor.next()) body(cursor.line(), round);
      begin += lines;
    }
    done();
  });
}

template <typename Body, typename Done>
void for_each_line(const std::vector<Grid>& grids, const Body& body, const Done& done) {
  for_each_line(
      grids, 1, [&](const Line& line, int64_t) { body(line); }, done);
}

}  // namespace conv4j

#endif  // CONV4J_KERNELS_CONVOLUTION_GRID_H_
