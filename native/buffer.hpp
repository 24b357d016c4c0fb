// Numbers aligned to a cache line and zero at first; large ones on huge pages.
#pragma once

#include <memory>

namespace backlit {

template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(long n);
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  long size() const { return n_; }

 private:
  struct Free {
    void operator()(T* p) const;
  };
  std::unique_ptr<T[], Free> data_;
  long n_ = 0;
};

}  // namespace backlit
