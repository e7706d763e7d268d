// What is applied to the result of a forward pass.
#ifndef CONV4J_CORE_ACTIVATION_H_
#define CONV4J_CORE_ACTIVATION_H_

namespace conv4j {

struct Activation {
  enum class Kind {
    kNone,
    kRelu,
    kLeakyRelu,
    kSigmoid,
    kTanh,
    kGelu
  };  // numbered as in conv4j.h

  Kind kind = Kind::kNone;
  float slope = 0;  // of kLeakyRelu, below 0
};

}  // namespace conv4j

#endif  // CONV4J_CORE_ACTIVATION_H_
