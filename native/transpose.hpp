// A block of as many rows as a vector has lanes, transposed in registers.
#pragma once

#include <cstring>
#include <utility>

#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// Exchanges the halves of lanes that differ in bit `s` between two rows: one step of it.
template <class T, int s, int... lane>
BACKLIT_INLINE void exchange(Vec<T>& upper, Vec<T>& lower, std::integer_sequence<int, lane...>) {
  const Vec<T> first = upper, second = lower;
  upper = __builtin_shufflevector(first, second, ((lane & s) ? lanes<T> + lane - s : lane)...);
  lower = __builtin_shufflevector(first, second, ((lane & s) ? lanes<T> + lane : lane + s)...);
}

// Transposes blocks of n rows and n lanes, which stand side by side in the vectors; n is a power of two.
template <class T, int n, int s = 1>
BACKLIT_INLINE void exchange_all(Vec<T> (&rows)[n]) {
  if constexpr (s < n) {
    unroll<n>([&](auto r) BACKLIT_INLINED {
      if constexpr ((r() & s) == 0) exchange<T, s>(rows[r], rows[r + s], std::make_integer_sequence<int, lanes<T>>{});
    });
    exchange_all<T, n, 2 * s>(rows);
  }
}

template <class T, int n>
struct VectorOfSize {
  typedef T type __attribute__((vector_size(n * sizeof(T))));
};

template <class V, class H, int... lane>
BACKLIT_INLINE V joined(H lower, H upper, std::integer_sequence<int, lane...>) {
  return __builtin_shufflevector(lower, upper, lane...);
}

// A vector of n numbers: `piece` of them from column j on of each of the rows 0, piece, 2·piece, …
template <class T, int piece, int n = lanes<T>>
BACKLIT_INLINE typename VectorOfSize<T, n>::type load_pieces(const T* const* rows, long j) {
  typename VectorOfSize<T, n>::type v;
  if constexpr (n == piece)
    std::memcpy(&v, rows[0] + j, sizeof v);
  else
    v = joined<decltype(v)>(load_pieces<T, piece, n / 2>(rows, j), load_pieces<T, piece, n / 2>(rows + n / 2, j),
                            std::make_integer_sequence<int, n>{});
  return v;
}

}  // namespace backlit::BACKLIT_ISA
