// The table of kernels: all that the rest of the engine knows of instruction sets.
#pragma once

#include <cstdint>

#include "activations.hpp"
#include "losses.hpp"
#include "matrices.hpp"
#include "optimizers.hpp"

namespace backlit {

// The numbers of one row of a sparse input that are not zero, and their columns.
template <class T>
struct SparseRow {
  const T* values;
  const std::int32_t* columns;
  long n;
};

// Where the parameters of one embedding of a number stand; see embedding_kernels.hpp. Those of a category are b and
// then W input by input, of_category numbers each, in all a multiple of whole vectors.
struct EmbeddingLayout {
  static constexpr long n_hidden = 16, n_out = 3;
  static constexpr long w_1 = 0, b_1 = 16, w_2 = 32, b_2 = 80, size = 96;  // the last are unused
  static constexpr long of_category = 8, whole = 16;
};

// What the operands of a product are rounded to; everything else is of type T. See bfloat16.cpp.
enum class Precision { full, bfloat16, bfloat16x3 };
constexpr const char* precision_names[] = {"full", "bfloat16", "bfloat16x3"};

// Where the dropout masks of one layer in one step come from.
struct DropoutDraw {
  std::uint64_t seed;
  std::uint64_t step;
  std::uint32_t layer;  // counted from 1, the input
  double rate;
};

// Rows rows[0], rows[1], … of x, of so many bytes each, that the next step will read. They are scattered over memory,
// so they, or their beginnings, are prefetched into the L2 cache while other work is done.
struct RowsAhead {
  const char* x = nullptr;
  const std::int64_t* rows = nullptr;
  long n_rows = 0, row_bytes = 0;
};

// Batches of which BP2 reads the weights as they are stored; see few_rows.hpp.
constexpr long most_few_rows = 8;
// Neurons of the layer before whose weights are read for BP2 and moved at a time, in such batches.
constexpr long rows_of_block = 64;

// Narrow networks, whose vectors run along examples; see narrow.hpp.
constexpr long widest_narrow_layer = 16, widest_narrow_input = 64;

// w_jk stands at wt[k·stride + j].
template <class T>
struct NarrowLayer {
  Activation activation;
  long n_in, n_out, stride;
  const T *wt, *b;
};

template <class T>
struct Kernels {
  const char* isa;
  int lanes;
  long panel_columns;

  // Numbers of scratch that a thread's products need for up to n_rows rows of layers up to `widest` wide.
  long (*scratch_size)(long n_rows, long widest);

  // z = a_previous wᵀ + b and a = σ(z) for n_rows rows. z may be the same as a where nobody asks for z later.
  void (*forward)(Activation activation, Rows<T> a_previous, Panels<const T> wt, const T* b, Matrix<T> z, Matrix<T> a,
                  long n_rows, T* scratch);

  // BP1 for n_rows rows, multiplied by each example's share of the mean or of the step; and C_x of each. z is only read
  // where needed. A null delta asks for the costs alone.
  void (*output_error)(Loss loss, T loss_parameter, Activation activation, Matrix<const T> z, Matrix<const T> a,
                       const T* const* y, const T* share, Matrix<T> delta, T* cost, long n_rows, long n_out);

  // BP2 for n_rows rows: delta = (delta_next w_next) ⊙ σ′.
  void (*backward)(Activation activation, Rows<T> delta_next, Panels<const T> w_next, Matrix<const T> z,
                   Matrix<const T> a, Matrix<T> delta, long n_rows, T* scratch);

  // The same for up to `most_few_rows` rows, from wt of the next layer instead of w, and for neurons [k_begin, k_end).
  void (*backward_few)(Activation activation, Rows<T> delta_next, Panels<const T> wt_next, Matrix<const T> z,
                       Matrix<const T> a, Matrix<T> delta, long n_rows, long k_begin, long k_end);

  // BP4 for the weights from neurons [k_begin, k_end) of the layer before, and their step, in one pass over memory;
  // `ahead` is prefetched meanwhile.
  void (*update_weights)(const StepRule<T>& rule, Rows<T> a_previous, Panels<const T> delta, Panels<T> wt,
                         Panels<T> first, Panels<T> second, long k_begin, long k_end, T* scratch, RowsAhead ahead);

  // `backward_few` without ⊙ σ′, and `update_weights`, in one pass over the weights, which BP2 reads before they move.
  // Those may be of some neurons of a layer, the first of which is first_neuron: sums of delta_previous begin with
  // neuron 0, and go on with others.
  void (*backward_and_update_few)(const StepRule<T>& rule, Rows<T> delta_rows, long first_neuron, Panels<const T> delta,
                                  Panels<T> wt, Panels<T> first, Panels<T> second, Rows<T> a_previous,
                                  Matrix<T> delta_previous, long k_begin, long k_end);
  // ⊙ σ′, or Jᵀ where σ couples neurons, for n_rows rows of n neurons.
  void (*pull_back)(Activation activation, Matrix<const T> z, Matrix<const T> a, Matrix<T> delta, long n_rows, long n);

  // BP3 and the step of the biases, by `rule` without what is for weights only (penalties, decay).
  void (*update_biases)(const StepRule<T>& rule, Panels<const T> delta, T* b, T* first, T* second);

  // BP4 and BP3 added to nabla, without a step.
  void (*add_nabla_w)(Rows<T> a_previous, Panels<const T> delta, Panels<T> nabla_wt, long k_begin, long k_end,
                      T* scratch);
  void (*add_nabla_b)(Panels<const T> delta, T* nabla_b);

  // nabla += the penalty's gradient, and squares[k] = Σ_j nabla², for rows [k_begin, k_end).
  void (*finish_nabla)(const StepRule<T>& rule, Panels<const T> wt, Panels<T> nabla, double* squares, long k_begin,
                       long k_end);

