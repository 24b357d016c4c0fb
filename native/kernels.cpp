// The kernels of one instruction set and one type of number; compiled once for each. See kernels.hpp for what each
// does.
#include "kernels.hpp"

#include "blocks.hpp"
#include "dropout.hpp"
#include "embedding_kernels.hpp"
#include "epilogues.hpp"
#include "equations.hpp"
#include "few_rows.hpp"
#include "input_scales.hpp"
#include "narrow_gradient.hpp"
#include "narrow_kernels.hpp"
#include "one_neuron.hpp"
#include "parametric.hpp"
#include "products.hpp"
#include "simd.hpp"
#include "sparse_kernels.hpp"
#include "transpose.hpp"

#define BACKLIT_STRING(x) #x
#define BACKLIT_NAME_OF(x) BACKLIT_STRING(x)

namespace backlit::BACKLIT_ISA {

template <class T>
void into_panels(Matrix<const T> m, Panels<T> panels, long begin, long end) {
  for_panels(panels, [&](long first, Matrix<T> to) {
    for (long i = begin; i < end; ++i)
      for (long j = 0; j < to.stride; j += lanes<T>) store(to.row(i) + j, load(m.row(i) + first + j));
  });
}

// Bits are those of a division, as of numbers that came as such. A product by the inverse is off by a rounding, which
// its remainder mends (Markstein); that takes half as long, where a remainder can be had without another rounding.
template <class T>
void widen(const std::uint8_t* bytes, T divisor, T* x, long n) {
#if defined(__FMA__) || defined(__aarch64__)
  const T inverse = T(1) / divisor;
  const auto fma = [](T a, T b, T c) BACKLIT_INLINED {
    return sizeof(T) == sizeof(float) ? T(__builtin_fmaf(float(a), float(b), float(c))) : T(__builtin_fma(a, b, c));
  };
  for (long k = 0; k < n; ++k) {
    const T byte = T(bytes[k]), quotient = byte * inverse;
    x[k] = fma(fma(-quotient, divisor, byte), inverse, quotient);
  }
#else
  for (long k = 0; k < n; ++k) x[k] = T(bytes[k]) / divisor;
#endif
}

// Padding is zero and adds nothing.
template <class T, class F>
double sum_of_rows(Panels<const T> wt, long k_begin, long k_end, F&& add) {
  double sum = 0;
  for_panels(wt, [&](long, Matrix<const T> panel) {
    Vec<T> sums[4]{};  // a sum that waits for none of the others
    const T *from = panel.row(k_begin), *end = panel.row(k_end);
    for (; from + 4 * lanes<T> <= end; from += 4 * lanes<T>)
      unroll<4>([&](auto i) { sums[i] = add(load(from + i * lanes<T>), sums[i]); });
    for (; from < end; from += lanes<T>) sums[0] = add(load(from), sums[0]);
    sum += double(sum_of_lanes<T>((sums[0] + sums[1]) + (sums[2] + sums[3])));
  });
  return sum;
}

template <class T>
double penalty_of_rows(Panels<const T> wt, double half_square, double l1, long k_begin, long k_end) {
  double cost = 0;
  if (half_square != 0)
    cost += half_square * sum_of_rows(wt, k_begin, k_end, [](Vec<T> w, Vec<T> sum) { return fma(w, w, sum); });
  if (l1 != 0) cost += l1 * sum_of_rows(wt, k_begin, k_end, [](Vec<T> w, Vec<T> sum) { return sum + magnitude<T>(w); });
  return cost;
}

// What is done to a whole gradient, where the step cannot be fused into BP4: the penalty's part is added and the norm
// taken that clipping asks for, and then comes the step.

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

template <class T>
constexpr Kernels<T> table{
    .isa = BACKLIT_NAME_OF(BACKLIT_ISA),
    .lanes = lanes<T>,
    .panel_columns = widest_panel * lanes<T>,
    .scratch_size = FullPrecision::scratch_size<T>,
    .forward = forward<FullPrecision, T>,
    .output_error = output_error<T>,
    .backward = backward<FullPrecision, T>,
    .backward_few = backward_few<T>,
    .update_weights = update_weights<FullPrecision, T>,
    .backward_and_update_few = backward_and_update_few<T>,
    .pull_back = pull_back<T>,
    .update_biases = update_biases<T>,
    .add_nabla_w = add_nabla_w<FullPrecision, T>,
    .add_nabla_b = add_nabla_b<T>,
    .finish_nabla = finish_nabla<T>,
    .apply = apply<T>,
    .take_apart = take_apart<T>,
    .put_together = put_together<T>,
    .embed = embed<T>,
    .embedding_gradient = embedding_gradient<T>,
    .drop = drop<T>,
    .pull_back_dropped = pull_back_dropped<T>,
    .mix = mix<T>,
    .pull_back_mixed = pull_back_mixed<T>,
    .add_nabla_alpha = add_nabla_alpha<T>,
    .forward_one = forward_one<T>,
    .update_one = update_one<T>,
    .add_nabla_one = add_nabla_one<T>,
    .forward_sparse = forward_sparse<T>,
    .add_nabla_sparse = add_nabla_sparse<T>,
    .drop_sparse = drop_sparse<T>,
    .into_groups = into_groups<T>,
    .forward_groups = forward_groups<T>,
    .output_error_groups = output_error_groups<T>,
    .backward_groups = backward_groups<T>,
    .update_weights_of_groups = update_weights_of_groups<T>,
    .update_biases_of_groups = update_biases_of_groups<T>,
    .widen = widen<T>,
    .into_panels = into_panels<T>,
    .transpose = transpose<T>,
    .read_weights = read_weights<T>,
    .write_weights = write_weights<T>,
    .penalty_of_rows = penalty_of_rows<T>,
};

template <class T>
const Kernels<T>& all_kernels();
template <>
const Kernels<BACKLIT_NUMBER>& all_kernels<BACKLIT_NUMBER>() {
  return table<BACKLIT_NUMBER>;
}

}  // namespace backlit::BACKLIT_ISA
