// A scale for each input, trained with the weights of the first layer: the twin of src/backlit/core/input_scales.py.
//
// w_jk = v_jk s_k. A row of wt holds the weights from one input, and so has one scale. The layer keeps wt; v is there
// only while a step is taken.
#pragma once

#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

constexpr double scale_nearest_to_zero = 1e-4;

// Before the step: wt becomes v, nabla becomes ∂C/∂v = s ∂C/∂w, and nabla_s is ∂C/∂s_k = Σ_j v_jk ∂C/∂w_jk. Scales are
// the first numbers of their rows.
template <class T>
void take_apart(Panels<T> wt, Panels<T> nabla, Panels<const T> s, Panels<T> nabla_s, long k_begin, long k_end) {
  for (long k = k_begin; k < k_end; ++k) {
    const T s_k = s.data[k * lanes<T>];
    Vec<T> sum{};
    for_panels(wt, [&](long first, Matrix<T> panel) {
      T *w_k = panel.row(k), *nabla_k = nabla.data + first * nabla.n_rows + k * panel.stride;
      for (long j = 0; j < panel.stride; j += lanes<T>) {
        const Vec<T> v = load(w_k + j) / broadcast(s_k), nabla_w = load(nabla_k + j);
        sum = fma(v, nabla_w, sum);
        store(w_k + j, v);
        store(nabla_k + j, s_k * nabla_w);
      }
    });
    nabla_s.data[k * lanes<T>] = sum_of_lanes<T>(sum);
  }
}

// After it: wt is w again, and no scale is nearer to zero than it may be.
template <class T>
void put_together(Panels<T> wt, Panels<T> s, long k_begin, long k_end) {
  constexpr T least = T(scale_nearest_to_zero);
  for (long k = k_begin; k < k_end; ++k) {
    T& s_k = s.data[k * lanes<T>];
    if (s_k > -least && s_k < least) s_k = s_k < T(0) ? -least : least;
    for_panels(wt, [&](long, Matrix<T> panel) {
      T* const w_k = panel.row(k);
      for (long j = 0; j < panel.stride; j += lanes<T>) store(w_k + j, s_k * load(w_k + j));
    });
  }
}

}  // namespace backlit::BACKLIT_ISA
