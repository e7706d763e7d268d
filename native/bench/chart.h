#ifndef CONV4J_BENCH_CHART_H_
#define CONV4J_BENCH_CHART_H_

#include <string>
#include <vector>

#include "bench/machine.h"
#include "bench/results.h"

namespace conv4j::bench {

// Sizes of memory whose bandwidth the table and the chart name.
constexpr double kMegabytes[] = {0.5, 8, 256};

// Draws the rooflines and the fractions of them, through gnuplot, and says where.
void draw_chart(const std::string& png, const std::vector<Row>& rows, Machine& machine);

}  // namespace conv4j::bench

#endif  // CONV4J_BENCH_CHART_H_
