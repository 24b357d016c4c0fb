// The products of a layer of one neuron after a hidden layer: the forward pass and BP4. Its weights are stored as w, a
// row, because a column of wt would be nearly all padding. Vectors run along the layer before; BP2 reads w as it is.
#pragma once

#include "epilogues.hpp"
#include "products.hpp"

namespace backlit::BACKLIT_ISA {

// Σ_k a_k w_k, always in the same order. Padding is read of w only, where it is zero.
template <class T>
BACKLIT_INLINE T dot(const T* a, const T* w, long n) {
  constexpr int chains = 4;  // of additions, each of which waits for the one before
  Vec<T> sums[chains]{};
  long k = 0;
  for (; k + chains * lanes<T> <= n; k += chains * lanes<T>)
    unroll<chains>([&](auto c) BACKLIT_INLINED {
      sums[c] = fma(load(a + k + c * lanes<T>), load(w + k + c * lanes<T>), sums[c]);
    });
  for (; k < n; k += lanes<T>) sums[0] = fma(load_first(a + k, n - k), load(w + k), sums[0]);
  return sum_of_lanes<T>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

// Forward: z = w · a + b and a = σ(z), a vector of examples at a time.
template <class T>
void forward_one(Activation activation, Rows<T> a_previous, Panels<const T> w, const T* b, Matrix<T> z, Matrix<T> a,
                 long n_rows) {
  for (long i = 0; i < n_rows; i += lanes<T>) {
    const int n = int(n_rows - i < lanes<T> ? n_rows - i : lanes<T>);
    T of_row[lanes<T>] = {};
    for (int r = 0; r < n; ++r) {
      of_row[r] = b[0] + dot(a_previous.row(i + r), w.data, w.columns);
      z.row(i + r)[0] = of_row[r];
    }
    activation::with<T>(activation, [&](auto f) { store(of_row, f.value(load(of_row))); });
    for (int r = 0; r < n; ++r) a.row(i + r)[0] = of_row[r];
  }
  if (activation == Activation::softmax)
    for (long i = 0; i < n_rows; ++i) activation::softmax_row(z.row(i), a.row(i), 1);
}

// BP4: ∂C/∂w_k = a_k δ, summed over the batch. Calls f(k, n, nabla) for each panel of n weights.
template <class T, class F>
BACKLIT_INLINE void for_nabla_w(Rows<T> a_previous, Panels<const T> delta, Panels<const T> w, F&& f) {
  alignas(BACKLIT_VECTOR_BYTES) T sums[widest_panel * lanes<T>];
  for_panels(w, [&](long k, Panel<const T> panel) {
    with_width<T, T>(panel.columns, [&](auto width) {
      constexpr int vectors = decltype(width)::whole + decltype(width)::has_half;
      Vec<T> nabla[vectors]{};
      for (long i = 0; i < delta.n_rows; ++i) {
        const Vec<T> delta_i = broadcast(delta.data[i * lanes<T>]);
        const T* a_i = a_previous.row(i) + k;
        unroll<vectors>([&](auto v) BACKLIT_INLINED { nabla[v] = fma(delta_i, load(a_i + v * lanes<T>), nabla[v]); });
      }
      unroll<vectors>([&](auto v) BACKLIT_INLINED {
        const long left = panel.columns - v * lanes<T>;
        store(sums + v * lanes<T>, first_lanes<T>(left) ? nabla[v] : Vec<T>{});  // a's padding may be anything
      });
    });
    f(k, panel.stride, sums);
  });
}

template <class T>
void update_one(const StepRule<T>& rule, Rows<T> a_previous, Panels<const T> delta, Panels<T> w, Panels<T> first,
                Panels<T> second) {
  const Slots<T> slots{w.data, first.data, second.data};
  for_nabla_w<T>(a_previous, delta, w,
                 [&](long k, long n, const T* nabla) BACKLIT_INLINED { take_steps(rule, slots, k, n, nabla); });
}

template <class T>
void add_nabla_one(Rows<T> a_previous, Panels<const T> delta, Panels<T> nabla_w) {
  for_nabla_w<T>(a_previous, delta, nabla_w, [&](long k, long n, const T* nabla) BACKLIT_INLINED {
    for (T* sum = nabla_w.data + k; n > 0; n -= lanes<T>, sum += lanes<T>, nabla += lanes<T>)
      store(sum, load(sum) + load(nabla));
  });
}

}  // namespace backlit::BACKLIT_ISA
