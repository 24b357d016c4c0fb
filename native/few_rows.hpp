// BP2 of a few rows, from wt itself: the copy of the weights that BP2 has otherwise would be as much memory to write
// and to read as the weights, and of few rows that is most of the work. Blocks of weights are transposed in registers.
#pragma once

#include "blocks.hpp"
#include "equations.hpp"
#include "products.hpp"
#include "transpose.hpp"

namespace backlit::BACKLIT_ISA {

// Adds what neurons j to j + n_j say to the sums of lanes neurons k, k + 1, …, of which `n_k` exist.
template <int n_rows, class T>
BACKLIT_INLINE void add_block(const T* const (&delta_next)[n_rows], Matrix<const T> wt, long k, long n_k, long column,
                              long j, long n_j, Vec<T> (&sums)[n_rows]) {
  alignas(BACKLIT_VECTOR_BYTES) T w[lanes<T> * lanes<T>];
  Vec<T> block[lanes<T>];
  unroll<lanes<T>>([&](auto r) BACKLIT_INLINED {
    __builtin_prefetch(wt.row(k + r + 2 * lanes<T>) + column);
    block[r] = r < n_k ? load(wt.row(k + r) + column) : Vec<T>{};
  });
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

// Adds what the neurons of a panel say to the sums of up to `most` rows for neurons [k_begin, k_end), which stand in
// `delta`. Panels come in the order j = 0, 1, …, as they are taken from the copy; the sums begin with that of neuron 0.
// Where there are fewer rows the last stands in for those that lack, and is written more than once.
template <int most, class T>
__attribute__((noinline)) void add_panel(Rows<T> delta_next, Panel<const T> panel, long first, Matrix<T> delta,
                                         long n_rows, long k_begin, long k_end) {
  const T* from[most];
  T* to[most];
  for (long i = 0; i < most; ++i) {
    from[i] = delta_next.row(i < n_rows ? i : n_rows - 1);
    to[i] = delta.row(i < n_rows ? i : n_rows - 1) - k_begin;
  }
  for (long k = k_begin; k < k_end; k += lanes<T>) {
    Vec<T> sums[most];
    unroll<most>([&](auto i) BACKLIT_INLINED { sums[i] = first ? load(to[i] + k) : Vec<T>{}; });
    for (long c = 0; c < panel.columns; c += lanes<T>)
      add_block<most, T>(from, panel, k, k_end - k, c, first + c, panel.columns - c, sums);
    unroll<most>([&](auto i) BACKLIT_INLINED { store(to[i] + k, sums[i]); });
  }
}

template <class T>
void add_panel_of_few(Rows<T> delta_next, Panel<const T> panel, long first, Matrix<T> delta, long n_rows, long k_begin,
                      long k_end) {
  const auto add = n_rows > 4   ? add_panel<most_few_rows, T>
                   : n_rows > 2 ? add_panel<4, T>
                   : n_rows > 1 ? add_panel<2, T>
                                : add_panel<1, T>;
  add(delta_next, panel, first, delta, n_rows, k_begin, k_end);
}

// BP2: δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l), for up to `most_few_rows` rows and neurons [k_begin, k_end) of the layer.
template <class T>
void backward_few(Activation activation, Rows<T> delta_next, Panels<const T> wt_next, Matrix<const T> z,
                  Matrix<const T> a, Matrix<T> delta, long n_rows, long k_begin, long k_end) {
  for_panels(wt_next, [&](long first, Panel<const T> weights) {
    add_panel_of_few(delta_next, weights, first, delta, n_rows, k_begin, k_end);
  });
  pull_back(activation, z, a, delta, n_rows, k_end - k_begin);
}

// BP2 to the layer before without ⊙ σ′, and BP4 and the step of the weights in between, in one pass over them: each
// block of weights is read for BP2 while it is as it was, and is still in the first cache when it moves.
template <class T>
void backward_and_update_few(const StepRule<T>& rule, Rows<T> delta_rows, long first_neuron, Panels<const T> delta,
                             Panels<T> wt, Panels<T> first, Panels<T> second, Rows<T> a_previous,
                             Matrix<T> delta_previous, long k_begin, long k_end) {
  const long n_rows = delta.n_rows;
  for_panels<const T>(wt, [&](long j, Panel<const T> weights) {
    const auto panel_of = [&](auto panels) {
      return decltype(panels){panels.data ? panels.data + j * panels.n_rows : nullptr, panels.n_rows, weights.columns};
    };
    for (long k = k_begin; k < k_end; k += rows_of_block) {
      const long end = k_end - k < rows_of_block ? k_end : k + rows_of_block;
      const Matrix<T> sums{delta_previous.data + k, delta_previous.stride};
      add_panel_of_few(delta_rows, weights, first_neuron + j, sums, n_rows, k, end);
      update_weights<FullPrecision, T>(rule, a_previous, panel_of(delta), panel_of(wt), panel_of(first),
                                       panel_of(second), k, end, nullptr, {});
    }
  });
}

}  // namespace backlit::BACKLIT_ISA
