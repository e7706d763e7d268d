// Measures every shape, pass, batch, instruction set and thread count against the limits of this machine.
#include <benchmark/benchmark.h>
#include <getopt.h>
#include <omp.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "bench/buffer.h"
#include "bench/chart.h"
#include "bench/machine.h"
#include "bench/onednn.h"
#include "bench/results.h"
#include "bench/shapes.h"
#include "bench/timing.h"
#include "bench/work.h"

namespace conv4j::bench {

namespace {

constexpr int kMostThreads = 1024;  // of a plan

constexpr const char* kUsage = R"(Usage: ci/bench [options]

Measures this machine, then every shape, pass, batch, instruction set and thread count: the median time of repeated
calls on the same buffers (so what fits a cache is warm there), in the layouts that the plan likes best, weights packed
beforehand, results overwritten. The first seven tiled shapes take turns with oneDNN's standard convolution of the same
sizes, on the best instruction set that oneDNN finds. All of them but the one of one image, and the first seven local
shapes, are measured forward with bf16 weights, too.

  --filter REGEX   only cases whose name contains a match; names are
                   sharing/shape/pass/nBATCH/isa/tTHREADS/DTYPE, as in tiled/t2_c64_56/forward/n8/avx512/t1/f32;
                   DTYPE is that of the weights, f32 or bf16
  --isa NAME       avx512, avx2, generic, or all; without it all, with --quick the best
  --threads LIST   thread counts, as in 1,4,16; without it 1,2, with --quick 1
  --quick          all shapes and passes in under a minute: fewer repetitions, 1 thread, batches 1 and 32 at most,
                   bf16 weights at batch 1
  --add            results are added to instead of overwritten
  --cpu-time       one thread is timed by its CPU's clock, so that waiting for
                   a CPU does not count: for machines that others use too
  --json FILE      one JSON object a line
  --png FILE       the roofline chart; without it FILE of --json with .png, or roofline.png beside the program
  --list           only print the names
  --help           print this
)";

struct Options {
  std::string filter, isa, json, png;
  std::vector<int> threads;
  bool quick = false, add = false, cpu_time = false, list = false;
};

struct Case {
  const Shape* shape;
  int64_t pass;  // of the layer; see plan_pass
  int64_t n;
  std::string isa;
  int threads;
  int64_t weights_type;

  c4j_geometry geometry() const {
    c4j_geometry geometry = shape->geometry;
    geometry.n = n;
    return geometry;
  }
  std::string dtype() const { return weights_type == C4J_BF16 ? "bf16" : "f32"; }
  // A transposed layer's forward pass is its plan's backward-data.
  int64_t plan_pass() const {
    const bool mirrored = shape->geometry.transposed != 0 && pass != C4J_BACKWARD_WEIGHTS;
    return mirrored ? C4J_FORWARD + C4J_BACKWARD_DATA - pass : pass;
  }
  std::string name() const {
    constexpr const char* kPasses[] = {"forward", "backward_data", "backward_weights"};
    return std::string(sharing_of(*shape)) + "/" + shape->name + "/" + kPasses[pass] + "/n" + std::to_string(n) + "/" +
           isa + "/t" + std::to_string(threads) + "/" + dtype();
  }
};

class Plan {
 public:
  explicit Plan(const Case& c) : geometry_(c.geometry()) {
    const int64_t isa = c.isa == "avx512" ? C4J_ISA_AVX512 : c.isa == "avx2" ? C4J_ISA_AVX2 : C4J_ISA_GENERIC;
    const c4j_options options = {c.threads, C4J_KERNELS, isa, c.weights_type, C4J_ACTIVATION_NONE, 0};
    check(c4j_plan_create(&geometry_, &options, &plan_));
  }
  ~Plan() { c4j_plan_destroy(plan_); }

  int64_t get() const { return plan_; }

  int64_t layout(int64_t operand) const {
    int64_t layout = 0;
    check(c4j_plan_layout(plan_, operand, &layout));
    return layout;
  }

