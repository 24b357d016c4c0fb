// BP4 and BP3 of narrow networks, whose numbers lie in groups of examples: see narrow_kernels.hpp.
//
// A weight's gradient is a sum over examples, which here are lanes. Either each lane is summed by itself, and the lanes
// are added up at the end; or δ is transposed back first, where few groups make the adding up the longer work.
#pragma once

#include "epilogues.hpp"
#include "kernels.hpp"
#include "simd.hpp"
#include "transpose.hpp"

namespace backlit::BACKLIT_ISA {

// A tile of weights is from so many neurons to so many: as many sums as registers hold.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int dot_height = 4, dot_width = 4;
#else
constexpr int dot_height = 2, dot_width = 4;
#endif
// δ of up to so many groups is transposed back.
constexpr long most_groups_turned = 16;

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

// A tile of BP4 for each few weights: lanes are summed by themselves over all groups, and added up at the end. nabla
// has w_jk at [(k − k_begin)·stride + j].
template <class T>
void nabla_by_lanes(const T* a_previous, long n_in, const T* delta, long n_out, long n_groups, long stride,
                    long k_begin, long k_end, T* nabla) {
  constexpr int height = dot_height, width = dot_width;
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
}

// The same for few groups, where adding up the lanes would take longest: δ is transposed back, a vector of neighboring
// neurons for each example, and nothing is added up.
template <class T>
void nabla_by_neurons(const T* a_previous, long n_in, const T* delta, long n_out, long n_groups, long stride,
                      long k_begin, long k_end, T* nabla) {
  constexpr int n_lanes = lanes<T>;
  alignas(BACKLIT_VECTOR_BYTES) T turned[most_groups_turned * n_lanes * n_lanes];
  for (long j = 0; j < n_out; j += n_lanes) {
    for (long g = 0; g < n_groups; ++g) {
      Vec<T> block[n_lanes];
      unroll<n_lanes>([&](auto r) BACKLIT_INLINED {
        block[r] = j + r < n_out ? load(delta + (g * n_out + j + r) * n_lanes) : Vec<T>{};
      });
      exchange_all<T>(block);
      unroll<n_lanes>([&](auto r) BACKLIT_INLINED { store(turned + (g * n_lanes + r) * n_lanes, block[r]); });
    }
    long k = k_begin;
    const auto rows = [&](auto height) BACKLIT_INLINED {
      for (; k + height() <= k_end; k += height()) {
        Vec<T> sums[height()]{};
        for (long g = 0; g < n_groups; ++g) {
          const T *a_k = a_previous + (g * n_in + k) * n_lanes, *delta_i = turned + g * n_lanes * n_lanes;
          for (long i = 0; i < n_lanes; ++i, delta_i += n_lanes) {
            const Vec<T> d = load(delta_i);
            unroll<height()>([&](auto r)
                                 BACKLIT_INLINED { sums[r] = fma(broadcast(a_k[r * n_lanes + i]), d, sums[r]); });
          }
        }
        unroll<height()>([&](auto r) BACKLIT_INLINED { store(nabla + (k + r - k_begin) * stride + j, sums[r]); });
      }
    };
    rows(std::integral_constant<int, 8>{});
    rows(std::integral_constant<int, 4>{});
    rows(std::integral_constant<int, 1>{});
  }
}

// Whether that takes less: multiply-adds with their padding and the transposing, beside those without and the adding
// up.
template <class T>
bool turning_pays(long n_in, long n_out, long n_groups) {
  constexpr int to_transpose = lanes<T> >= 16 ? 4 : lanes<T> >= 8 ? 3 : lanes<T> >= 4 ? 2 : 1, to_add_up = 3;
  const long columns = padded(n_out, lanes<T>);
  return n_groups <= most_groups_turned && n_out > 1 &&
         n_groups * columns * (n_in + to_transpose) < (n_groups + to_add_up) * n_in * n_out;
}

// BP4: ∂C/∂w^l_jk = a^{l−1}_k δ^l_j, summed over the batch, for k in [k_begin, k_end); and the step. A layer's weights
// w_jk stand `stride` apart for neighboring k.
template <class T>
void update_weights_of_groups(const StepRule<T>& rule, const T* a_previous, long n_in, const T* delta, long n_out,
                              long n_groups, long stride, long k_begin, long k_end, T* wt, T* first, T* second) {
  alignas(BACKLIT_VECTOR_BYTES) T nabla[widest_narrow_input * widest_narrow_layer];
  const long n_weights = padded((k_end - k_begin) * stride, lanes<T>);
  if (turning_pays<T>(n_in, n_out, n_groups)) {
    nabla_by_neurons(a_previous, n_in, delta, n_out, n_groups, stride, k_begin, k_end, nabla);
  } else {
    for (long at = 0; at < n_weights; at += lanes<T>) store(nabla + at, Vec<T>{});
    nabla_by_lanes(a_previous, n_in, delta, n_out, n_groups, stride, k_begin, k_end, nabla);
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
