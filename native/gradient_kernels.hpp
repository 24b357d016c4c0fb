// What is done to a whole gradient, where the step cannot be fused into BP4: the penalty's part is added, the norm that
// clipping asks for is taken, and then the step.
#pragma once

#include "epilogues.hpp"
#include "products.hpp"
#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// nabla += the penalty's gradient, and squares[k] = Σ_j nabla², for rows [k_begin, k_end).
template <class T>
void finish_nabla(const StepRule<T>& rule, Panels<const T> wt, Panels<T> nabla, double* squares, long k_begin,
                  long k_end) {
  for (long k = k_begin; k < k_end; ++k) {
    Vec<T> sum{};
    for_panels(nabla, [&](long first, Matrix<T> panel) {
      const T* w_k = wt.data + first * wt.n_rows + k * panel.stride;
      for (long j = 0; j < panel.stride; j += lanes<T>) {
        const Vec<T> w = load(w_k + j);
        Vec<T> nabla_kj = fma(broadcast(rule.square), w, load(panel.row(k) + j));
        if (rule.l1 != T(0)) nabla_kj = fma(broadcast(rule.l1), sign<T>(w), nabla_kj);
        store(panel.row(k) + j, nabla_kj);
        sum = fma(nabla_kj, nabla_kj, sum);
      }
    });
    squares[k] = 0;
    for (int lane = 0; lane < lanes<T>; ++lane) squares[k] += sum[lane];
  }
}

template <class T>
void apply(const StepRule<T>& rule, T factor, Panels<T> nabla, Panels<T> theta, Panels<T> first, Panels<T> second,
           long k_begin, long k_end) {
  const Slots<T> slots{theta.data, first.data, second.data};
  for_panels(nabla, [&](long j, Matrix<T> panel) {
    const long at = j * nabla.n_rows + k_begin * panel.stride;
    take_steps_by(rule, slots, at, (k_end - k_begin) * panel.stride, [&](long k) BACKLIT_INLINED {
      const Vec<T> gradient = factor * load(nabla.data + at + k);
      store(nabla.data + at + k, Vec<T>{});
      return gradient;
    });
  });
}

}  // namespace backlit::BACKLIT_ISA
