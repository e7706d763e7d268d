// How the core reports a failure: an Error, which the API turns into a status.
#ifndef CONV4J_CORE_ERROR_H_
#define CONV4J_CORE_ERROR_H_

#include <exception>
#include <string>
#include <utility>

namespace conv4j {

enum class Status {
  kOk,
  kInvalidArgument,
  kOutOfMemory,
  kUnsupported,
  kInternal
};  // numbered as in conv4j.h

class Error : public std::exception {
 public:
  Error(Status status, std::string message) : status_(status), message_(std::move(message)) {}

  Status status() const { return status_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  Status status_;
  std::string message_;
};

inline void require(bool condition, const char* message) {
  if (!condition) throw Error(Status::kInvalidArgument, message);
}

}  // namespace conv4j

#endif  // CONV4J_CORE_ERROR_H_
