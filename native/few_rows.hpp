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

// Where the δ of up to `most` rows stand, and where their sums go. Where there are fewer the last stands in for those
// that lack, and is written more than once.
template <int most, class T>
struct FewRows {
  const T* from[most];
  T* to[most];
  FewRows(Rows<T> delta_next, Matrix<T> delta, long n_rows) {
    for (long i = 0; i < most; ++i) {
      from[i] = delta_next.row(i < n_rows ? i : n_rows - 1);
      to[i] = delta.row(i < n_rows ? i : n_rows - 1);
    }
  }
};

// Adds what the neurons of a panel say to the sums of neurons [k_begin, k_end), which stand from `at` on. Sums begin
// with the panel of neuron 0; panels come in the order j = 0, 1, …, as they are taken from the copy.
template <int most, class T>
BACKLIT_INLINE void add_panel(const FewRows<most, T>& rows, Panel<const T> panel, long first, long k_begin, long k_end,
                              long at) {
  for (long k = k_begin; k < k_end; k += lanes<T>) {
    Vec<T> sums[most];
    unroll<most>([&](auto i) BACKLIT_INLINED { sums[i] = first ? load(rows.to[i] + at + k - k_begin) : Vec<T>{}; });
    for (long c = 0; c < panel.columns; c += lanes<T>)
      add_block<most, T>(rows.from, panel, k, k_end - k, c, first + c, panel.columns - c, sums);
    unroll<most>([&](auto i) BACKLIT_INLINED { store(rows.to[i] + at + k - k_begin, sums[i]); });
  }
}

// Calls f with for how many rows a kernel is compiled that serves so many.
template <class F>
BACKLIT_INLINE void with_few(long n_rows, F&& f) {
  if (n_rows > 4) return f(std::integral_constant<int, most_few_rows>{});
  if (n_rows > 2) return f(std::integral_constant<int, 4>{});
  if (n_rows == 2) return f(std::integral_constant<int, 2>{});
  if (n_rows == 1) return f(std::integral_constant<int, 1>{});
}

// BP2: δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l), for up to `most_few_rows` rows and neurons [k_begin, k_end) of the layer.
template <class T>
void backward_few(Activation activation, Rows<T> delta_next, Panels<const T> wt_next, Matrix<const T> z,
                  Matrix<const T> a, Matrix<T> delta, long n_rows, long k_begin, long k_end) {
  with_few(n_rows, [&](auto most) {
    const FewRows<most(), T> few(delta_next, delta, n_rows);
    for_panels(wt_next, [&](long first, Panel<const T> weights) {
      add_panel<most(), T>(few, weights, first, k_begin, k_end, 0);
    });
  });
  pull_back(activation, z, a, delta, n_rows, k_end - k_begin);
}

// BP2 without ⊙ σ′, and BP4 with the step, block by block: each block of the weights is read for BP2 while it is as it
// was, and is still in the first cache when it moves.
template <int most, class T, class Epilogue>
void update_blocks(Rows<T> delta_rows, Panels<const T> delta, Panels<const T> wt, Rows<T> a_previous,
                   Matrix<T> delta_previous, Epilogue& epilogue) {
  constexpr long rows_of_block = 64;
  const FewRows<most, T> few(delta_rows, delta_previous, delta.n_rows);
  for_panels(wt, [&](long first, Panel<const T> weights) {
    for (long k = 0; k < wt.n_rows; k += rows_of_block) {
      const long end = wt.n_rows - k < rows_of_block ? wt.n_rows : k + rows_of_block;
      add_panel<most, T>(few, weights, first, k, end, k);
      panel<true>(a_previous, k, end, delta.data + first * delta.n_rows, weights.columns, delta.n_rows, first,
                  epilogue);
    }
  });
}

// BP2 to the layer before, and BP4 and the step of the weights in between, in one pass over them.
template <class T>
void backward_and_update_few(const StepRule<T>& rule, Activation activation, Rows<T> delta_rows, Panels<const T> delta,
                             Panels<T> wt, Panels<T> first, Panels<T> second, Rows<T> a_previous, Matrix<const T> z,
                             Matrix<const T> a, Matrix<T> delta_previous) {
  with_step(rule, wt, first, second, wt.n_rows, {}, [&](auto& epilogue) {
    with_few(delta.n_rows, [&](auto most) {
      update_blocks<most(), T>(delta_rows, delta, wt, a_previous, delta_previous, epilogue);
    });
  });
  pull_back(activation, z, a, delta_previous, delta.n_rows, wt.n_rows);
}

}  // namespace backlit::BACKLIT_ISA
