#include "onednn/runner.h"

namespace conv4j::onednn {

namespace {

constexpr size_t kMostArguments = 8;

}  // namespace

Runner::Runner(const dnnl::primitive& primitive, Arguments arguments)
    : primitive_(primitive), arguments_(std::move(arguments)) {
  require(arguments_.size() <= kMostArguments, "arguments: expected at most eight");
}

Pool<Runner::Memories>::Object Runner::make() const {
  auto made = std::make_unique<Memories>();
  for (const auto& [index, desc] : arguments_) made->push_back({index, memory(desc, nullptr), nullptr});
  return made;
}

void Runner::run(const void* const* data) const {
  guarded([&] {
    Pool<Memories>::Object memories = pool_.take();
    if (memories == nullptr) memories = make();
    dnnl_exec_arg_t arguments[kMostArguments];
    int count = 0;
    for (Memory& memory : *memories) {
      const void* given = *data++;
      if (given == nullptr) continue;
      if (given != memory.data) {
        memory.memory.set_data_handle(const_cast<void*>(given));
        memory.data = given;
      }
      arguments[count++] = {memory.index, memory.memory.get()};
    }
    // Past the C++ class, which would copy the arguments.
    dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), stream().get(), count, arguments),
                            "could not execute a primitive");
    pool_.give(std::move(memories));
  });
}

}  // namespace conv4j::onednn
