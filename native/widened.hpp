// Rows of bytes as numbers: those of a batch, each as it becomes its turn. X stays a quarter or an eighth as large, and
// so does what memory has to bring; the rows of a batch, which BP4 reads again, stay in the second cache.
#pragma once

#include "description.hpp"

namespace backlit {

template <class T>
class Widened {
 public:
  void reserve(const Kernels<T>& kernels, long n_rows, long n_in) {
    // an odd number of lines, or rows a power of two apart would share a few places of each cache
    stride_ = (padded(n_in, line) / line | 1) * line;
    if (values_.size() < n_rows * stride_) values_ = Buffer<T>(n_rows * stride_);
    kernels_ = &kernels;
    n_in_ = n_in;
  }
  // Makes row `from` of the examples row `to` of the batch.
  const T* take(const Examples<T>& examples, long from, long to) {
    T* const x = values_.data() + to * stride_;
    kernels_->widen(examples.bytes_of(from, n_in_), examples.divisor, x, n_in_);
    return x;
  }

 private:
  static constexpr int line = 64 / sizeof(T);
  const Kernels<T>* kernels_ = nullptr;
  Buffer<T> values_;
  long stride_ = 0, n_in_ = 0;
};

}  // namespace backlit