  // The step alone, for rows [k_begin, k_end) of the weights, or for the biases as the only row. factor·nabla must be
  // p∇ (see StepRule); nabla is set to zero.
  void (*apply)(const StepRule<T>& rule, T factor, Panels<T> nabla, Panels<T> theta, Panels<T> first, Panels<T> second,
                long k_begin, long k_end);

  // The step of weights whose inputs have scales, before and after `apply`; see input_scales.hpp.
  void (*take_apart)(Panels<T> wt, Panels<T> nabla, Panels<const T> s, Panels<T> nabla_s, long k_begin, long k_end);
  void (*put_together)(Panels<T> wt, Panels<T> s, long k_begin, long k_end);

  // Embeddings of numbers, forward for one example and backward for one embedding; see embedding_kernels.hpp.
  void (*embed)(const T* theta, const long* columns, long n_columns, const T* x, T* e);
  void (*embedding_gradient)(const T* theta, Rows<T> a_1, long at, Matrix<const T> delta_e, long n_rows, T* nabla);

  // mask, and dropped = a ⊙ mask, for n_rows rows of n neurons, the first at `position` in the batch.
  void (*drop)(const DropoutDraw& draw, Rows<T> a, Matrix<T> mask, Matrix<T> dropped, long n_rows, long position,
               long n);

  // The end of BP2 where a layer is dropped: delta = (mask ⊙ delta) ⊙ σ′.
  void (*pull_back_dropped)(Activation activation, Matrix<const T> mask, Matrix<const T> z, Matrix<const T> a,
                            Matrix<T> delta, long n_rows, long n);

  // Neurons with α: the end of forward, of BP2, and the sum of what BP2 left; see parametric.hpp.
  void (*mix)(const T* alpha, Matrix<const T> z, Matrix<T> a, long n_rows, long n);
  void (*pull_back_mixed)(Activation activation, const T* alpha, Matrix<const T> z, Matrix<T> delta, Matrix<T> of_alpha,
                          long n_rows, long n);
  void (*add_nabla_alpha)(Matrix<const T> of_alpha, T* nabla, long n_rows, long n);

  // `forward`, `update_weights` and `add_nabla_w` for a layer of one neuron, whose weights are a row.
  void (*forward_one)(Activation activation, Rows<T> a_previous, Panels<const T> w, const T* b, Matrix<T> z,
                      Matrix<T> a, long n_rows);
  void (*update_one)(const StepRule<T>& rule, Rows<T> a_previous, Panels<const T> delta, Panels<T> w, Panels<T> first,
                     Panels<T> second);
  void (*add_nabla_one)(Rows<T> a_previous, Panels<const T> delta, Panels<T> nabla_w);

  // `forward`, `add_nabla_w` and `drop` (of one row) for a sparse input.
  void (*forward_sparse)(Activation activation, const SparseRow<T>* x, Panels<const T> wt, const T* b, Matrix<T> z,
                         Matrix<T> a, long n_rows);
  void (*add_nabla_sparse)(const SparseRow<T>* x, Matrix<const T> delta, Panels<T> nabla_wt, long n_rows, long k_begin,
                           long k_end);
  void (*drop_sparse)(const DropoutDraw& draw, SparseRow<T> x, T* dropped, long position);

  // The same for narrow networks; see narrow_kernels.hpp. Numbers of a layer stand in groups of as many examples as
  // there are lanes, (n, lanes) each.
  void (*into_groups)(const T* x, const std::int64_t* rows, long n_rows, long n_columns, T* groups);
  void (*forward_groups)(const NarrowLayer<T>& layer, const T* a_previous, T* z, T* a, long n_groups);
  void (*output_error_groups)(Loss loss, T loss_parameter, Activation activation, const T* z, const T* a, const T* y,
                              const T* share, T* delta, T* cost, long n_out, long n_groups);
  void (*backward_groups)(const NarrowLayer<T>& next, Activation activation, const T* delta_next, const T* z,
                          const T* a, T* delta, long n_groups);
  void (*update_weights_of_groups)(const StepRule<T>& rule, const T* a_previous, long n_in, const T* delta, long n_out,
                                   long n_groups, long stride, long k_begin, long k_end, T* wt, T* first, T* second);
  void (*update_biases_of_groups)(const StepRule<T>& rule, const T* delta, long n_out, long n_groups, T* b, T* first,
                                  T* second);

  // n bytes divided by a number, each as the type of the network holds it
  void (*widen)(const std::uint8_t* bytes, T divisor, T* x, long n);

  // The same numbers in panels, for rows [begin, end)
  void (*into_panels)(Matrix<const T> m, Panels<T> panels, long begin, long end);

  // w = wtᵀ for rows [k_begin, k_end) of wt, which are columns of w
  void (*transpose)(Panels<const T> wt, Panels<T> w, long k_begin, long k_end);

  // Weights as the lecture has them, (n_out, n_in), from wt and into it
  void (*read_weights)(Panels<const T> wt, Matrix<T> w);
  void (*write_weights)(Matrix<const T> w, Panels<T> wt);

  // half_square · Σ w² + l1 · Σ |w| of rows [k_begin, k_end) of wt
  double (*penalty_of_rows)(Panels<const T> wt, double half_square, double l1, long k_begin, long k_end);
};

// The best kernels the processor can run, or what BACKLIT_ISA in the environment asks for.
template <class T>
const Kernels<T>& kernels(Precision precision = Precision::full);

// Whether the processor, and BACKLIT_ISA, allow less than full precision.
bool has_bfloat16();

}  // namespace backlit
