#include "buffer.hpp"

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#elif defined(_WIN32)
#include <malloc.h>
#endif

namespace backlit {

namespace {

constexpr long cache_line = 64;
constexpr long huge_page = 2 << 20;

#if defined(_WIN32)
void* allocate(std::size_t unit, std::size_t bytes) { return _aligned_malloc(bytes, unit); }
void release(void* memory) { _aligned_free(memory); }
#else
void* allocate(std::size_t unit, std::size_t bytes) { return std::aligned_alloc(unit, bytes); }
void release(void* memory) { std::free(memory); }
#endif

}  // namespace

template <class T>
Buffer<T>::Buffer(long n) : n_(n) {
  if (n == 0) return;
  const std::size_t bytes = (std::size_t(n) * sizeof(T) + cache_line - 1) / cache_line * cache_line;
  const bool is_large = bytes >= std::size_t(huge_page);
  const std::size_t unit = is_large ? huge_page : cache_line;
  void* memory = allocate(unit, (bytes + unit - 1) / unit * unit);
  if (!memory) throw std::bad_alloc();
#if defined(__linux__)
  if (is_large) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  std::memset(memory, 0, bytes);
  data_.reset(static_cast<T*>(memory));
}

template <class T>
void Buffer<T>::Free::operator()(T* p) const {
  release(p);
}

template class Buffer<float>;
template class Buffer<double>;

}  // namespace backlit
