// The equations for narrow networks, with vectors that run along the examples of a batch: a vector of neighboring
// neurons would be mostly padding there. See `equations.hpp` for the same along neurons, and narrow.hpp for which
// networks are narrow.
//
// A *group* is as many examples as a vector has lanes. The numbers of a layer of n neurons lie group by group, (n,
// lanes) each. What is beyond a layer's last neuron is read in places and thrown away; there is room behind the last
// group.
#pragma once

#include "epilogues.hpp"
#include "kernels.hpp"
#include "losses.hpp"
#include "simd.hpp"
#include "transpose.hpp"

namespace backlit::BACKLIT_ISA {

// Neurons in a tile of two groups; in BP4, a tile of weights from so many neurons to so many. As many sums as registers
// hold.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int neurons_of_two_groups = 8, dot_height = 4, dot_width = 4;
#else
constexpr int neurons_of_two_groups = 4, dot_height = 2, dot_width = 4;
#endif

// Columns j to j + n of as many rows as there are lanes become vectors; n is a power of two.
template <class T, int n>
BACKLIT_INLINE void columns_into_group(const T* const* rows, long j, T* group) {
  Vec<T> block[n];
  unroll<n>([&](auto r) BACKLIT_INLINED { block[r] = load_pieces<T, n>(rows + r, j); });
  exchange_all<T>(block);
  unroll<n>([&](auto r) BACKLIT_INLINED { store(group + (j + r) * lanes<T>, block[r]); });
}

// x[rows[0]], x[rows[1]], … in groups. The last row stands in for those that its group lacks: it is as finite as the
// rest, and its errors are multiplied by a share of zero.
template <class T>
void into_groups(const T* x, const std::int64_t* rows, long n_rows, long n_columns, T* groups) {
  constexpr int n_lanes = lanes<T>, groups_ahead = 2;
  for (long first = 0; first < n_rows; first += n_lanes, groups += n_columns * n_lanes) {
    const T* starts[n_lanes];
    for (long r = 0; r < n_lanes; ++r) {
      const long i = first + r, ahead = i + groups_ahead * n_lanes;
      starts[r] = x + rows[i < n_rows ? i : n_rows - 1] * n_columns;
      if (ahead < n_rows) __builtin_prefetch(x + rows[ahead] * n_columns);
    }
    long j = 0;
    const auto take = [&](auto n) BACKLIT_INLINED {
      if constexpr (n() == n_lanes)
        for (; j + n() <= n_columns; j += n()) columns_into_group<T, n()>(starts, j, groups);
      if constexpr (n() < n_lanes)
        if (j + n() <= n_columns) columns_into_group<T, n()>(starts, j, groups), j += n();
    };
    take(std::integral_constant<int, 16>{});
    take(std::integral_constant<int, 8>{});
    take(std::integral_constant<int, 4>{});
    take(std::integral_constant<int, 2>{});
    take(std::integral_constant<int, 1>{});
  }
}

// c_r = start_r + Σ_k w_rk a_k for `height` neurons r of `n_groups` groups. w_rk stands at w[k·stride + r] in the
// forward pass, and at w[r·stride + k] in BP2.
template <int height, int n_groups, bool by_column, class T>
BACKLIT_INLINE void group_tile(const T* w, long stride, const T* starts, const T* a, long depth, T* c, long n_neurons) {
  Vec<T> sums[height][n_groups];
  unroll<height>([&](auto r) BACKLIT_INLINED {
    const Vec<T> start = starts ? broadcast(starts[r]) : Vec<T>{};
    unroll<n_groups>([&](auto g) BACKLIT_INLINED { sums[r][g] = start; });
  });
  for (long k = 0; k < depth; ++k) {
    Vec<T> a_k[n_groups];
    unroll<n_groups>([&](auto g) BACKLIT_INLINED { a_k[g] = load(a + (g * depth + k) * lanes<T>); });
    unroll<height>([&](auto r) BACKLIT_INLINED {
      const Vec<T> w_rk = broadcast(by_column ? w[k * stride + r] : w[r * stride + k]);
      unroll<n_groups>([&](auto g) BACKLIT_INLINED { sums[r][g] = fma(w_rk, a_k[g], sums[r][g]); });
    });
  }
  unroll<height>([&](auto r) BACKLIT_INLINED {
    unroll<n_groups>([&](auto g) BACKLIT_INLINED { store(c + (g * n_neurons + r) * lanes<T>, sums[r][g]); });
  });
}

// All neurons of these groups.
template <int n_groups, bool by_column, class T>
__attribute__((noinline)) void tiles_of_groups(const T* w, long stride, const T* starts, const T* a, long depth, T* c,
                                               long n_neurons) {
  constexpr int most = n_groups == 1 ? 8 : neurons_of_two_groups;
  long r = 0;
  const auto tiles = [&](auto height) BACKLIT_INLINED {
    if constexpr (height() <= most)
      for (; r + height() <= n_neurons; r += height())
        group_tile<height(), n_groups, by_column>(w + r * (by_column ? 1 : stride), stride,
                                                  starts ? starts + r : nullptr, a, depth, c + r * lanes<T>, n_neurons);
  };
  tiles(std::integral_constant<int, 8>{});
  tiles(std::integral_constant<int, 4>{});
  tiles(std::integral_constant<int, 2>{});
  tiles(std::integral_constant<int, 1>{});
}

template <bool by_column, class T>
void product_of_groups(const T* w, long stride, const T* starts, const T* a, long depth, T* c, long n_neurons,
                       long n_groups) {
  long g = 0;
  for (; g + 2 <= n_groups; g += 2)
    tiles_of_groups<2, by_column>(w, stride, starts, a + g * depth * lanes<T>, depth, c + g * n_neurons * lanes<T>,
                                  n_neurons);
  if (g < n_groups)
    tiles_of_groups<1, by_column>(w, stride, starts, a + g * depth * lanes<T>, depth, c + g * n_neurons * lanes<T>,
                                  n_neurons);
}

// a = softmax(z) of a group
template <class T>
void softmax_of_group(const T* z, T* a, long n) {
  Vec<T> top = load(z), sum{};
  for (long j = 1; j < n; ++j) {
    const Vec<T> z_j = load(z + j * lanes<T>);
    top = z_j > top ? z_j : top;
  }
  for (long j = 0; j < n; ++j) {
    const Vec<T> e = BACKLIT_ISA::exp<T>(load(z + j * lanes<T>) - top);
    store(a + j * lanes<T>, e);
    sum += e;
  }
  for (long j = 0; j < n; ++j) store(a + j * lanes<T>, load(a + j * lanes<T>) / sum);
}

// Forward: z = w a + b and a = σ(z)
template <class T>
void forward_groups(const NarrowLayer<T>& layer, const T* a_previous, T* z, T* a, long n_groups) {
  const long n = layer.n_out, size = n * lanes<T>;
  product_of_groups<true>(layer.wt, layer.stride, layer.b, a_previous, layer.n_in, z, n, n_groups);
  if (layer.activation == Activation::softmax)
    for (long g = 0; g < n_groups; ++g) softmax_of_group(z + g * size, a + g * size, n);
  else if (layer.activation != Activation::identity || z != a)
    sigma_of_tile<T>({layer.activation, nullptr, nullptr, {z, 0}, {a, 0}, {}, {}}, 0, 1, 0, n_groups * size);
}

// ∂C/∂z from ∂C/∂a
template <class T>
void pull_back_groups(Activation activation, const T* z, const T* a, T* delta, long n, long n_groups) {
  const long size = n * lanes<T>;
  if (activation != Activation::softmax)
    return pull_back<T>(activation, {z, 0}, {a, 0}, {delta, 0}, 1, n_groups * size);
  for (long g = 0; g < n_groups; ++g, a += size, delta += size) {
    Vec<T> dot{};
    for (long at = 0; at < size; at += lanes<T>) dot = fma(load(a + at), load(delta + at), dot);
    for (long at = 0; at < size; at += lanes<T>) store(delta + at, load(a + at) * (load(delta + at) - dot));
  }
}

// C_x of each example, and ∇_a C, or δ^L where the pair of loss and activation has a short cut, times the share.
template <class T>
BACKLIT_INLINE void costs_of_groups(Loss loss, T loss_parameter, Activation activation, const T* z, const T* a,
                                    const T* y, const T* share, T* delta, T* cost, long n, long n_groups) {
  const bool has_short_cut = loss_needs_z(loss), needs_sums = has_short_cut && activation == Activation::softmax;
  const long size = n * lanes<T>;
  for (long g = 0; g < n_groups; ++g) {
    const long begin = g * size, end = begin + size;
    Vec<T> log_sum{}, sum_of_y{}, costs{};
    if (needs_sums) {
      Vec<T> top = load(z + begin), largest = load(a + begin);
      for (long at = begin; at < end; at += lanes<T>) {
        const Vec<T> z_j = load(z + at), a_j = load(a + at);
        top = z_j > top ? z_j : top;
        largest = a_j > largest ? a_j : largest;
        sum_of_y += load(y + at);
      }
      log_sum = top - log_of_positive<T>(largest);
    }
    const Vec<T> share_g = load(share + g * lanes<T>);
    for (long at = begin; at < end; at += lanes<T>) {
      const Vec<T> z_j = load(z + at), a_j = load(a + at), y_j = load(y + at);
      costs += loss::cost<T>(loss, loss_parameter, activation, z_j, a_j, log_sum, y_j);
      const Vec<T> error = has_short_cut ? loss::short_cut<T>(loss, activation, z_j, a_j, y_j, sum_of_y)
                                         : loss::nabla_a<T>(loss, loss_parameter, a_j, y_j);
      store(delta + at, share_g * error);
    }
    store(cost + g * lanes<T>, costs);
  }
}

// BP1: δ^L = ∇_a C ⊙ σ′(z^L), multiplied by each example's share; and C_x of each.
template <class T>
void output_error_groups(Loss loss, T loss_parameter, Activation activation, const T* z, const T* a, const T* y,
                         const T* share, T* delta, T* cost, long n, long n_groups) {
  const auto costs = [&](Loss which, Activation sigma) BACKLIT_INLINED {
    costs_of_groups(which, loss_parameter, sigma, z, a, y, share, delta, cost, n, n_groups);
  };
  // loops of their own for what is asked for most, which need no choice at every vector
  if (loss == Loss::quadratic)
    costs(Loss::quadratic, Activation::identity);
  else if (loss == Loss::cross_entropy && activation == Activation::softmax)
    costs(Loss::cross_entropy, Activation::softmax);
  else
    costs(loss, activation);
  if (!loss_needs_z(loss)) pull_back_groups(activation, z, a, delta, n, n_groups);
}

// BP2: δ^l = ((w^{l+1})ᵀ δ^{l+1}) ⊙ σ′(z^l)
template <class T>
void backward_groups(const NarrowLayer<T>& next, Activation activation, const T* delta_next, const T* z, const T* a,
                     T* delta, long n_groups) {
  product_of_groups<false>(next.wt, next.stride, static_cast<const T*>(nullptr), delta_next, next.n_out, delta,
                           next.n_in, n_groups);
  pull_back_groups(activation, z, a, delta, next.n_in, n_groups);
}

// Lanes of `even` and `odd` that differ in bit s, added up: even's sums stand where that bit is 0, odd's where it is 1.
template <class T, int s, int... lane>
BACKLIT_INLINE Vec<T> added_up(Vec<T> even, Vec<T> odd, std::integer_sequence<int, lane...>) {
  return __builtin_shufflevector(even, odd, ((lane & s) ? lanes<T> + lane : lane)...) +
         __builtin_shufflevector(even, odd, ((lane & s) ? lanes<T> + lane - s : lane + s)...);
}

// sums[i] = Σ of all lanes of v[i], for at least as many vectors as there are lanes.
template <class T, int n, int s = 1>
BACKLIT_INLINE void sums_of_lanes(const Vec<T> (&v)[n], T* sums) {
  if constexpr (s == lanes<T>) {
    unroll<n>([&](auto i) BACKLIT_INLINED { store(sums + i * lanes<T>, v[i]); });
  } else {
    Vec<T> halves[n / 2];
    unroll<n / 2>([&](auto i) BACKLIT_INLINED {
      halves[i] = added_up<T, s>(v[2 * i], v[2 * i + 1], std::make_integer_sequence<int, lanes<T>>{});
    });
    sums_of_lanes<T, n / 2, 2 * s>(halves, sums);
  }
}

// BP4: ∂C/∂w^l_jk = a^{l−1}_k δ^l_j, summed over the batch, for k in [k_begin, k_end); and the step. A layer's weights
// w_jk stand `stride` apart for neighboring k.
template <class T>
void update_weights_of_groups(const StepRule<T>& rule, const T* a_previous, long n_in, const T* delta, long n_out,
                              long n_groups, long stride, long k_begin, long k_end, T* wt, T* first, T* second) {
  constexpr int height = dot_height, width = dot_width;
  alignas(BACKLIT_VECTOR_BYTES) T nabla[widest_narrow_input * widest_narrow_layer];
  const long n_weights = padded((k_end - k_begin) * stride, lanes<T>);
  for (long at = 0; at < n_weights; at += lanes<T>) store(nabla + at, Vec<T>{});
  for (long k = k_begin; k < k_end; k += height)
    for (long j = 0; j < n_out; j += width) {
      Vec<T> sums[height * width]{};
      const T *a_k = a_previous + k * lanes<T>, *delta_j = delta + j * lanes<T>;
      for (long g = 0; g < n_groups; ++g, a_k += n_in * lanes<T>, delta_j += n_out * lanes<T>)
        unroll<height>([&](auto r) BACKLIT_INLINED {
          const Vec<T> a = load(a_k + r * lanes<T>);
          unroll<width>([&](auto c) BACKLIT_INLINED {
            sums[r * width + c] = fma(a, load(delta_j + c * lanes<T>), sums[r * width + c]);
          });
        });
      T of_tile[height * width];
      sums_of_lanes<T>(sums, of_tile);
      for (long r = 0; r < height && k + r < k_end; ++r) {
        T* const to = nabla + (k + r - k_begin) * stride + j;
        if (j + width <= n_out)
          unroll<width>([&](auto c) BACKLIT_INLINED { to[c] = of_tile[r * width + c]; });
        else
          for (long c = 0; j + c < n_out; ++c) to[c] = of_tile[r * width + c];
      }
    }
  take_steps(rule, {wt, first, second}, k_begin * stride, n_weights, nabla);
}

// BP3: ∂C/∂b^l_j = δ^l_j, summed over the batch; and the step.
template <class T>
void update_biases_of_groups(const StepRule<T>& rule, const T* delta, long n, long n_groups, T* b, T* first,
                             T* second) {
  for (long j = 0; j < n; j += lanes<T>) {
    Vec<T> sums[lanes<T>]{};
    for (long g = 0; g < n_groups; ++g)
      unroll<lanes<T>>([&](auto r) BACKLIT_INLINED { sums[r] += load(delta + (g * n + j + r) * lanes<T>); });
    T nabla[lanes<T>];
    sums_of_lanes<T>(sums, nabla);
    store(nabla, first_lanes<T>(n - j) ? load(nabla) : Vec<T>{});
    take_steps(rule, {b, first, second}, j, lanes<T>, nabla);
  }
}

}  // namespace backlit::BACKLIT_ISA
