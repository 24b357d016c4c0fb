// What is done to a whole gradient before its step, where the step cannot be fused into BP4: the penalty's part is
// added, and the norm that clipping asks for is taken.
#pragma once

#include "kernels.hpp"
#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// nabla += the penalty's gradient, and squares[k] = Σ_j nabla², for rows [k_begin, k_end).
template <class T>
void finish_nabla(const StepRule<T>& rule, Matrix<const T> wt, Matrix<T> nabla, double* squares, long k_begin,
                  long k_end) {
  for (long k = k_begin; k < k_end; ++k) {
    Vec<T> sum{};
    for (long j = 0; j < nabla.stride; j += lanes<T>) {
      const Vec<T> w = load(wt.row(k) + j);
      Vec<T> nabla_kj = fma(broadcast(rule.square), w, load(nabla.row(k) + j));
      if (rule.l1 != T(0)) nabla_kj = fma(broadcast(rule.l1), sign<T>(w), nabla_kj);
      store(nabla.row(k) + j, nabla_kj);
      sum = fma(nabla_kj, nabla_kj, sum);
    }
    squares[k] = 0;
    for (int lane = 0; lane < lanes<T>; ++lane) squares[k] += sum[lane];
  }
}

template <class T>
void scale(T factor, T* values, long n) {
  for (long at = 0; at < n; at += lanes<T>) store(values + at, factor * load(values + at));
}

}  // namespace backlit::BACKLIT_ISA
