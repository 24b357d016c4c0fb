// What becomes of the sums of a product: how each begins, and what is done with its end while it is still in registers
// or in the first cache. Shared by the products of every precision.
#pragma once

#include "kernels.hpp"
#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// Forward: the sum starts at the bias and ends in z; a finished tile goes through σ while it is still in the first
// cache.
template <class T>
struct ForwardEpilogue {
  Activation activation;
  const T* b;
  Matrix<T> z, a;
  BACKLIT_INLINE Vec<T> start(long, long j) const { return load(b + j); }
  BACKLIT_INLINE void finish(long i, long j, Vec<T> z_ij) const { store(z.row(i) + j, z_ij); }
  BACKLIT_INLINE void tile_done(long i, int height, long j, int columns) const {
    if (activation == Activation::identity && z.data == a.data) return;
    sigma(i, height, j, columns);
  }
  __attribute__((noinline)) void sigma(long i, int height, long j, int columns) const {
    activation::with<T>(activation, [&](auto f) {
      for (long r = i; r < i + height; ++r)
        for (long c = j; c < j + columns; c += lanes<T>) store(a.row(r) + c, f.value(load(z.row(r) + c)));
    });
  }
};

// ∂C/∂z from ∂C/∂a for one row: ⊙ σ′, or Jᵀ where σ couples the neurons of a layer.
template <class T>
void pull_back_row(Activation activation, const T* z, const T* a, T* delta, long n) {
  if (activation == Activation::softmax) return activation::softmax_pull_back_row(a, delta, n);
  activation::with<T>(activation, [&](auto f) {
    for (long j = 0; j < n; j += lanes<T>) store(delta + j, load(delta + j) * f.derivative(load(z + j), load(a + j)));
  });
}

// BP2: the sum (w^{l+1})ᵀ δ^{l+1} goes through ⊙ σ′(z^l).
template <class T>
struct BackwardEpilogue {
  Activation activation;
  Matrix<const T> z, a;
  Matrix<T> delta;
  BACKLIT_INLINE Vec<T> start(long, long) const { return Vec<T>{}; }
  BACKLIT_INLINE void finish(long i, long j, Vec<T> sum) const { store(delta.row(i) + j, sum); }
  BACKLIT_INLINE void tile_done(long i, int height, long j, int columns) const {
    if (activation == Activation::softmax) return;  // needs whole rows
    sigma_prime(i, height, j, columns);
  }
  __attribute__((noinline)) void sigma_prime(long i, int height, long j, int columns) const {
    for (long r = i; r < i + height; ++r)
      pull_back_row(activation, z.row(r) + j, a.row(r) + j, delta.row(r) + j, columns);
  }
};

// BP4: the sum is the gradient of a weight and goes into its step.
template <class T, Rule which>
struct StepEpilogue {
  const StepRule<T>& rule;
  Slots<T> slots;
  long stride;
  BACKLIT_INLINE Vec<T> start(long, long) const { return Vec<T>{}; }
  BACKLIT_INLINE void finish(long k, long j, Vec<T> nabla) const {
    step<T, which, true>(rule, slots, k * stride + j, nabla);
  }
  BACKLIT_INLINE void tile_done(long, int, long, int) const {}
};

// Calls f with the rule as a constant.
template <class F>
BACKLIT_INLINE void with_rule(Rule rule, F&& f) {
  switch (rule) {
    case Rule::sgd:
      return f(std::integral_constant<Rule, Rule::sgd>{});
    case Rule::momentum:
      return f(std::integral_constant<Rule, Rule::momentum>{});
    case Rule::rmsprop:
      return f(std::integral_constant<Rule, Rule::rmsprop>{});
    case Rule::adam:
      return f(std::integral_constant<Rule, Rule::adam>{});
  }
}

// BP4 without a step: the sum is added to the gradient so far.
template <class T>
struct AddEpilogue {
  Matrix<T> nabla;
  BACKLIT_INLINE Vec<T> start(long k, long j) const { return load(nabla.row(k) + j); }
  BACKLIT_INLINE void finish(long k, long j, Vec<T> sum) const { store(nabla.row(k) + j, sum); }
  BACKLIT_INLINE void tile_done(long, int, long, int) const {}
};

}  // namespace backlit::BACKLIT_ISA
