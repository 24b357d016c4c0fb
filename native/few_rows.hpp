// BP2 of a few rows, from wt itself: the copy of the weights that BP2 has otherwise would be as much memory to write
// and to read as the weights, and of few rows that is most of the work. Blocks of weights are transposed in registers.
#pragma once

#include "epilogues.hpp"
#include "products.hpp"
#include "transpose.hpp"

namespace backlit::BACKLIT_ISA {

// Adds what neurons j to j + n_j say to the sums of lanes neurons k, k + 1, …, of which `n_k` exist.
template <int n_rows, class T>
BACKLIT_INLINE void add_block(const T* const (&delta_next)[n_rows], Matrix<const T> wt, long k, long n_k, long column,
                              long j, long n_j, Vec<T> (&sums)[n_rows]) {
  alignas(BACKLIT_VECTOR_BYTES) T w[lanes<T> * lanes<T>];
  Vec<T> block[lanes<T>];
  unroll<lanes<T>>([&](auto r) BACKLIT_INLINED { block[r] = r < n_k ? load(wt.row(k + r) + column) : Vec<T>{}; });
  exchange_all<T>(block);
  if (n_j >= lanes<T>) {
    unroll<lanes<T>>([&](auto r) BACKLIT_INLINED {
      unroll<n_rows>([&](auto i)
                         BACKLIT_INLINED { sums[i] = fma(broadcast(delta_next[i][j + r]), block[r], sums[i]); });
    });
    return;
  }
  unroll<lanes<T>>([&](auto r) BACKLIT_INLINED { store(w + r * lanes<T>, block[r]); });
  for (long r = 0; r < n_j; ++r)
    unroll<n_rows>([&](auto i) BACKLIT_INLINED {
      sums[i] = fma(broadcast(delta_next[i][j + r]), load(w + r * lanes<T>), sums[i]);
    });
}

// The products of up to `most` rows, in the order j = 0, 1, …, as they are taken from the copy. Where there are fewer
// rows the last stands in for those that lack, and is written more than once.
template <int most, class T>
void products_of_few(Rows<T> delta_next, Panels<const T> wt_next, Matrix<T> delta, long n_rows, long k_begin,
                     long k_end) {
  const T* from[most];
  T* to[most];
  for (long i = 0; i < most; ++i) {
    from[i] = delta_next.row(i < n_rows ? i : n_rows - 1);
    to[i] = delta.row(i < n_rows ? i : n_rows - 1);
  }
  for_panels(wt_next, [&](long first, Panel<const T> panel) {
    for (long k = k_begin; k < k_end; k += lanes<T>) {
      Vec<T> sums[most];
      unroll<most>([&](auto i) BACKLIT_INLINED { sums[i] = first ? load(to[i] + k - k_begin) : Vec<T>{}; });
      for (long c = 0; c < panel.columns; c += lanes<T>)
        add_block<most, T>(from, panel, k, k_end - k, c, first + c, panel.columns - c, sums);
      unroll<most>([&](auto i) BACKLIT_INLINED { store(to[i] + k - k_begin, sums[i]); });
    }
  });
}

// BP2: δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l), for up to `most_few_rows` rows and neurons [k_begin, k_end) of the layer.
template <class T>
void backward_few(Activation activation, Rows<T> delta_next, Panels<const T> wt_next, Matrix<const T> z,
                  Matrix<const T> a, Matrix<T> delta, long n_rows, long k_begin, long k_end) {
  if (n_rows > 4)
    products_of_few<8>(delta_next, wt_next, delta, n_rows, k_begin, k_end);
  else if (n_rows > 2)
    products_of_few<4>(delta_next, wt_next, delta, n_rows, k_begin, k_end);
  else if (n_rows == 2)
    products_of_few<2>(delta_next, wt_next, delta, n_rows, k_begin, k_end);
  else if (n_rows == 1)
    products_of_few<1>(delta_next, wt_next, delta, n_rows, k_begin, k_end);
  pull_back(activation, z, a, delta, n_rows, k_end - k_begin);
}

}  // namespace backlit::BACKLIT_ISA
