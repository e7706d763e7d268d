// The convolutions that are measured, by name.
#ifndef CONV4J_BENCH_SHAPES_H_
#define CONV4J_BENCH_SHAPES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "conv4j/conv4j.h"

namespace conv4j::bench {

struct Shape {
  std::string name;
  c4j_geometry geometry;
  std::vector<int64_t> batches;
  std::vector<int64_t> bf16_batches;  // at which the forward pass is measured with bf16 weights, too
  bool against_onednn = false;        // also measure oneDNN's standard convolution of these sizes
};

// Tiled, local, blocks or shared.
const char* sharing_of(const Shape& shape);

std::vector<Shape> all_shapes();

}  // namespace conv4j::bench

#endif  // CONV4J_BENCH_SHAPES_H_
