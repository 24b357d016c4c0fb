// The products of the first layer where the input is sparse: only what is not zero is touched.
#pragma once

#include "dropout.hpp"
#include "epilogues.hpp"
#include "kernels.hpp"
#include "products.hpp"
#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// Forward: z = b + Σ x_k w_k over the numbers of a row, and a = σ(z).
template <class T>
void forward_sparse(Activation activation, const SparseRow<T>* x, Panels<const T> wt, const T* b, Matrix<T> z,
                    Matrix<T> a, long n_rows) {
  const LayerEpilogue<T> layer{activation, nullptr, b, z, a, {}, {}};
  for (long i = 0; i < n_rows; ++i) {
    T* z_i = z.row(i);
    for (long j = 0; j < z.stride; j += lanes<T>) store(z_i + j, load(b + j));
    for_panels(wt, [&](long first, Matrix<const T> panel) {
      for (long at = 0; at < x[i].n; ++at) {
        const Vec<T> x_k = broadcast(x[i].values[at]);
        const T* w_k = panel.row(x[i].columns[at]);
        for (long j = 0; j < panel.stride; j += lanes<T>)
          store(z_i + first + j, fma(x_k, load(w_k + j), load(z_i + first + j)));
      }
    });
    sigma_of_tile(layer, i, 1, 0, z.stride);
    if (activation == Activation::softmax) activation::softmax_row(z_i, a.row(i), wt.columns);
  }
}

// BP4: ∂C/∂w_k += x_k δ, for neurons [k_begin, k_end) of the input; summed row by row, always in the same order.
template <class T>
void add_nabla_sparse(const SparseRow<T>* x, Matrix<const T> delta, Panels<T> nabla_wt, long n_rows, long k_begin,
                      long k_end) {
  for_panels(nabla_wt, [&](long first, Matrix<T> panel) {
    for (long i = 0; i < n_rows; ++i)
      for (long at = 0; at < x[i].n; ++at) {
        const long k = x[i].columns[at];
        if (k < k_begin || k >= k_end) continue;
        const Vec<T> x_k = broadcast(x[i].values[at]);
        T* nabla_k = panel.row(k);
        for (long j = 0; j < panel.stride; j += lanes<T>)
          store(nabla_k + j, fma(x_k, load(delta.row(i) + first + j), load(nabla_k + j)));
      }
  });
}

// The numbers of one row times their dropout masks; see `drop`.
template <class T>
void drop_sparse(const DropoutDraw& d, SparseRow<T> x, T* dropped, long position) {
  for (long at = 0; at < x.n; ++at) {
    std::uint32_t c[4];
    draw_block(d, std::uint32_t(x.columns[at] / 4), std::uint32_t(position), c);
    dropped[at] = x.values[at] * mask_of<T>(d, c[x.columns[at] % 4]);
  }
}

}  // namespace backlit::BACKLIT_ISA
