// Blocks of a few rows, transposed in registers; and whole matrices, block by block.
#pragma once

#include <cstring>
#include <utility>

#include "products.hpp"
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
      if ((r & s) == 0) exchange<T, s>(rows[r], rows[r + s], std::make_integer_sequence<int, lanes<T>>{});
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

// w = wtᵀ for rows [k_begin, k_end) and n_out columns of wt
template <class T>
void transpose_matrix(Matrix<const T> wt, Matrix<T> w, long k_begin, long k_end, long n_out) {
  constexpr long few_columns = 4;  // too few for a block to pay
  long k = k_begin;
  for (; n_out >= few_columns && k + lanes<T> <= k_end; k += lanes<T>)
    for (long j = 0; j < n_out; j += lanes<T>) {
      Vec<T> block[lanes<T>];
      unroll<lanes<T>>([&](auto r) { block[r] = load(wt.row(k + r) + j); });
      exchange_all<T>(block);
      unroll<lanes<T>>([&](auto r) {
        if (j + r < n_out) store(w.row(j + r) + k, block[r]);
      });
    }
  for (long j = 0; j < n_out; ++j)
    for (long kk = k; kk < k_end; ++kk) w.row(j)[kk] = wt.row(kk)[j];
}

template <class T>
void transpose(Panels<const T> wt, Panels<T> w, long k_begin, long k_end) {
  for_panels(w, [&](long k, Panel<T> to) {
    const long begin = k_begin > k ? k_begin - k : 0, end = k_end - k < to.columns ? k_end - k : to.columns;
    if (begin >= end) return;
    for_panels(wt, [&](long j, Panel<const T> from) {
      transpose_matrix<T>({from.row(k), from.stride}, {to.row(j), to.stride}, begin, end, from.columns);
    });
  });
}

template <class T>
void read_weights(Panels<const T> wt, Matrix<T> w) {
  for_panels(wt, [&](long j, Panel<const T> from) {
    transpose_matrix<T>(from, {w.row(j), w.stride}, 0, wt.n_rows, from.columns);
  });
}

template <class T>
void write_weights(Matrix<const T> w, Panels<T> wt) {
  for_panels(wt, [&](long first, Panel<T> to) {
    for (long j = 0; j < to.columns; ++j)
      for (long k = 0; k < wt.n_rows; ++k) to.row(k)[j] = w.row(first + j)[k];
  });
}

}  // namespace backlit::BACKLIT_ISA
