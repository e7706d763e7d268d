// The table, and the lines of JSON.
#ifndef CONV4J_BENCH_RESULTS_H_
#define CONV4J_BENCH_RESULTS_H_

#include <benchmark/benchmark.h>

#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace conv4j::bench {

// A fraction above it says that something was measured wrong.
constexpr double kMostPlausible = 1.05;

struct Row {
  std::string sharing, shape, pass, isa, dtype;
  int64_t n;
  int threads;
  std::map<std::string, double> numbers;

  double at(const char* key) const { return numbers.at(key); }
};

class Results : public benchmark::BenchmarkReporter {
 public:
  // No JSON where its file has no name.
  Results(size_t expected, const std::string& json);

  bool ReportContext(const Context&) override;
  void ReportRuns(const std::vector<Run>& runs) override;

  const std::vector<Row>& rows() const { return rows_; }
  bool failed() const { return failed_; }

 private:
  void print(const Row& row) const;
  void write(const Row& row);

  const size_t expected_;
  size_t done_ = 0;
  std::ofstream json_;
  std::vector<Row> rows_;
  bool failed_ = false;
};

}  // namespace conv4j::bench

#endif  // CONV4J_BENCH_RESULTS_H_