  std::vector<int64_t> dims(int64_t operand) const {
    const c4j_geometry& g = geometry_;
    std::vector<int64_t> dims = {g.n, operand == C4J_SRC ? g.ic : g.oc};
    if (operand == C4J_WEIGHTS) {
      dims = {g.oc};
      bool shared = true;
      for (int i = 0; i < g.spatial; ++i) shared = shared && g.axes[i].sharing == C4J_SHARED;
      for (int i = 0; i < g.spatial && !shared; ++i) dims.push_back(kernels_of(g.axes[i]));
      dims.push_back(g.ic / g.groups);
    }
    for (int i = 0; i < g.spatial; ++i) {
      const c4j_axis& axis = g.axes[i];
      dims.push_back(operand == C4J_SRC ? axis.input : operand == C4J_DST ? axis.output : axis.kernel);
    }
    return dims;
  }

 private:
  c4j_geometry geometry_;
  int64_t plan_ = 0;
};

struct Operand {
  std::string key;  // what the numbers are for
  int64_t layout = 0;
  Buffer buffer;

  // Random numbers in the plan's layout; kept while successive cases want the same.
  void prepare(const std::string& wanted, const Plan& plan, int64_t operand, bool filled) {
    if (key == wanted) return;
    key.clear();
    buffer = Buffer();  // before the new one is there
    const std::vector<int64_t> dims = plan.dims(operand);
    const auto rank = static_cast<int64_t>(dims.size());
    int64_t size_bytes = 0;
    layout = plan.layout(operand);
    check(c4j_layout_size_bytes(layout, dims.data(), rank, &size_bytes));
    buffer = Buffer(size_bytes);
    if (filled) {
      check(c4j_layout_size_bytes(C4J_CHANNELS_FIRST, dims.data(), rank, &size_bytes));
      Buffer numbers(size_bytes);
      numbers.fill(static_cast<unsigned>(operand));
      check(c4j_reorder(dims.data(), rank, numbers.address(), numbers.size_bytes(), C4J_CHANNELS_FIRST,
                        buffer.address(), buffer.size_bytes(), layout, 0));
    }
    key = wanted;
  }
};

class Runner {
 public:
  explicit Runner(const Options& options)
      : options_(options), effort_(options.quick ? Effort{3, 25, 0.03} : Effort{7, 101, 0.3}) {}

  void run(const Case& c, Machine& machine, benchmark::State& state) {
    const c4j_geometry geometry = c.geometry();
    const Plan plan(c);
    const int64_t pass = c.plan_pass();
    const int64_t written = pass == C4J_FORWARD ? C4J_DST : pass == C4J_BACKWARD_DATA ? C4J_SRC : C4J_WEIGHTS;
    const std::string activations_key = c.shape->name + std::to_string(c.n);
    src_.prepare(activations_key, plan, C4J_SRC, true);
    dst_.prepare(activations_key, plan, C4J_DST, true);
    weights_.prepare(c.shape->name + c.isa + c.dtype(), plan, C4J_WEIGHTS, true);
    // Its own place, so that no case computes with another's results.
    Operand result;
    result.prepare("result", plan, written, options_.add);
    const Operand& src = written == C4J_SRC ? result : src_;
    const Operand& weights = written == C4J_WEIGHTS ? result : weights_;
    const Operand& dst = written == C4J_DST ? result : dst_;

    Timed own{[&] {
                check(c4j_plan_execute(plan.get(), pass, options_.add ? C4J_ADD : C4J_OVERWRITE, src.buffer.address(),
                                       src.buffer.size_bytes(), src.layout, weights.buffer.address(),
                                       weights.buffer.size_bytes(), weights.layout, 0, 0, 0, dst.buffer.address(),
                                       dst.buffer.size_bytes(), dst.layout));
              },
              {}};
    const clockid_t clock = machine.clock(c.threads);
    auto& counters = state.counters;
    if (c.shape->against_onednn && c.weights_type == C4J_F32) {
      StandardConvolution any(geometry, pass, c.threads, {OneDnnChoice::Layouts::kAny});
      StandardConvolution last(geometry, pass, c.threads, {OneDnnChoice::Layouts::kChannelsLast});
      Timed of_any{[&] { any.run(); }, {}}, of_last{[&] { last.run(); }, {}};
      take_turns({&of_any, &of_last}, {5, 5, 0}, clock);
      Timed& onednn = median(of_any.seconds) < median(of_last.seconds) ? of_any : of_last;
      take_turns({&own, &onednn}, effort_, clock);
      counters["onednn_ms"] = 1e3 * median(onednn.seconds);
      counters["noise"] = onednn.median_of(0) / onednn.median_of(1);
    } else {
      take_turns({&own}, effort_, clock);
    }

    const double seconds = median(own.seconds);
    const Work work = work_of(geometry, pass, c.weights_type == C4J_BF16 ? 2 : 4);
    const auto bandwidth = [&](Traffic traffic) { return machine.bandwidth(traffic, work.bytes(), c.threads); };
    const double roofline =
        std::max({work.flops / machine.peak(c.isa, c.threads), work.read_bytes / bandwidth(Traffic::kRead),
                  work.result_bytes / bandwidth(options_.add ? Traffic::kModify : Traffic::kWrite)});
    state.SetIterationTime(seconds);
    counters["ms"] = 1e3 * seconds;
    counters["ms_best"] = 1e3 * *std::min_element(own.seconds.begin(), own.seconds.end());
    counters["gflops"] = 1e-9 * work.flops / seconds;
    counters["flops_per_byte"] = work.flops / work.bytes();
    counters["roofline_fraction"] = roofline / seconds;
  }

