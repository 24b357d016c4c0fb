// Embeddings of numbers, PBLD: the twin of src/backlit/core/embedding.py.
//
//   z = w₁ (2π x) + b₁,   a = cos(z),   e = W₂ a + b₂;   a^1 of the network behind is (e, x).
//
// All parameters of one embedding stand together, as EmbeddingLayout says, so that a gradient, or the optimizer's
// memory, is one more array of that layout, and a step is the one kernel that takes all steps.
#pragma once

#include "simd.hpp"
#include "vector_math.hpp"

namespace backlit::BACKLIT_ISA {

constexpr double two_pi = 6.283185307179586476925;

// sin(2πs) for |s| ≤ ¼, by its Taylor series
template <class T>
BACKLIT_INLINE Vec<T> sine_of_quarter(Vec<T> s) {
  constexpr int terms = sizeof(T) == 4 ? 7 : 12;  // (π/2)^(2·terms + 1) / (2·terms + 1)! is below half a unit
  constexpr auto coefficient = [](int k) {
    double c = two_pi;
    for (int i = 1; i <= k; ++i) c *= -two_pi * two_pi / (2 * i * (2 * i + 1));
    return T(c);
  };
  const Vec<T> square = s * s;
  Vec<T> series = broadcast(coefficient(terms - 1));
#pragma GCC unroll 12
  for (int k = terms - 2; k >= 0; --k) series = fma(series, square, broadcast(coefficient(k)));
  return s * series;
}

// cos(2πt) and sin(2πt); whole turns are taken off without rounding
template <class T>
BACKLIT_INLINE void turn(Vec<T> t, Vec<T>& cosine, Vec<T>& sine) {
  const Vec<T> r = t - ((t + ExpConstants<T>::round_by) - ExpConstants<T>::round_by), size = magnitude<T>(r);
  cosine = sine_of_quarter<T>(T(0.25) - size);
  const Vec<T> of_size = sine_of_quarter<T>(size < T(0.25) ? size : T(0.5) - size);
  sine = r < T(0) ? -of_size : of_size;
}

// z / 2π
template <class T>
BACKLIT_INLINE Vec<T> turns_of(const T* theta, T x, int h) {
  using L = EmbeddingLayout;
  return fma(load(theta + L::w_1 + h), broadcast(x), load(theta + L::b_1 + h) * T(1 / two_pi));
}

// Forward, for one example: e of all that is embedded.
template <class T>
void embed(const T* theta, const long* columns, long n_columns, const T* x, T* e) {
  using L = EmbeddingLayout;
  for (long f = 0; f < n_columns; ++f, theta += L::size, e += L::n_out) {
    Vec<T> sums[L::n_out]{};
    for (int h = 0; h < L::n_hidden; h += lanes<T>) {
      Vec<T> a, unused;
      turn<T>(turns_of(theta, x[columns[f]], h), a, unused);
      for (int o = 0; o < L::n_out; ++o) sums[o] = fma(load(theta + L::w_2 + o * L::n_hidden + h), a, sums[o]);
    }
    for (int o = 0; o < L::n_out; ++o) e[o] = sum_of_lanes<T>(sums[o]) + theta[L::b_2 + o];
  }
}

// Backward, for one embedding and n_rows examples: its gradient is added to nabla. x stands at column `at` of the
// examples, and δ^e, which BP2 brought back from layer 2, at column 0 of delta.
template <class T>
void embedding_gradient(const T* theta, Rows<T> a_1, long at, Matrix<const T> delta_e, long n_rows, T* nabla) {
  using L = EmbeddingLayout;
  for (int h = 0; h < L::n_hidden; h += lanes<T>) {
    Vec<T> nabla_w_1 = load(nabla + L::w_1 + h), nabla_b_1 = load(nabla + L::b_1 + h), nabla_w_2[L::n_out];
    for (int o = 0; o < L::n_out; ++o) nabla_w_2[o] = load(nabla + L::w_2 + o * L::n_hidden + h);
    for (long i = 0; i < n_rows; ++i) {
      const T x = a_1.row(i)[at], *delta = delta_e.row(i);
      Vec<T> a, sine, sum{};
      turn<T>(turns_of(theta, x, h), a, sine);
      for (int o = 0; o < L::n_out; ++o) {
        sum = fma(load(theta + L::w_2 + o * L::n_hidden + h), broadcast(delta[o]), sum);
        nabla_w_2[o] = fma(a, broadcast(delta[o]), nabla_w_2[o]);  // BP4
      }
      const Vec<T> delta_z = -sum * sine;                             // BP2: δ^z = (W₂ᵀ δ^e) ⊙ cos′(z)
      nabla_w_1 = fma(delta_z, broadcast(T(two_pi) * x), nabla_w_1);  // BP4
      nabla_b_1 += delta_z;                                           // BP3
    }
    store(nabla + L::w_1 + h, nabla_w_1);
    store(nabla + L::b_1 + h, nabla_b_1);
    for (int o = 0; o < L::n_out; ++o) store(nabla + L::w_2 + o * L::n_hidden + h, nabla_w_2[o]);
  }
  for (long i = 0; i < n_rows; ++i)
    for (int o = 0; o < L::n_out; ++o) nabla[L::b_2 + o] += delta_e.row(i)[o];  // BP3
}

}  // namespace backlit::BACKLIT_ISA
