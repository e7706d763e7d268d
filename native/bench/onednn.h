// oneDNN's standard convolution, straight from oneDNN: what this library is compared with.
#ifndef CONV4J_BENCH_ONEDNN_H_
#define CONV4J_BENCH_ONEDNN_H_

#include <memory>
#include <string>
#include <vector>

#include "conv4j/conv4j.h"

namespace conv4j::bench {

// What a user of oneDNN has to decide.
struct OneDnnChoice {
  enum class Layouts {
    kAny,          // every pass as it likes best
    kKept,         // activations as the layer's forward pass likes them best, weights as each pass does
    kChannelsLast  // activations channels-last, weights as each pass likes them best
  };

  Layouts layouts = Layouts::kAny;
  // The operands rest where the layer's forward pass wants them, and each pass pays for the reorders that it needs.
  bool keeps_layouts = false;
  bool deconvolution = false;  // oneDNN's own primitives for transposed layers in place of the mirrored ones
};

class StandardConvolution {
 public:
  // `pass` is the plan's. Sharing and bias do not count.
  StandardConvolution(const c4j_geometry& geometry, int64_t pass, int threads, const OneDnnChoice& choice);
  ~StandardConvolution();

  void run();

  // An operand of the plan's (C4J_SRC, C4J_WEIGHTS, C4J_DST) in logical order: random numbers, or the result of the
  // last run.
  std::vector<float> numbers(int64_t operand);

  // oneDNN's name of it, and how many reorders go with it.
  const std::string& implementation() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace conv4j::bench

#endif  // CONV4J_BENCH_ONEDNN_H_
