// Softmax, and BP1 of it, for layers of up to two vectors of outputs, with vectors that run along examples: row by row,
// most of the work would be sums and maxima across the lanes of single vectors, a fifth of a step of narrow layers.
//
// As many rows as there are lanes are transposed, worked on, and transposed back. Sums over outputs are taken in the
// order of `fold`, so that bits are those of single rows; these serve what is left of a batch.
#pragma once

#include "kernels.hpp"
#include "losses.hpp"
#include "simd.hpp"
#include "transpose.hpp"

namespace backlit::BACKLIT_ISA {

// Outputs of as many examples as there are lanes: vector j holds output j of each.
template <class T, int n_vectors>
struct TurnedRows {
  static constexpr int n = n_vectors * lanes<T>;
  Vec<T> of[n];

  // From row r on, at f(r, column).
  template <class F>
  BACKLIT_INLINE void load_rows(F&& f) {
    for_blocks([&](auto& block, long column) BACKLIT_INLINED {
      unroll<lanes<T>>([&](auto r) BACKLIT_INLINED { block[r] = f(r, column); });
      exchange_all<T>(block);
    });
  }
  BACKLIT_INLINE void store_rows(Matrix<T> rows) {
    for_blocks([&](auto& block, long column) BACKLIT_INLINED {
      exchange_all<T>(block);
      unroll<lanes<T>>([&](auto r) BACKLIT_INLINED { store(rows.row(r) + column, block[r]); });
    });
  }
  BACKLIT_INLINE Vec<T> largest(long n_out) const {
    Vec<T> top = of[0];
    for (long j = 1; j < n_out; ++j) top = of[j] > top ? of[j] : top;
    return top;
  }
  // In the order of the sum of a row's vectors, and of `fold`.
  BACKLIT_INLINE Vec<T> sum() const {
    Vec<T> sums[n / 2];
    unroll<n / 2>([&](auto j) BACKLIT_INLINED { sums[j] = of[j] + of[j + n / 2]; });
    for (int half = n / 4; half > 0; half /= 2)
      for (int j = 0; j < half; ++j) sums[j] += sums[j + half];
    return sums[0];
  }

 private:
  template <class F>
  BACKLIT_INLINE void for_blocks(F&& f) {
    unroll<n_vectors>(
        [&](auto b) BACKLIT_INLINED { f(*reinterpret_cast<Vec<T>(*)[lanes<T>]>(of + b * lanes<T>), b * lanes<T>); });
  }
};

// Calls f with how many vectors n outputs take, and returns its answer, or 0 where they are too many.
template <class T, class F>
BACKLIT_INLINE long with_vectors_of_outputs(long n, F&& f) {
  if (n <= lanes<T>) return f(std::integral_constant<int, 1>{});
  if (n <= 2 * lanes<T>) return f(std::integral_constant<int, 2>{});
  return 0;
}

// a = softmax(z) of as many rows as fill vectors; returns their number.
template <class T>
long softmax_of_turned(Matrix<T> z, Matrix<T> a, long n_rows, long n) {
  return with_vectors_of_outputs<T>(n, [&](auto n_vectors) {
    long i = 0;
    for (; i + lanes<T> <= n_rows; i += lanes<T>) {
      TurnedRows<T, n_vectors()> rows;
      rows.load_rows([&](long r, long column) BACKLIT_INLINED { return load(z.row(i + r) + column); });
      const Vec<T> top = rows.largest(n);
      for (long j = 0; j < rows.n; ++j) rows.of[j] = j < n ? BACKLIT_ISA::exp<T>(rows.of[j] - top) : Vec<T>{};
      const Vec<T> sum = rows.sum();
      for (long j = 0; j < n; ++j) rows.of[j] /= sum;
      rows.store_rows({a.row(i), a.stride});
    }
    return i;
  });
}

// BP1 and the costs of cross-entropy after softmax, for as many rows as fill vectors; returns their number.
template <class T>
long output_error_of_turned(Matrix<const T> z, Matrix<const T> a, const T* const* y, const T* share, Matrix<T> delta,
                            T* cost, long n_rows, long n) {
  constexpr Loss loss = Loss::cross_entropy;
  constexpr Activation softmax = Activation::softmax;
  return with_vectors_of_outputs<T>(n, [&](auto n_vectors) {
    long i = 0;
    for (; i + lanes<T> <= n_rows; i += lanes<T>) {
      for (long r = i + lanes<T>; r < i + 2 * lanes<T> && r < n_rows; ++r) __builtin_prefetch(y[r]);
      TurnedRows<T, n_vectors()> zs, as, ys, costs, errors;
      zs.load_rows([&](long r, long column) BACKLIT_INLINED { return load(z.row(i + r) + column); });
      as.load_rows([&](long r, long column) BACKLIT_INLINED { return load(a.row(i + r) + column); });
      ys.load_rows([&](long r, long column) BACKLIT_INLINED { return load_first(y[i + r] + column, n - column); });
      const Vec<T> log_sum = zs.largest(n) - log_of_positive<T>(as.largest(n)), sum_of_y = ys.sum();
      const Vec<T> shares = load(share + i);
      for (long j = 0; j < costs.n; ++j) {
        const Vec<T> z_j = zs.of[j], a_j = as.of[j], y_j = ys.of[j];
        costs.of[j] = j < n ? loss::cost<T>(loss, T(0), softmax, z_j, a_j, log_sum, y_j) : Vec<T>{};
        errors.of[j] = j < n ? shares * loss::short_cut<T>(loss, softmax, z_j, a_j, y_j, sum_of_y) : Vec<T>{};
      }
      store(cost + i, costs.sum());
      if (delta.data) errors.store_rows({delta.row(i), delta.stride});
    }
    return i;
  });
}

}  // namespace backlit::BACKLIT_ISA
