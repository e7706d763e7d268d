// oneDNN's standard convolution, straight from oneDNN: what tiled convolution of the same sizes is compared with.
#ifndef CONV4J_BENCH_ONEDNN_H_
#define CONV4J_BENCH_ONEDNN_H_

#include <memory>

#include "conv4j/conv4j.h"

namespace conv4j::bench {

class StandardConvolution {
 public:
  // Two spatial axes. Activations in channels-last order, or in the one that oneDNN likes best; weights always in that.
  StandardConvolution(const c4j_geometry& geometry, int64_t pass, int threads, bool channels_last);
  ~StandardConvolution();

  void run();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace conv4j::bench

#endif  // CONV4J_BENCH_ONEDNN_H_
