// Objects kept between calls.
#ifndef CONV4J_CORE_POOL_H_
#define CONV4J_CORE_POOL_H_

#include <atomic>
#include <memory>

namespace conv4j {

// As many as fit the slots, taken and given back without a lock.
template <typename T, typename Delete = std::default_delete<T>>
class Pool {
 public:
  using Object = std::unique_ptr<T, Delete>;

  Pool() = default;
  ~Pool() {
    for (auto& slot : slots_) Object(slot.load());
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Null where there is none.
  Object take() {
    for (auto& slot : slots_) {
      if (slot.load(std::memory_order_relaxed) == nullptr) continue;
      T* object = slot.exchange(nullptr, std::memory_order_acquire);
      if (object != nullptr) return Object(object);
    }
    return nullptr;
  }

  // Deletes what no slot is free for.
  void give(Object object) {
    for (auto& slot : slots_) {
      T* empty = nullptr;
      if (slot.compare_exchange_strong(empty, object.get(), std::memory_order_release, std::memory_order_relaxed)) {
        object.release();
        return;
      }
    }
  }

 private:
  static constexpr int kSlots = 8;
  std::atomic<T*> slots_[kSlots] = {};
};

}  // namespace conv4j

#endif  // CONV4J_CORE_POOL_H_
