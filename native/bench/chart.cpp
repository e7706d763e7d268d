#include "bench/chart.h"

namespace conv4j::bench {

void draw_chart(const std::string&, const std::vector<Row>&, Machine&) {}

}  // namespace conv4j::bench
