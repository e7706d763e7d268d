// Tiled convolution in one dimension: two kernels take turns over the output.
#include <conv4j/conv4j.h>

#include <cstdio>

int main() {
  c4j_geometry geometry = {};
  geometry.spatial = geometry.n = geometry.ic = geometry.oc = geometry.groups = 1;
  geometry.axes[0] = {4, 2, 1, 1, 0, 0, 3, C4J_TILED, 2};

  const float src[] = {1, 2, 3, 4};
  const float weights[] = {1, 10, 100, 1000};
  float dst[3] = {};
  const auto address = [](const float* values) { return c4j_memory_address(values); };

  int64_t plan = 0;
  if (c4j_plan_create(&geometry, nullptr, &plan) != C4J_OK ||
      c4j_plan_execute(plan, C4J_FORWARD, C4J_OVERWRITE, address(src), sizeof src, C4J_CHANNELS_FIRST, address(weights),
                       sizeof weights, C4J_CHANNELS_FIRST, 0, 0, 0, address(dst), sizeof dst,
                       C4J_CHANNELS_FIRST) != C4J_OK) {
    std::fprintf(stderr, "%s\n", c4j_last_error());
    return 1;
  }
  c4j_plan_destroy(plan);
  std::printf("%s: %g %g %g\n", c4j_version(), dst[0], dst[1], dst[2]);
  return dst[0] == 21 && dst[1] == 3200 && dst[2] == 43 ? 0 : 1;
}
