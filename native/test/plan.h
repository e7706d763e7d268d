// Plans as a C++ program would hold them, on operands in the plan's own layouts.
#ifndef CONV4J_TEST_PLAN_H_
#define CONV4J_TEST_PLAN_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "conv4j/conv4j.h"

namespace conv4j::test {

inline int64_t address(const std::vector<float>& values) { return c4j_memory_address(values.data()); }
inline int64_t bytes(const std::vector<float>& values) { return static_cast<int64_t>(values.size() * sizeof(float)); }

// An axis whose output is as long as its input, padding and kernel let it be.
inline c4j_axis axis(int64_t input, int64_t kernel, int64_t sharing, int64_t sharing_size, int64_t stride = 1,
                     int64_t padding = 0, int64_t dilation = 1) {
  const int64_t output = (input + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
  return {input, kernel, stride, dilation, padding, padding, output, sharing, sharing_size};
}

inline c4j_geometry geometry(int64_t n, int64_t ic, int64_t oc, int64_t groups, const std::vector<c4j_axis>& axes,
                             int64_t bias = C4J_BIAS_NONE) {
  c4j_geometry geometry = {};
  geometry.spatial = static_cast<int64_t>(axes.size());
  geometry.n = n;
  geometry.ic = ic;
  geometry.oc = oc;
  geometry.groups = groups;
  geometry.bias = bias;
  for (size_t i = 0; i < axes.size(); ++i) geometry.axes[i] = axes[i];
  return geometry;
}

class Plan {
 public:
  explicit Plan(const c4j_geometry& geometry, const c4j_options& options = {}) {
    status_ = c4j_plan_create(&geometry, &options, &plan_);
  }
  ~Plan() { c4j_plan_destroy(plan_); }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  int32_t status() const { return status_; }
  int64_t get() const { return plan_; }

  std::string implementation(int64_t pass) const {
    const char* name = c4j_plan_implementation(plan_, pass);
    return name == nullptr ? "" : name;
  }

  int64_t layout(int64_t operand) const {
    int64_t layout = -1;
    c4j_plan_layout(plan_, operand, &layout);
    return layout;
  }

  // Operands by address and bytes, 0 and 0 where there is none; all in one layout, or, without one, in the plan's.
  using Memory = std::pair<int64_t, int64_t>;
  int32_t execute(int64_t pass, int64_t accumulate, Memory src, Memory weights, Memory bias, Memory dst,
                  int64_t layout_of_all = -1) const {
    const auto in = [&](int64_t operand) { return layout_of_all < 0 ? layout(operand) : layout_of_all; };
    return c4j_plan_execute(plan_, pass, accumulate, src.first, src.second, in(C4J_SRC), weights.first, weights.second,
                            in(C4J_WEIGHTS), bias.first, bias.second, C4J_CHANNELS_FIRST, dst.first, dst.second,
                            in(C4J_DST));
  }

 private:
  int64_t plan_ = 0;
  int32_t status_;
};

inline Plan::Memory memory(const std::vector<float>& values) { return {address(values), bytes(values)}; }

}  // namespace conv4j::test

#endif  // CONV4J_TEST_PLAN_H_
