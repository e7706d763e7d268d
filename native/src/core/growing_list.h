// Objects that are kept as long as their list.
#ifndef CONV4J_CORE_GROWING_LIST_H_
#define CONV4J_CORE_GROWING_LIST_H_

#include <atomic>
#include <cstdint>
#include <mutex>

namespace conv4j {

// Found without a lock; only adding takes one. Meant for few.
template <typename T>
class GrowingList {
 public:
  GrowingList() = default;
  ~GrowingList() {
    for (Node* node = first_.load(); node != nullptr;) {
      Node* const next = node->next.load();
      delete node;
      node = next;
    }
  }
  GrowingList(const GrowingList&) = delete;
  GrowingList& operator=(const GrowingList&) = delete;

  // Null if `is` holds for none.
  template <typename Is>
  const T* find(const Is& is) const {
    for (const Node* node = first_.load(std::memory_order_acquire); node != nullptr;) {
      if (is(node->value)) return &node->value;
      node = node->next.load(std::memory_order_acquire);
    }
    return nullptr;
  }

  // Makes one, with how many there are already, if `is` holds for none.
  template <typename Is, typename Make>
  const T& find_or_add(const Is& is, const Make& make) {
    if (const T* found = find(is)) return *found;
    const std::lock_guard<std::mutex> lock(mutex_);
    if (const T* found = find(is)) return *found;
    auto* const node = new Node{{nullptr}, make(size_)};
    last_->store(node, std::memory_order_release);
    last_ = &node->next;
    ++size_;
    return node->value;
  }

 private:
  struct Node {
    std::atomic<Node*> next;
    const T value;
  };

  std::atomic<Node*> first_ = nullptr;
  std::mutex mutex_;
  std::atomic<Node*>* last_ = &first_;
  int64_t size_ = 0;
};

}  // namespace conv4j

#endif  // CONV4J_CORE_GROWING_LIST_H_
