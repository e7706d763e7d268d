// The C functions: exceptions become statuses, arguments are checked, nothing else.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "conv4j/conv4j.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/geometry.h"
#include "core/layout.h"
#include "core/machine.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "plan/plan.h"
#include "plan/reorder.h"

namespace conv4j {
namespace {

thread_local char last_error[1024] = "";

int32_t failure(Status status, const char* message) {
  std::snprintf(last_error, sizeof last_error, "%s", message);
  return static_cast<int32_t>(status);
}

template <typename Body>
int32_t guarded(const Body& body) {
  try {
    body();
    return C4J_OK;
  } catch (const Error& error) {
    return failure(error.status(), error.what());
  } catch (const std::bad_alloc&) {
    return failure(Status::kOutOfMemory, "native memory is out");
  } catch (const std::exception& error) {
    return failure(Status::kInternal, error.what());
  } catch (...) {
    return failure(Status::kInternal, "unknown exception");
  }
}

// Where a result goes.
template <typename T>
T& place(T* given, const char* name) {
  if (given == nullptr) throw Error(Status::kInvalidArgument, std::string(name) + ": expected a place but got null");
  return *given;
}

const Plan& plan_of(int64_t plan) {
  require(plan != 0, "plan: expected one but got null");
  return *reinterpret_cast<const Plan*>(plan);
}

template <typename Enum>
Enum enumerator(int64_t value, int64_t count, const char* message) {
  require(value >= 0 && value < count, message);
  return static_cast<Enum>(value);
}

Operand operand_of(int64_t operand) {
  require(operand == C4J_SRC || operand == C4J_WEIGHTS || operand == C4J_DST, "operand: expected src, weights or dst");
  return operand == C4J_SRC ? kSrc : operand == C4J_WEIGHTS ? kWeights : kDst;
}

Pass pass_of(int64_t pass) { return enumerator<Pass>(pass, 4, "pass: expected 0 to 3"); }

bool adds(int64_t accumulate) { return enumerator<bool>(accumulate, 2, "accumulate: expected 0 or 1"); }

// Sizes that every later computation may rely on. oneDNN keeps them in 32 bits inside.
int64_t size(int64_t value, int64_t least, const char* message) {
  require(value >= least && value <= INT32_MAX, message);
  return value;
}

// From some 200 GB on, oneDNN 3.11 divides by zero while it looks for a blocking.
void check_elements(Geometry geometry) {
  geometry.n = std::max<int64_t>(geometry.n, 1);
  for (const Dims& dims : {geometry.src_dims(), geometry.weights_dims(), geometry.dst_dims()}) {
    if (elements(dims) > int64_t{1} << 34) throw Error(Status::kUnsupported, "dims: expected at most 2^34 elements");
  }
}

Geometry geometry_of(const c4j_geometry* given) {
  require(given != nullptr, "geometry: expected one but got null");
  Geometry geometry;
  geometry.n = size(given->n, 0, "n: expected 0 to 2^31 - 1");
  geometry.ic = size(given->ic, 1, "ic: expected 1 to 2^31 - 1");
  geometry.oc = size(given->oc, 1, "oc: expected 1 to 2^31 - 1");
  geometry.groups = size(given->groups, 1, "groups: expected 1 to 2^31 - 1");
  require(geometry.ic % geometry.groups == 0 && geometry.oc % geometry.groups == 0,
          "groups: expected a divisor of ic and oc");
  geometry.bias = enumerator<BiasMode>(given->bias, 4, "bias: expected 0 to 3");
  geometry.flipped = enumerator<bool>(given->orientation, 2, "orientation: expected 0 or 1");
  geometry.transposed = enumerator<bool>(given->transposed, 2, "transposed: expected 0 or 1");
  require(!geometry.transposed || geometry.bias <= BiasMode::kChannel,
          "bias: expected none or one per channel in a transposed plan");
  require(given->spatial >= 1 && given->spatial <= 3, "spatial: expected 1 to 3");
  for (int64_t i = 0; i < given->spatial; ++i) {
    const c4j_axis& a = given->axes[i];
    Axis axis;
    axis.input = size(a.input, 1, "input: expected 1 to 2^31 - 1");
    axis.kernel = size(a.kernel, 1, "kernel: expected 1 to 2^31 - 1");
    axis.stride = size(a.stride, 1, "stride: expected 1 to 2^31 - 1");
    axis.dilation = size(a.dilation, 1, "dilation: expected 1 to 2^31 - 1");
    axis.pad_begin = size(a.pad_begin, 0, "pad_begin: expected 0 to 2^31 - 1");
    axis.pad_end = size(a.pad_end, -INT32_MAX, "pad_end: expected at most 2^31 - 1");
    axis.output = size(a.output, 1, "output: expected 1 to 2^31 - 1");
    axis.sharing = enumerator<Sharing>(a.sharing, 4, "sharing: expected 0 to 3");
    axis.sharing_size = size(a.sharing_size, 1, "sharing_size: expected 1 to 2^31 - 1");
    const int64_t last = (axis.output - 1) * axis.stride + (axis.kernel - 1) * axis.dilation - axis.pad_begin;
    require(last < axis.input + std::max<int64_t>(axis.pad_end, 0), "output: expected no tap behind the padding");
    // Where they move nothing they are 1: with 2^31 - 1 oneDNN divides by zero, with 2^29 it takes 20 s.
    if (axis.output == 1) axis.stride = 1;
    if (axis.kernel == 1) axis.dilation = 1;
    geometry.axes.push_back(axis);
  }
  if (geometry.bias == BiasMode::kKernel && geometry.shared()) geometry.bias = BiasMode::kChannel;  // of its one kernel
  check_elements(geometry);
  return geometry;
}

int threads_of(int64_t threads) {
  require(threads >= 0 && threads <= 1024, "threads: expected 0 to 1024");
  return std::min(threads == 0 ? cpu_count() : static_cast<int>(threads), most_threads());
}

Isa isa_of(int64_t given) {
  if (given == C4J_ISA_DEFAULT) return default_isa();
  const Isa isa = enumerator<Isa>(given - 1, 3, "isa: expected 0 to 3");
  if (!cpu_has(isa)) throw Error(Status::kUnsupported, std::string("isa: this CPU lacks ") + isa_name(isa));
  return isa;
}

Options options_of(const c4j_options* given) {
  const c4j_options none = {};
  if (given == nullptr) given = &none;
  Options options;
  options.threads = threads_of(given->threads);
  options.choice = enumerator<Choice>(given->implementation, 3, "implementation: expected 0 to 2");
  options.isa = isa_of(given->isa);
  options.weights_type = enumerator<DataType>(given->weights_type, 2, "weights_type: expected 0 or 1");
  options.activation.kind = enumerator<Activation::Kind>(given->activation, 6, "activation: expected 0 to 5");
  const auto slope_bits = static_cast<uint32_t>(given->slope_bits);
  std::memcpy(&options.activation.slope, &slope_bits, sizeof slope_bits);
  return options;
}

Dims dims_of(const int64_t* dims, int64_t rank) {
  require(dims != nullptr && rank >= 1, "dims: expected at least one");
  Dims copy(dims, dims + rank);
  elements(copy);
  return copy;
}

}  // namespace
}  // namespace conv4j

