#include "bench/shapes.h"

namespace conv4j::bench {

namespace {

// What is usual is the default; `axes` equal axes make the geometry.
struct Layer {
  int64_t n = 8, ic = 64, oc = 64, groups = 1;
  int64_t axes = 2;
  int64_t input = 56, kernel = 3, stride = 1, dilation = 1, pad = 0;
  int64_t sharing = C4J_TILED, sharing_size = 2;

  Layer& with(int64_t Layer::*field, int64_t value) {
    this->*field = value;
    return *this;
  }
};

c4j_axis axis_of(const Layer& layer, int64_t input) {
  const int64_t output = (input + 2 * layer.pad - layer.dilation * (layer.kernel - 1) - 1) / layer.stride + 1;
  return {input,     layer.kernel, layer.stride,  layer.dilation,    layer.pad,
          layer.pad, output,       layer.sharing, layer.sharing_size};
}

c4j_geometry geometry_of(const Layer& layer) {
  c4j_geometry geometry = {};
  geometry.spatial = layer.axes;
  geometry.n = layer.n;
  geometry.ic = layer.ic;
  geometry.oc = layer.oc;
  geometry.groups = layer.groups;
  for (int i = 0; i < layer.axes; ++i) geometry.axes[i] = axis_of(layer, layer.input);
  return geometry;
}

// The plan of a transposed layer is its mirror: the layer's output is the plan's source.
c4j_geometry transposed_geometry_of(const Layer& layer) {
  c4j_geometry geometry = geometry_of(layer);
  geometry.transposed = 1;
  geometry.ic = layer.oc;
  geometry.oc = layer.ic;
  const int64_t output = (layer.input - 1) * layer.stride - 2 * layer.pad + layer.dilation * (layer.kernel - 1) + 1;
  for (int i = 0; i < layer.axes; ++i) geometry.axes[i] = axis_of(layer, output);
  return geometry;
}

Layer local(int64_t ic, int64_t input, int64_t oc, int64_t kernel) {
  return {1, ic, oc, 1, 2, input, kernel, 1, 1, 0, C4J_LOCAL, 1};
}

}  // namespace

const char* sharing_of(const Shape& shape) {
  constexpr const char* kNames[] = {"shared", "tiled", "local", "blocks"};
  return kNames[shape.geometry.axes[0].sharing];
}

std::vector<Shape> all_shapes() {
  using L = Layer;
  std::vector<Shape> shapes;
  const auto add = [&](const char* name, const c4j_geometry& geometry) {
    shapes.push_back({name, geometry, {geometry.n}, {}});
  };

  add("deepface_l4", geometry_of(local(16, 63, 16, 9)));
  add("deepface_l5", geometry_of(local(16, 55, 16, 7).with(&L::stride, 2)));
  add("deepface_l6", geometry_of(local(16, 25, 16, 5)));
  add("cifar_64", geometry_of(local(64, 8, 64, 3).with(&L::pad, 1)));
  add("cifar_32", geometry_of(local(64, 8, 32, 3).with(&L::pad, 1)));
  add("c64_32", geometry_of(local(64, 32, 64, 3).with(&L::pad, 1)));
  add("mnist_c1", geometry_of(local(1, 28, 32, 5)));
  for (Shape& shape : shapes) shape.batches = {1, 8, 32, 128};

  const size_t tiled = shapes.size();
  const Layer padded = L().with(&L::pad, 1);
  add("t2_c16_32", geometry_of({32, 16, 32, 1, 2, 32, 5}));
  add("t2_c64_56", geometry_of(padded));
  add("t3_c64_56", geometry_of(L(padded).with(&L::sharing_size, 3)));
  add("t4_c128_28", geometry_of({8, 128, 128, 1, 2, 28, 3, 1, 1, 1, C4J_TILED, 4}));
  add("t2_c64_56_n1", geometry_of(L(padded).with(&L::n, 1)));
  add("t2_c3_32", geometry_of({32, 3, 32, 1, 2, 32, 8}));
  add("t2_c64_56_s2", geometry_of(L(padded).with(&L::stride, 2)));
  for (size_t i = tiled; i < shapes.size(); ++i) shapes[i].against_onednn = true;
  for (Shape& shape : shapes) {
    if (shape.name != "t2_c64_56_n1") shape.bf16_batches = {1, 8};  // that is t2_c64_56 at 1
  }

  // Each the second one with one change, and without padding unless it says so.
  add("t2_dilation2", geometry_of(L().with(&L::dilation, 2).with(&L::pad, 2)));
  add("t2_groups4", geometry_of(L().with(&L::groups, 4)));
  add("t2_oc1", geometry_of(L().with(&L::oc, 1)));
  add("t2_oc3", geometry_of(L().with(&L::oc, 3)));
  add("t2_oc7", geometry_of(L().with(&L::oc, 7)));
  add("t2_oc17", geometry_of(L().with(&L::oc, 17)));
  add("t2_ic1", geometry_of(L().with(&L::ic, 1)));
  add("t2_ic3", geometry_of(L().with(&L::ic, 3)));
  add("t2_ic5", geometry_of(L().with(&L::ic, 5)));
  add("t2_depthwise_c96", geometry_of({8, 96, 96, 96}));
  add("blocks2_c64_56", geometry_of(L().with(&L::sharing, C4J_BLOCKS)));
  add("local_depthwise_c96", geometry_of({8, 96, 96, 96, 2, 56, 3, 1, 1, 1, C4J_LOCAL, 1}));
  add("local_oc1", geometry_of(local(64, 32, 1, 3).with(&L::n, 8).with(&L::pad, 1)));
  add("local_oc7", geometry_of(local(64, 32, 7, 3).with(&L::n, 8).with(&L::pad, 1)));
  add("t2_1d", geometry_of({8, 64, 64, 1, 1, 3136, 9, 1, 1, 4}));
  add("t2_3d", geometry_of({2, 32, 32, 1, 3, 16, 3, 1, 1, 1}));
  add("t2_transposed", transposed_geometry_of({8, 64, 64, 1, 2, 28, 4, 2, 1, 1}));
  // As deep in a network: few positions share a kernel that exceeds a second-level cache.
  add("t2_c256_14", geometry_of({8, 256, 256, 1, 2, 14, 3, 1, 1, 1}));
  add("t2_c512_7", geometry_of({8, 512, 512, 1, 2, 7, 3, 1, 1, 1}));
  // Of one channel, as signals and pictures are.
  add("signal_k33", geometry_of({1, 1, 1, 1, 1, 100000, 33, 1, 1, 16, C4J_SHARED, 1}));
  add("picture_k5", geometry_of({8, 1, 1, 1, 2, 224, 5, 1, 1, 2, C4J_SHARED, 1}));
  return shapes;
}

}  // namespace conv4j::bench
