// The kernels of one instruction set; compiled once for each. See kernels.hpp for what each does.
#include "kernels.hpp"

#include "dropout.hpp"
#include "epilogues.hpp"
#include "products.hpp"
#include "sparse_kernels.hpp"
#include "whole_gradient.hpp"

#define BACKLIT_STRING(x) #x
#define BACKLIT_NAME_OF(x) BACKLIT_STRING(x)

namespace backlit::BACKLIT_ISA {

// Forward: z = w a + b and a = σ(z)
template <class T>
void forward(Activation activation, Matrix<const T> a_previous, Matrix<const T> wt, const T* b, Matrix<T> z,
             Matrix<T> a, long n_rows, long n_in, long n_out, T* scratch) {
  ForwardEpilogue<T> epilogue{activation, b, z, a};
  product<T, false>(a_previous, 0, n_rows, wt, n_in, padded(n_out, lanes<T>), scratch, epilogue);
  if (activation == Activation::softmax)
    for (long i = 0; i < n_rows; ++i) activation::softmax_row(z.row(i), a.row(i), n_out);
}

// BP1: δ^L = ∇_a C ⊙ σ′(z^L)
template <class T>
void output_error(Loss loss, T loss_parameter, Activation activation, Matrix<const T> z, Matrix<const T> a,
                  const T* const* y, const T* share, Matrix<T> delta, T* cost, long n_rows, long n_out) {
  for (long i = 0; i < n_rows; ++i) {
    const T *z_i = z.row(i), *a_i = a.row(i);
    T log_sum = 0;
    if (activation == Activation::softmax && loss_needs_z(loss)) {
      // log Σ e^z from the largest output, which loses nothing: z − log a there
      long top = 0;
      for (long j = 1; j < n_out; ++j) top = a_i[j] > a_i[top] ? j : top;
      log_sum = z_i[top] - loss::log(a_i[top]);
    }
    cost[i] = loss::cost_row(loss, loss_parameter, activation, z_i, a_i, log_sum, y[i], n_out);
    if (!delta.data) continue;
    T* delta_i = delta.row(i);
    if (!loss::short_cut_row(loss, activation, z_i, a_i, y[i], delta_i, n_out)) {
      for (long j = 0; j < n_out; ++j) delta_i[j] = loss::nabla_a(loss, loss_parameter, a_i[j], y[i][j]);
      pull_back<T>(activation, {z_i, 0}, {a_i, 0}, {delta_i, 0}, 1, n_out);
    }
    for (long j = 0; j < n_out; ++j) delta_i[j] *= share[i];
    for (long j = n_out; j < padded(n_out, lanes<T>); ++j) delta_i[j] = 0;
  }
}

// BP2: δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l)
template <class T>
void backward(Activation activation, Matrix<const T> delta_next, Matrix<const T> w_next, Matrix<const T> z,
              Matrix<const T> a, Matrix<T> delta, long n_rows, long n_out_next, long n_out, T* scratch) {
  BackwardEpilogue<T> epilogue{activation, z, a, delta};
  product<T, false>(delta_next, 0, n_rows, w_next, n_out_next, padded(n_out, lanes<T>), scratch, epilogue);
  if (activation == Activation::softmax) pull_back(activation, z, a, delta, n_rows, n_out);
}

// BP2 through a dropped layer: δ comes in as (w^{l+1})ᵀ δ^{l+1} and becomes (mask ⊙ δ) ⊙ σ′.
template <class T>
void pull_back_dropped(Activation activation, Matrix<const T> mask, Matrix<const T> z, Matrix<const T> a,
                       Matrix<T> delta, long n_rows, long n) {
  for (long i = 0; i < n_rows; ++i)
    for (long j = 0; j < n; ++j) delta.row(i)[j] *= mask.row(i)[j];
  pull_back(activation, z, a, delta, n_rows, n);
}

// BP4: ∂C/∂w^l_jk = a^{l−1}_k δ^l_j, summed over the batch; the gradient goes into the step without touching memory.
template <class T>
void update_weights(const StepRule<T>& rule, Matrix<const T> a_previous, Matrix<const T> delta, Matrix<T> wt,
                    Matrix<T> first, Matrix<T> second, long n_rows, long k_begin, long k_end, T* scratch,
                    RowsAhead<T> ahead) {
  with_step(rule, wt, first, second, k_end - k_begin, ahead, [&](auto& epilogue) {
    product<T, true>(a_previous, k_begin, k_end, delta, n_rows, wt.stride, scratch, epilogue);
  });
}

// BP3: ∂C/∂b^l_j = δ^l_j, summed over the batch
template <class T>
BACKLIT_INLINE Vec<T> column_sum(Matrix<const T> delta, long n_rows, long j) {
  Vec<T> nabla{};
  for (long i = 0; i < n_rows; ++i) nabla += load(delta.row(i) + j);
  return nabla;
}

template <class T>
void update_biases(const StepRule<T>& rule, Matrix<const T> delta, T* b, T* first, T* second, long n_rows) {
  with_rule(rule.rule, [&](auto which) {
    for (long j = 0; j < delta.stride; j += lanes<T>)
      step<T, which(), false>(rule, {b, first, second}, j, column_sum(delta, n_rows, j));
  });
}

template <class T>
void add_nabla_w(Matrix<const T> a_previous, Matrix<const T> delta, Matrix<T> nabla_wt, long n_rows, long k_begin,
                 long k_end, T* scratch) {
  AddEpilogue<T> epilogue{nabla_wt};
  product<T, true>(a_previous, k_begin, k_end, delta, n_rows, nabla_wt.stride, scratch, epilogue);
}

template <class T>
void add_nabla_b(Matrix<const T> delta, T* nabla_b, long n_rows) {
  for (long j = 0; j < delta.stride; j += lanes<T>)
    store(nabla_b + j, load(nabla_b + j) + column_sum(delta, n_rows, j));
}

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
                           forward<T>,
                           output_error<T>,
                           backward<T>,
                           update_weights<T>,
                           update_biases<T>,
                           add_nabla_w<T>,
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
