// Numbers aligned to a cache line and zero at first; large ones on huge pages.
#pragma once

#include <memory>
#include <vector>

#include "matrices.hpp"

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

// Whether none is NaN or infinite: x − x is 0 for finite x and NaN otherwise, so one sum tells for all.
template <class T>
bool all_finite(const T* values, long n) {
  T sum = 0;
  for (long i = 0; i < n; ++i) sum += values[i] - values[i];
  return sum == 0;
}

// Rows of a batch, all of one stride, and where each begins.
template <class T>
class RowBuffer {
 public:
  RowBuffer() = default;
  RowBuffer(long n_rows, long stride) : values_(n_rows * stride), stride_(stride), starts_(n_rows) {
    for (long i = 0; i < n_rows; ++i) starts_[i] = matrix().row(i);
  }
  Matrix<T> matrix() { return {values_.data(), stride_}; }
  Rows<T> rows() const { return {starts_.data()}; }
  bool empty() const { return starts_.empty(); }

 private:
  Buffer<T> values_;
  long stride_ = 0;
  std::vector<const T*> starts_;
};

}  // namespace backlit
