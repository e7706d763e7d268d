#include "bench/results.h"

#include <cstdio>
#include <sstream>
#include <stdexcept>

namespace conv4j::bench {

namespace {

// Seven words of a case's name, which each number of its run belongs to.
Row row_of(const benchmark::BenchmarkReporter::Run& run) {
  Row row;
  std::istringstream name(run.run_name.function_name);
  std::string n, threads;
  for (std::string* word : {&row.sharing, &row.shape, &row.pass, &n, &row.isa, &threads, &row.dtype}) {
    std::getline(name, *word, '/');
  }
  row.n = std::stol(n.substr(1));
  row.threads = std::stoi(threads.substr(1));
  for (const auto& [key, counter] : run.counters) row.numbers[key] = counter.value;
  return row;
}

}  // namespace

Results::Results(size_t expected, const std::string& json) : expected_(expected) {
  if (json.empty()) return;
  json_.open(json);
  if (!json_) throw std::runtime_error("cannot write " + json);
}

bool Results::ReportContext(const Context&) {
  std::printf("%*s %-7s %-20s %-16s %4s %-7s %7s %-5s %10s %10s %9s %8s  %s\n", 9, "", "sharing", "shape", "pass", "n",
              "isa", "threads", "dtype", "ms", "best ms", "GFLOP/s", "roofline",
              "oneDNN ms, ratio to it, its ratio to itself");
  return true;
}

void Results::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.run_type == Run::RT_Aggregate) continue;
    ++done_;
    if (run.error_occurred) {
      std::printf("%s: %s\n", run.run_name.function_name.c_str(), run.error_message.c_str());
      failed_ = true;
      continue;
    }
    rows_.push_back(row_of(run));
    print(rows_.back());
    if (json_.is_open()) write(rows_.back());
  }
  std::fflush(stdout);
}

void Results::print(const Row& row) const {
  std::printf("[%3zu/%3zu] %-7s %-20s %-16s %4ld %-7s %7d %-5s %10.3f %10.3f %9.1f %8.2f", done_, expected_,
              row.sharing.c_str(), row.shape.c_str(), row.pass.c_str(), static_cast<long>(row.n), row.isa.c_str(),
              row.threads, row.dtype.c_str(), row.at("ms"), row.at("ms_best"), row.at("gflops"),
              row.at("roofline_fraction"));
  if (row.at("roofline_fraction") > kMostPlausible) std::printf(" (not valid)");
  if (row.numbers.count("onednn_ms") != 0) {
    std::printf("  %.3f, %.2f, %.2f", row.at("onednn_ms"), row.at("ms") / row.at("onednn_ms"), row.at("noise"));
  }
  std::printf("\n");
}

void Results::write(const Row& row) {
  json_ << "{\"sharing\": \"" << row.sharing << "\", \"shape\": \"" << row.shape << "\", \"pass\": \"" << row.pass
        << "\", \"batch\": " << row.n << ", \"dtype\": \"" << row.dtype << "\", \"isa\": \"" << row.isa
        << "\", \"threads\": " << row.threads;
  for (const auto& [key, number] : row.numbers) json_ << ", \"" << key << "\": " << number;
  json_ << ", \"valid\": " << (row.at("roofline_fraction") <= kMostPlausible ? "true" : "false") << "}" << std::endl;
  if (!json_) throw std::runtime_error("the file of --json cannot be written to any more");
}

}  // namespace conv4j::bench
