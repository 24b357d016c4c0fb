// Numbers aligned to a cache line and zero at first; large ones on huge pages.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#elif defined(_WIN32)
#include <malloc.h>
#endif

#include "matrices.hpp"

namespace backlit {

template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(long n) : n_(n) {
    if (n == 0) return;
    const std::size_t bytes = (std::size_t(n) * sizeof(T) + cache_line - 1) / cache_line * cache_line;
    const bool is_large = bytes >= huge_page;
    const std::size_t unit = is_large ? huge_page : cache_line;
    void* memory = allocate(unit, (bytes + unit - 1) / unit * unit);
    if (!memory) throw std::bad_alloc();
#if defined(__linux__)
    if (is_large) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    std::memset(memory, 0, bytes);
    data_.reset(static_cast<T*>(memory));
  }
  // Numbers that lie elsewhere, and are another's.
  static Buffer lent(T* data, long n) {
    Buffer buffer;
    buffer.data_ = {data, Free{false}};
    buffer.n_ = n;
    return buffer;
  }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  long size() const { return n_; }

 private:
  static constexpr std::size_t cache_line = 64, huge_page = 2 << 20;

#if defined(_WIN32)
  static void* allocate(std::size_t unit, std::size_t bytes) { return _aligned_malloc(bytes, unit); }
  static void release(void* memory) { _aligned_free(memory); }
#else
  static void* allocate(std::size_t unit, std::size_t bytes) { return std::aligned_alloc(unit, bytes); }
  static void release(void* memory) { std::free(memory); }
#endif

  struct Free {
    bool is_own = true;
    void operator()(T* memory) const {
      if (is_own) release(memory);
    }
  };
  std::unique_ptr<T[], Free> data_;
  long n_ = 0;
};

// Whether none is NaN or infinite.
template <class T>
bool all_finite(const T* values, long n) {
  // Infinities and NaN have all bits of the exponent: one more carries into the sign. Unlike a sum of the numbers, that
  // may be done in any order, and so in vectors.
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr Bits exponent = std::bit_cast<Bits>(std::numeric_limits<T>::infinity());
  constexpr Bits carry = exponent & ~(exponent << 1);
  Bits found = 0;
  for (long i = 0; i < n; ++i) found |= (std::bit_cast<Bits>(values[i]) & exponent) + carry;
  return found >> (8 * sizeof(T) - 1) == 0;
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
