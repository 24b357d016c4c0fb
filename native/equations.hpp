// The forward pass and the four equations of backpropagation: the twin of src/backlit/core/backpropagation.py.
//
// What multiplies matrices is a parameter: `Product` is FullPrecision of blocks.hpp or a precision of bfloat16.cpp.
#pragma once

#include "epilogues.hpp"
#include "narrow_kernels.hpp"
#include "products.hpp"
#include "turned_outputs.hpp"

namespace backlit::BACKLIT_ISA {

// Forward: z = w a + b and a = σ(z)
template <class Product, class T>
void forward(Activation activation, Rows<T> a_previous, Panels<const T> wt, const T* b, Matrix<T> z, Matrix<T> a,
             long n_rows, T* scratch) {
  const bool has_sigma = activation != Activation::softmax && (activation != Activation::identity || z.data != a.data);
  LayerEpilogue<T> epilogue{activation, has_sigma ? sigma_of_tile<T> : nullptr, b, z, a, {}, {}};
  Product::template product<false>(a_previous, 0, n_rows, wt, scratch, epilogue);
  if (activation == Activation::softmax)
    for (long i = softmax_of_turned(z, a, n_rows, wt.columns); i < n_rows; ++i)
      activation::softmax_row(z.row(i), a.row(i), wt.columns);
}

// log Σ e^z of one row, from the largest output, which loses nothing: z − log a there
template <class T>
BACKLIT_INLINE T log_sum_of(const T* z, const T* a, long n) {
  return largest_of(z, n) - log_of_positive<T>(broadcast(largest_of(a, n)))[0];
}

// BP1 of one output neuron, whose examples become lanes.
template <class T>
void output_error_of_one(Loss loss, T loss_parameter, Activation activation, Matrix<const T> z, Matrix<const T> a,
                         const T* const* y, const T* share, Matrix<T> delta, T* cost, long n_rows) {
  constexpr long n_lanes = lanes<T>;
  for (long first = 0; first < n_rows; first += n_lanes) {
    const long n = n_rows - first < n_lanes ? n_rows - first : n_lanes;
    T z_of[n_lanes] = {}, a_of[n_lanes] = {}, y_of[n_lanes] = {}, share_of[n_lanes] = {}, delta_of[n_lanes],
      cost_of[n_lanes];
    for (long i = 0; i < n; ++i) {
      z_of[i] = z.row(first + i)[0];
      a_of[i] = a.row(first + i)[0];
      y_of[i] = y[first + i][0];
      share_of[i] = share[first + i];
    }
    output_error_groups(loss, loss_parameter, activation, z_of, a_of, y_of, share_of, delta_of, cost_of, 1, 1);
    for (long i = 0; i < n; ++i) {
      cost[first + i] = cost_of[i];
      if (delta.data) delta.row(first + i)[0] = delta_of[i];
    }
  }
}

// BP1: δ^L = ∇_a C ⊙ σ′(z^L)
template <class T>
void output_error(Loss loss, T loss_parameter, Activation activation, Matrix<const T> z, Matrix<const T> a,
                  const T* const* y, const T* share, Matrix<T> delta, T* cost, long n_rows, long n_out) {
  if (n_out == 1) return output_error_of_one(loss, loss_parameter, activation, z, a, y, share, delta, cost, n_rows);
  // whose targets, which lie all over memory, are asked for
  constexpr long rows_ahead = 8, numbers_in_a_line = 64 / long(sizeof(T));
  const bool has_short_cut = loss_needs_z(loss);
  const bool needs_sums = has_short_cut && activation == Activation::softmax;
  long i = 0;
  if (loss == Loss::cross_entropy && activation == Activation::softmax)
    i = output_error_of_turned(z, a, y, share, delta, cost, n_rows, n_out);
  for (; i < n_rows; ++i) {
    for (long j = 0; i + rows_ahead < n_rows && j < n_out; j += numbers_in_a_line)
      __builtin_prefetch(y[i + rows_ahead] + j);
    const T *z_i = z.row(i), *a_i = a.row(i);
    const T log_sum = needs_sums ? log_sum_of(z_i, a_i, n_out) : T(0);
    Vec<T> costs{}, targets{};
    for (long j = 0; j < n_out; j += lanes<T>) {
      const Vec<T> y_ij = load_first(y[i] + j, n_out - j);
      const Vec<T> c = loss::cost<T>(loss, loss_parameter, activation, load(z_i + j), load(a_i + j), log_sum, y_ij);
      costs += first_lanes<T>(n_out - j) ? c : Vec<T>{};  // what stands in the padding may not even be finite
      targets += y_ij;
    }
    cost[i] = sum_of_lanes<T>(costs);
    if (!delta.data) continue;
    T* delta_i = delta.row(i);
    const T sum_of_y = needs_sums ? sum_of_lanes<T>(targets) : T(0);
    for (long j = 0; j < n_out; j += lanes<T>) {
      const Vec<T> a_ij = load(a_i + j), y_ij = load_first(y[i] + j, n_out - j);
      const Vec<T> error = has_short_cut ? loss::short_cut<T>(loss, activation, load(z_i + j), a_ij, y_ij, sum_of_y)
                                         : loss::nabla_a<T>(loss, loss_parameter, a_ij, y_ij);
      store(delta_i + j, first_lanes<T>(n_out - j) ? share[i] * error : Vec<T>{});
    }
  }
  if (!delta.data) return;
  if (!has_short_cut) pull_back(activation, z, a, delta, n_rows, n_out);
}

// BP2: δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l)
template <class Product, class T>
void backward(Activation activation, Rows<T> delta_next, Panels<const T> w_next, Matrix<const T> z, Matrix<const T> a,
              Matrix<T> delta, long n_rows, T* scratch) {
  const bool needs_whole_rows = activation == Activation::softmax;
  LayerEpilogue<T> epilogue{activation, needs_whole_rows ? nullptr : sigma_prime_of_tile<T>, nullptr, delta, {}, z, a};
  Product::template product<false>(delta_next, 0, n_rows, w_next, scratch, epilogue);
  if (needs_whole_rows) pull_back(activation, z, a, delta, n_rows, w_next.columns);
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
// Not inlined: with a second copy of it the compiler no longer makes one function of a product, which then takes
// longer.
template <class Product, class T>
__attribute__((noinline)) void update_weights(const StepRule<T>& rule, Rows<T> a_previous, Panels<const T> delta,
                                              Panels<T> wt, Panels<T> first, Panels<T> second, long k_begin, long k_end,
                                              T* scratch, RowsAhead ahead) {
  with_step(rule, wt, first, second, k_end - k_begin, ahead, [&](auto& epilogue) {
    Product::template product<true>(a_previous, k_begin, k_end, delta, scratch, epilogue);
  });
}

// BP3: ∂C/∂b^l_j = δ^l_j, summed over the batch. Calls f(j, n, nabla) for each panel of n neurons.
template <class T, class F>
BACKLIT_INLINE void for_nabla_b(Panels<const T> delta, F&& f) {
  alignas(BACKLIT_VECTOR_BYTES) T sums[widest_panel * lanes<T>];
  for_panels(delta, [&](long first, Matrix<const T> panel) {
    for (long j = 0; j < panel.stride; j += lanes<T>) {
      Vec<T> nabla{};
      for (long i = 0; i < delta.n_rows; ++i) nabla += load(panel.row(i) + j);
      store(sums + j, nabla);
    }
    f(first, panel.stride, sums);
  });
}

template <class T>
void update_biases(const StepRule<T>& rule, Panels<const T> delta, T* b, T* first, T* second) {
  for_nabla_b(delta, [&](long j, long n, const T* nabla)
                         BACKLIT_INLINED { take_steps(rule, {b, first, second}, j, n, nabla); });
}

// BP4 without a step, for gradients that are wanted whole.
template <class Product, class T>
void add_nabla_w(Rows<T> a_previous, Panels<const T> delta, Panels<T> nabla_wt, long k_begin, long k_end, T* scratch) {
  NablaEpilogue<T> epilogue{nabla_wt.data, nullptr, {}, nabla_wt.n_rows, false, Fetcher({})};
  Product::template product<true>(a_previous, k_begin, k_end, delta, scratch, epilogue);
}

template <class T>
void add_nabla_b(Panels<const T> delta, T* nabla_b) {
  for_nabla_b(delta, [&](long j, long n, const T* nabla) BACKLIT_INLINED {
    for (long k = 0; k < n; k += lanes<T>) store(nabla_b + j + k, load(nabla_b + j + k) + load(nabla + k));
  });
}

}  // namespace backlit::BACKLIT_ISA
