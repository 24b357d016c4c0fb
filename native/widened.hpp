// Rows of a batch that come as bytes, as numbers: each is made such as it becomes its turn. Memory has a quarter or an
// eighth as much to bring, and what BP4 reads again stays in the second cache.
#pragma once

#include <vector>

#include "buffer.hpp"
#include "description.hpp"

namespace backlit {

template <class T>
class Widened {
 public:
  void reserve(const Kernels<T>& kernels, const Examples<T>& examples, long n_rows, long n_in) {
    kernels_ = &kernels;
    divisor_ = examples.divisor;
    n_in_ = n_in;
    stride_ = stride_of(n_in);
    if (values_.size() < n_rows * stride_) values_ = Buffer<T>(n_rows * stride_);
    if (long(bytes_.size()) < n_rows) bytes_.resize(n_rows);
  }
  void reserve_threads(int n_threads) {
    if (int(of_threads_.size()) < n_threads) of_threads_.resize(n_threads);
  }

  // Makes row `from` of the examples row `to` of the batch.
  const T* take(const Examples<T>& examples, long from, long to) {
    bytes_[to] = examples.bytes_of(from, n_in_);
    T* const x = values_.data() + to * stride_;
    kernels_->widen(bytes_[to], divisor_, x, n_in_);
    return x;
  }

  // Some columns of all n rows of the batch, for BP4 of one of the threads. Of rows that another has taken they are
  // made again: that takes less time than what another processor has just written to come from its cache.
  Rows<T> columns(Part columns, long n_rows, int thread, int n_threads) {
    OfThread& own = of_threads_[thread];
    const Part taken(n_rows, thread, n_threads);
    const long stride = stride_of(columns.size());
    if (own.values.size() < n_rows * stride) own.values = Buffer<T>(n_rows * stride);
    own.starts.resize(n_rows);
    for (long i = 0; i < n_rows; ++i) {
      if (i >= taken.begin && i < taken.end) {
        own.starts[i] = values_.data() + i * stride_;
        continue;
      }
      T* const x = own.values.data() + i * stride;
      kernels_->widen(bytes_[i] + columns.begin, divisor_, x, columns.size());
      own.starts[i] = x - columns.begin;
    }
    return {own.starts.data()};
  }

 private:
  struct OfThread {
    Buffer<T> values;
    std::vector<const T*> starts;
  };
  // An odd number of cache lines, or rows a power of two apart would share a few places of each cache.
  static long stride_of(long n) {
    constexpr int line = 64 / sizeof(T);
    return (padded(n, line) / line | 1) * line;
  }

  const Kernels<T>* kernels_ = nullptr;
  T divisor_ = 1;
  long n_in_ = 0, stride_ = 0;
  Buffer<T> values_;
  std::vector<const std::uint8_t*> bytes_;  // where the rows of the batch lie
  std::vector<OfThread> of_threads_;
};

}  // namespace backlit
