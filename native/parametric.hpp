// Neurons that have an α: the twin of src/backlit/core/parametric.py.
//
//   a = z + α (σ(z) − z),   σ_α′(z) = 1 + α (σ′(z) − 1),   ∂C/∂α = (σ(z) − z) ∂C/∂a.
//
// Products know nothing of it: forward leaves σ(z) in a, BP2 leaves ∂C/∂a in δ, and both are finished here. α stands
// with the parameters of embeddings, which take their step together.
#pragma once

#include "activations.hpp"
#include "kernels.hpp"
#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// a comes in as σ(z).
template <class T>
void mix(const T* alpha, Matrix<const T> z, Matrix<T> a, long n_rows, long n) {
  for (long i = 0; i < n_rows; ++i)
    for (long j = 0; j < n; j += lanes<T>) {
      const Vec<T> z_j = load(z.row(i) + j);
      store(a.row(i) + j, fma(load(alpha + j), load(a.row(i) + j) - z_j, z_j));
    }
}

// δ comes in as ∂C/∂a; what each example gives to ∂C/∂α is left in of_alpha.
template <class T>
void pull_back_mixed(Activation activation, const T* alpha, Matrix<const T> z, Matrix<T> delta, Matrix<T> of_alpha,
                     long n_rows, long n) {
  activation::with<T>(activation, [&](auto f) {
    for (long i = 0; i < n_rows; ++i)
      for (long j = 0; j < n; j += lanes<T>) {
        const Vec<T> z_j = load(z.row(i) + j), nabla_a = load(delta.row(i) + j), sigma = f.value(z_j);
        store(of_alpha.row(i) + j, (sigma - z_j) * nabla_a);
        store(delta.row(i) + j, nabla_a * fma(load(alpha + j), f.derivative(z_j, sigma) - T(1), broadcast(T(1))));
      }
  });
}

// Always in the order of rows, so that sums depend on no number of threads.
template <class T>
void add_nabla_alpha(Matrix<const T> of_alpha, T* nabla, long n_rows, long n) {
  for (long j = 0; j < n; j += lanes<T>) {
    Vec<T> sum = load(nabla + j);
    for (long i = 0; i < n_rows; ++i) sum += load(of_alpha.row(i) + j);
    store(nabla + j, sum);
  }
}

}  // namespace backlit::BACKLIT_ISA
