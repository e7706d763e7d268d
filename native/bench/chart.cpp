#include "bench/chart.h"

#include <algorithm>
#include <cstdio>
#include <set>
#include <sstream>
#include <stdexcept>

namespace conv4j::bench {

namespace {

struct Pass {
  const char* name;
  const char* title;
  const char* colour;
  double shift;  // off the middle of its line
};

constexpr Pass kPasses[] = {{"forward", "forward", "#0072B2", -0.22},
                            {"backward_data", "backward data", "#D55E00", 0},
                            {"backward_weights", "backward weights", "#009E73", 0.22}};

class Chart {
 public:
  Chart(const std::vector<Row>& rows, Machine& machine) : machine_(machine) {
    // The best instruction set alone: more would hide each other.
    for (const std::string& isa : machine.isas()) {
      for (const Row& row : rows) {
        if (row.isa == isa) rows_.push_back(row);
      }
      if (!rows_.empty()) break;
    }
    for (const Row& row : rows_) {
      thread_counts_.insert(row.threads);
      const std::string label = label_of(row);
      if (std::find(labels_.begin(), labels_.end(), label) == labels_.end()) labels_.push_back(label);
    }
  }

  std::string script(const std::string& png) {
    const int height = std::max(820, 150 + 19 * static_cast<int>(labels_.size()));
    const int width = 980 + 420 * static_cast<int>(thread_counts_.size());
    write_points();
    out_ << "set terminal pngcairo size " << width << "," << height << " font 'sans,11' background 'white'\n"
         << "set output '" << png << "'\n"
         << "set multiplot title \"" << cpu_model() << ", " << rows_[0].isa << "\" font ',15'\n"
         << "set border 3 lc rgb '#606060'\nset tics nomirror\nset grid lc rgb '#e4e4e4' lt 1\n";
    const double left = 760.0 / width;
    int panel = 0;
    for (int threads : thread_counts_) {
      const double share = 0.94 / static_cast<double>(thread_counts_.size());
      draw_roofline(threads, left - 0.01, share, 0.94 - share * (panel + 1));
      ++panel;
    }
    const double labels = 210.0 / width;
    const double share = (0.99 - left - labels) / static_cast<double>(thread_counts_.size());
    panel = 0;
    for (int threads : thread_counts_) {
      draw_fractions(threads, panel == 0, left + labels + share * panel, share - 15.0 / width, 60.0 / height);
      ++panel;
    }
    out_ << "unset multiplot\n";
    return out_.str();
  }

 private:
  static std::string label_of(const Row& row) {
    return row.shape + "  n" + std::to_string(row.n) + (row.dtype == "f32" ? "" : " " + row.dtype);
  }

  static std::string points_of(int threads, const Pass& pass) {
    return "$" + std::string(pass.name) + std::to_string(threads);
  }

  // A block of data a pass: intensity, GFLOP/s, fraction, line.
  void write_points() {
    for (int threads : thread_counts_) {
      for (const Pass& pass : kPasses) {
        out_ << points_of(threads, pass) << " << EOD\n";
        for (const Row& row : rows_) {
          if (row.threads != threads || row.pass != pass.name) continue;
          const auto line = std::find(labels_.begin(), labels_.end(), label_of(row)) - labels_.begin();
          out_ << row.at("flops_per_byte") << " " << row.at("gflops") << " " << row.at("roofline_fraction") << " "
               << static_cast<double>(line) + pass.shift << "\n";
        }
        out_ << "EOD\n";
      }
    }
  }

  void draw_roofline(int threads, double width, double height, double bottom) {
    const double peak = 1e-9 * machine_.peak(rows_[0].isa, threads);
    out_ << "set origin 0," << bottom << "\nset size " << width << "," << height << "\n"
         << "set title '" << threads << (threads == 1 ? " thread" : " threads") << "'\n"
         << "set logscale xy\nset xrange [0.2:1000]\nset yrange [1:" << 1.5 * peak << "]\n"
         << "set xlabel 'flops per byte'\nset ylabel 'GFLOP/s'\nset key bottom right reverse Left\nset samples 500\n"
         << "min(a, b) = a < b ? a : b\nplot ";
    const char* dashes[] = {"1", "(8,4)", "(2,4)"};
    int dash = 0;
    for (double megabytes : kMegabytes) {
      const double bandwidth = 1e-9 * machine_.bandwidth(Traffic::kRead, megabytes * (1 << 20), threads);
      char title[64];
      std::snprintf(title, sizeof(title), "%g MB, reading alone, %.0f GB/s", megabytes, bandwidth);
      out_ << "min(" << peak << ", x * " << bandwidth << ") lw 1.5 dt " << dashes[dash++] << " lc rgb '#404040' title '"
           << title << "', ";
    }
    draw_points(threads, "1:2", true);
  }

  void draw_fractions(int threads, bool labelled, double left, double width, double bottom) {
    out_ << "set origin 0,0\nset size 1,1\nset lmargin at screen " << left << "\nset rmargin at screen " << left + width
         << "\nset bmargin at screen " << bottom << "\nset tmargin at screen 0.925\n"
         << "unset logscale\nset xrange [0:1.1]\nset yrange [" << static_cast<double>(labels_.size()) - 0.5
         << ":-0.5]\nset xlabel 'fraction of the roofline'\nunset ylabel\nset xtics 0.2\nunset key\n"
         << "set title '" << threads << (threads == 1 ? " thread" : " threads") << "'\n"
         << "set arrow 1 from 1, graph 0 to 1, graph 1 nohead lc rgb '#404040' lw 1.5\nset ytics (";
    for (size_t i = 0; i < labels_.size(); ++i) {
      out_ << (i > 0 ? ", " : "") << "\"" << (labelled ? labels_[i] : "") << "\" " << i;
    }
    out_ << ") noenhanced\nplot ";
    draw_points(threads, "(min($3, 1.09)):4", false);
  }

  void draw_points(int threads, const char* columns, bool titled) {
    const char* comma = "";
    for (const Pass& pass : kPasses) {
      const bool any = std::any_of(rows_.begin(), rows_.end(),
                                   [&](const Row& row) { return row.threads == threads && row.pass == pass.name; });
      if (!any) continue;  // gnuplot warns of blocks without data.
      out_ << comma << points_of(threads, pass) << " using " << columns << " with points pt 7 ps 0.9 lc rgb '"
           << pass.colour << "' " << (titled ? "title '" + std::string(pass.title) + "'" : "notitle");
      comma = ", ";
    }
    out_ << "\n";
  }

  Machine& machine_;
  std::vector<Row> rows_;
  std::set<int> thread_counts_;
  std::vector<std::string> labels_;
  std::ostringstream out_;
};

}  // namespace

void draw_chart(const std::string& png, const std::vector<Row>& rows, Machine& machine) {
  if (rows.empty()) return;
  const std::string script = Chart(rows, machine).script(png);
  FILE* gnuplot = popen("gnuplot", "w");
  if (gnuplot == nullptr) throw std::runtime_error("gnuplot cannot be started");
  std::fwrite(script.data(), 1, script.size(), gnuplot);
  if (pclose(gnuplot) != 0) throw std::runtime_error("gnuplot could not draw " + png);
  std::printf("\n%s\n", png.c_str());
}

}  // namespace conv4j::bench
