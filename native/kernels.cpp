// The kernels of one instruction set; compiled once for each. See kernels.hpp for what each does.
#include "kernels.hpp"

#include "dropout.hpp"
#include "equations.hpp"
#include "products.hpp"
#include "sparse_kernels.hpp"
#include "whole_gradient.hpp"

#define BACKLIT_STRING(x) #x
#define BACKLIT_NAME_OF(x) BACKLIT_STRING(x)

namespace backlit::BACKLIT_ISA {

template <class T>
void apply(const StepRule<T>& rule, const T* nabla, T* theta, T* first, T* second, long n, bool is_weight) {
  with_rule(rule.rule, [&](auto which) {
    for (long at = 0; at < n; at += lanes<T>) {
      if (is_weight)
        step<T, which(), true>(rule, {theta, first, second}, at, load(nabla + at));
      else
        step<T, which(), false>(rule, {theta, first, second}, at, load(nabla + at));
    }
  });
}

template <class T>
void gather(const T* x, const std::int64_t* rows, Matrix<T> a, long n_rows, long n_in) {
  for (long i = 0; i < n_rows; ++i) {
    const T* from = x + rows[i] * n_in;
    T* to = a.row(i);
    long k = 0;
    for (; k + lanes<T> <= n_in; k += lanes<T>) store(to + k, load(from + k));
    if (k < n_in && n_in >= lanes<T>) k = n_in - lanes<T>, store(to + k, load(from + k));  // overlaps the one before
    for (; n_in < lanes<T> && k < n_in; ++k) to[k] = from[k];
  }
}

// Exchanges the halves of lanes that differ in bit `s` between two rows: one step of transposing a block in registers.
template <class T, int s, int... lane>
BACKLIT_INLINE void exchange(Vec<T>& upper, Vec<T>& lower, std::integer_sequence<int, lane...>) {
  const Vec<T> first = upper, second = lower;
  upper = __builtin_shufflevector(first, second, ((lane & s) ? lanes<T> + lane - s : lane)...);
  lower = __builtin_shufflevector(first, second, ((lane & s) ? lanes<T> + lane : lane + s)...);
}

template <class T, int s>
BACKLIT_INLINE void exchange_all(Vec<T> (&rows)[lanes<T>]) {
  unroll<lanes<T>>([&](auto r) {
    if constexpr ((r() & s) == 0) exchange<T, s>(rows[r], rows[r + s], std::make_integer_sequence<int, lanes<T>>{});
  });
  if constexpr (2 * s < lanes<T>) exchange_all<T, 2 * s>(rows);
}

template <class T>
void transpose(Matrix<const T> wt, Matrix<T> w, long k_begin, long k_end, long n_out) {
  constexpr long few_columns = 4;  // too few for a block to pay
  long k = k_begin;
  for (; n_out >= few_columns && k + lanes<T> <= k_end; k += lanes<T>)
    for (long j = 0; j < n_out; j += lanes<T>) {
      Vec<T> block[lanes<T>];
      unroll<lanes<T>>([&](auto r) { block[r] = load(wt.row(k + r) + j); });
      exchange_all<T, 1>(block);
      unroll<lanes<T>>([&](auto r) {
        if (j + r < n_out) store(w.row(j + r) + k, block[r]);
      });
    }
  for (long j = 0; j < n_out; ++j)
    for (long kk = k; kk < k_end; ++kk) w.row(j)[kk] = wt.row(kk)[j];
}

template <class T>
void row_sums(Matrix<const T> wt, double* square, double* magnitude_sum, long k_begin, long k_end, long n_out) {
  // Padding is zero and adds nothing. Lanes are added in float64, in their order.
  const long columns = padded(n_out, lanes<T>);
  for (long k = k_begin; k < k_end; ++k) {
    Vec<T> squares{}, magnitudes{};
    for (long j = 0; j < columns; j += lanes<T>) {
      const Vec<T> w = load(wt.row(k) + j);
      squares = fma(w, w, squares);
      magnitudes += magnitude<T>(w);
    }
    square[k] = magnitude_sum[k] = 0;
    for (int lane = 0; lane < lanes<T>; ++lane) {
      square[k] += squares[lane];
      magnitude_sum[k] += magnitudes[lane];
    }
  }
}

// A packed panel of the deepest product
template <class T>
long scratch_size(long n_rows, long widest) {
  return (n_rows > widest ? n_rows : widest) * widest_panel * lanes<T>;
}

template <class T>
constexpr Kernels<T> table{BACKLIT_NAME_OF(BACKLIT_ISA),
                           lanes<T>,
                           scratch_size<T>,
                           forward<FullPrecision, T>,
                           output_error<T>,
                           backward<FullPrecision, T>,
                           update_weights<FullPrecision, T>,
                           update_biases<T>,
                           add_nabla_w<FullPrecision, T>,
                           add_nabla_b<T>,
                           apply<T>,
                           finish_nabla<T>,
                           scale<T>,
                           drop<T>,
                           pull_back_dropped<T>,
                           forward_sparse<T>,
                           add_nabla_sparse<T>,
                           drop_sparse<T>,
                           gather<T>,
                           transpose<T>,
                           row_sums<T>};

const Kernels<float>& kernels_float32() { return table<float>; }
const Kernels<double>& kernels_float64() { return table<double>; }

}  // namespace backlit::BACKLIT_ISA