using namespace conv4j;  // The C functions stand outside.

extern "C" {

const char* c4j_last_error(void) { return last_error; }

const char* c4j_version(void) { return C4J_VERSION; }

const char* c4j_isa(void) {
  const char* name = nullptr;
  guarded([&] { name = isa_name(default_isa()); });
  return name;
}

int32_t c4j_machine_limits(int64_t isa, int64_t threads, int64_t size_bytes, int64_t* flops_per_second,
                           int64_t* bytes_per_second) {
  return guarded([&] {
    int64_t &flops = place(flops_per_second, "flops_per_second"), &bytes = place(bytes_per_second, "bytes_per_second");
    flops = static_cast<int64_t>(peak_flops(isa_of(isa), threads_of(threads)));
    bytes = static_cast<int64_t>(bandwidth(size_bytes, threads_of(threads)));
  });
}

int32_t c4j_memory_allocate(int64_t size_bytes, int64_t* address) {
  return guarded([&] {
    require(size_bytes >= 0, "size_bytes: expected at least 0");
    int64_t& allocated = place(address, "address");
    allocated = reinterpret_cast<int64_t>(allocate_memory(size_bytes));
  });
}

int32_t c4j_memory_free(int64_t address, int64_t size_bytes) {
  return guarded([&] { free_memory(reinterpret_cast<void*>(address), size_bytes); });
}

int64_t c4j_memory_live_bytes(void) { return live_bytes(); }

int32_t c4j_memory_copy(void* destination, int64_t destination_offset, const void* source, int64_t source_offset,
                        int64_t size_bytes) {
  std::memcpy(static_cast<char*>(destination) + destination_offset, static_cast<const char*>(source) + source_offset,
              static_cast<size_t>(size_bytes));
  return C4J_OK;
}

int64_t c4j_memory_address(const void* pointer) { return reinterpret_cast<int64_t>(pointer); }

int32_t c4j_layout_size_bytes(int64_t layout, const int64_t* dims, int64_t rank, int64_t* size) {
  return guarded([&] { place(size, "size_bytes") = size_bytes(layout_of(layout), dims_of(dims, rank)); });
}

const char* c4j_layout_name(int64_t layout) { return layout_name(layout); }

int32_t c4j_layout_type(int64_t layout) {
  int32_t type = -1;
  guarded([&] { type = static_cast<int32_t>(layout_of(layout).type); });
  return type;
}

int32_t c4j_reorder(const int64_t* dims, int64_t rank, int64_t source, int64_t source_bytes, int64_t source_layout,
                    int64_t destination, int64_t destination_bytes, int64_t destination_layout, int64_t threads) {
  return guarded([&] {
    const Dims shape = dims_of(dims, rank);
    const Layout from = layout_of(source_layout);
    const Layout to = layout_of(destination_layout);
    check_size("source", source, source_bytes, size_bytes(from, shape));
    check_size("destination", destination, destination_bytes, size_bytes(to, shape));
    reorder(shape, reinterpret_cast<const void*>(source), from, reinterpret_cast<void*>(destination), to,
            threads_of(threads));
  });
}

int32_t c4j_plan_create(const c4j_geometry* geometry, const c4j_options* options, int64_t* plan) {
  return guarded([&] {
    int64_t& created = place(plan, "plan");
    created = reinterpret_cast<int64_t>(new Plan(geometry_of(geometry), options_of(options)));
  });
}

int32_t c4j_plan_with_batch(int64_t plan, int64_t n, int64_t* new_plan) {
  return guarded([&] {
    int64_t& created = place(new_plan, "new_plan");
    const Plan& like = plan_of(plan);
    Geometry geometry = like.geometry();
    geometry.n = size(n, 0, "n: expected 0 to 2^31 - 1");
    check_elements(geometry);
    created = reinterpret_cast<int64_t>(new Plan(like, n));
  });
}

int32_t c4j_plan_destroy(int64_t plan) {
  return guarded([&] { delete reinterpret_cast<const Plan*>(plan); });
}

int32_t c4j_plan_layout(int64_t plan, int64_t operand, int64_t* layout) {
  return guarded([&] { place(layout, "layout") = plan_of(plan).layout(operand_of(operand)); });
}

int32_t c4j_plan_pass_layout(int64_t plan, int64_t pass, int64_t operand, int64_t* layout) {
  return guarded([&] {
    require(pass != C4J_BACKWARD_BIAS, "pass: expected one with three operands");
    place(layout, "layout") = plan_of(plan).layout(pass_of(pass), operand_of(operand));
  });
}

int32_t c4j_plan_workspace_bytes(int64_t plan, int64_t pass, int64_t accumulate, int64_t* workspace_bytes) {
  return guarded([&] {
    place(workspace_bytes, "workspace_bytes") = plan_of(plan).workspace_bytes(pass_of(pass), adds(accumulate));
  });
}

const char* c4j_plan_implementation(int64_t plan, int64_t pass) {
  const char* name = nullptr;
  guarded([&] { name = plan_of(plan).implementation(pass_of(pass)).c_str(); });
  return name;
}

int32_t c4j_plan_execute(int64_t plan, int64_t pass, int64_t accumulate, int64_t src, int64_t src_bytes,
                         int64_t src_layout, int64_t weights, int64_t weights_bytes, int64_t weights_layout,
                         int64_t bias, int64_t bias_bytes, int64_t bias_layout, int64_t dst, int64_t dst_bytes,
                         int64_t dst_layout) {
  return guarded([&] {
    const Operands operands = {
        {{src, src_bytes, src_layout}, {weights, weights_bytes, weights_layout}, {dst, dst_bytes, dst_layout}},
        {bias, bias_bytes, bias_layout}};
    plan_of(plan).execute(pass_of(pass), adds(accumulate), operands);
  });
}

}  // extern "C"