 private:
  const Options& options_;
  const Effort effort_;
  Operand src_, weights_, dst_;
};

std::vector<std::string> isas_of(const Options& options, const Machine& machine) {
  const std::vector<std::string>& all = machine.isas();
  if (options.isa == "all" || (options.isa.empty() && !options.quick)) return all;
  if (options.isa.empty()) return {all[0]};
  if (std::find(all.begin(), all.end(), options.isa) == all.end()) {
    throw std::invalid_argument("this CPU has no instruction set " + options.isa);
  }
  return {options.isa};
}

std::vector<Case> cases_of(const Options& options, const std::vector<std::string>& isas,
                           const std::vector<Shape>& shapes) {
  const std::regex filter(options.filter);
  std::vector<Case> cases;
  const auto add = [&](const Case& c) {
    if (std::regex_search(c.name(), filter)) cases.push_back(c);
  };
  for (const Shape& shape : shapes) {
    for (const std::string& isa : isas) {
      for (int64_t n : shape.batches) {
        if (options.quick && shape.batches.size() > 1 && n != 1 && n != 32) continue;
        for (int threads : options.threads) {
          for (int64_t pass : {C4J_FORWARD, C4J_BACKWARD_DATA, C4J_BACKWARD_WEIGHTS}) {
            add({&shape, pass, n, isa, threads, C4J_F32});
          }
        }
      }
      for (int64_t n : shape.bf16_batches) {
        if (options.quick && n != 1) continue;
        for (int threads : options.threads) add({&shape, C4J_FORWARD, n, isa, threads, C4J_BF16});
      }
    }
  }
  return cases;
}

std::vector<int> thread_counts(const std::string& list) {
  if (!std::regex_match(list, std::regex("[1-9][0-9]{0,3}(,[1-9][0-9]{0,3})*"))) {
    throw std::invalid_argument("--threads wants counts as in 1,4,16, not " + list);
  }
  const int most = std::min(omp_get_thread_limit(), kMostThreads);
  std::set<int> counts;
  std::istringstream stream(list);
  for (std::string word; std::getline(stream, word, ',');) {
    const int count = std::stoi(word);
    if (count > most) {
      throw std::invalid_argument("--threads wants at most " + std::to_string(most) + " here, not " + word);
    }
    counts.insert(count);
  }
  return {counts.begin(), counts.end()};
}

// Before minutes of measuring, not after.
void check_writable(const std::string& file) {
  const bool existed = std::filesystem::exists(file);
  if (!std::ofstream(file, std::ios::app)) throw std::invalid_argument("cannot write " + file);
  if (!existed) std::filesystem::remove(file);
}

// The limits of what the cases run on.
void print_machine(Machine& machine, const std::vector<Case>& cases) {
  std::set<std::string> isas;
  std::set<int> thread_counts;
  for (const Case& c : cases) {
    isas.insert(c.isa);
    thread_counts.insert(c.threads);
  }
  std::printf("%s, %u CPUs; conv4j %s\n", cpu_model().c_str(), std::thread::hardware_concurrency(), c4j_version());
  double load = 0;
  getloadavg(&load, 1);
  const bool busy = load > 0.25 * std::thread::hardware_concurrency();
  std::printf("Load before the start: %.1f%s\n\n", load,
              busy ? "; others work here: only 1 thread with --cpu-time is to be trusted" : "");
  for (int threads : thread_counts) {
    std::printf("%d thread%s\n", threads, threads == 1 ? "" : "s");
    for (const std::string& isa : isas) {
      std::printf("  multiply and add, %-8s %8.1f GFLOP/s\n", isa.c_str(), 1e-9 * machine.peak(isa, threads));
    }
    for (double megabytes : kMegabytes) {
      const auto gigabytes = [&](Traffic traffic) {
        return 1e-9 * machine.bandwidth(traffic, megabytes * (1 << 20), threads);
      };
      std::printf("  %5.1f MB: read %6.1f, write %6.1f, read and write back %6.1f GB/s\n", megabytes,
                  gigabytes(Traffic::kRead), gigabytes(Traffic::kWrite), gigabytes(Traffic::kModify));
    }
  }
  std::printf("\n");
  std::fflush(stdout);
}

Options parse(int argc, char** argv) {
  const option known[] = {
      {"filter", required_argument, nullptr, 'f'},
      {"isa", required_argument, nullptr, 'i'},
      {"json", required_argument, nullptr, 'j'},
      {"png", required_argument, nullptr, 'p'},
      {"threads", required_argument, nullptr, 't'},
      {"quick", no_argument, nullptr, 'q'},
      {"add", no_argument, nullptr, 'a'},
      {"cpu-time", no_argument, nullptr, 'c'},
      {"list", no_argument, nullptr, 'l'},
      {"help", no_argument, nullptr, 'h'},
      {nullptr, 0, nullptr, 0},
  };
  Options options;
  for (int letter; (letter = getopt_long(argc, argv, "", known, nullptr)) != -1;) {
    switch (letter) {
      case 'f':
        options.filter = optarg;
        break;
      case 'i':
        options.isa = optarg;
        break;
      case 'j':
        options.json = optarg;
        break;
      case 'p':
        options.png = optarg;
        break;
      case 't':
        options.threads = thread_counts(optarg);
        break;
      case 'q':
        options.quick = true;
        break;
      case 'a':
        options.add = true;
        break;
      case 'c':
        options.cpu_time = true;
        break;
      case 'l':
        options.list = true;
        break;
      case 'h':
        std::fputs(kUsage, stdout);
        std::exit(0);
      default:
        std::exit(2);
    }
  }
  if (optind < argc) throw std::invalid_argument(std::string("unknown argument: ") + argv[optind]);
  if (options.threads.empty()) options.threads = thread_counts(options.quick ? "1" : "1,2");
  if (options.png.empty()) {
    options.png = options.json.empty() ? std::filesystem::path(argv[0]).replace_filename("roofline.png")
                                       : std::filesystem::path(options.json).replace_extension(".png");
  }
  return options;
}

int run(int argc, char** argv) {
  const Options options = parse(argc, argv);
  int name = 1;
  benchmark::Initialize(&name, argv);  // Its own options would measure something else than is said.
  Machine machine(options.quick ? 3 : 7, options.cpu_time);
  const std::vector<Shape> shapes = all_shapes();
  const std::vector<Case> cases = cases_of(options, isas_of(options, machine), shapes);
  if (cases.empty()) throw std::invalid_argument("no case has a name that matches " + options.filter);
  if (options.list) {
    for (const Case& c : cases) std::printf("%s\n", c.name().c_str());
    return 0;
  }
  check_writable(options.png);
  Results results(cases.size(), options.json);
  print_machine(machine, cases);

  Runner runner(options);
  for (const Case& c : cases) {
    // Once: the rounds and their median are ours.
    benchmark::RegisterBenchmark(c.name().c_str(),
                                 [&runner, &machine, c](benchmark::State& state) {
                                   for (auto _ : state) {
                                     try {
                                       runner.run(c, machine, state);
                                     } catch (const std::exception& e) {
                                       state.SkipWithError(e.what());
                                     }
                                   }
                                 })
        ->UseManualTime()
        ->Iterations(1);
  }
  benchmark::RunSpecifiedBenchmarks(&results);
  draw_chart(options.png, results.rows(), machine);
  return results.failed() ? 1 : 0;
}

}  // namespace

}  // namespace conv4j::bench

int main(int argc, char** argv) {
  try {
    return conv4j::bench::run(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench: %s\n", e.what());
    return 2;
  }
}
