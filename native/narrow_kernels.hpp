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

// Neurons in a tile of two groups: as many sums as registers hold.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int neurons_of_two_groups = 8;
#else
constexpr int neurons_of_two_groups = 4;
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

}  // namespace backlit::BACKLIT_ISA
