// What training does only where it is asked for: dropout, and steps that need the whole gradient beforehand.
#include <algorithm>
#include <cmath>

#include "session.hpp"

namespace backlit {

// Steps 1 and 2 in training: what layers are fed with is dropped on the way. `step` counts from 0, and the first of the
// rows stands at `position` in its batch.
template <class T>
void Session<T>::feedforward_dropped_rows(Part rows, T* scratch, long step, long position) {
  for (int l = 0; l < int(layers_.size()); ++l) {
    if (drops(l)) {
      const DropoutDraw draw{description_.objective.dropout.seed, std::uint64_t(step), std::uint32_t(l + 1),
                             description_.objective.dropout.rates[l]};
      if (l == 0 && batch_.is_sparse)
        drop_sparse_rows(rows, draw, position);
      else
        kernels_.drop(draw, rows_of_a(l).from(rows.begin), {mask(l).row(rows.begin), mask(l).stride},
                      {dropped(l).row(rows.begin), dropped(l).stride}, rows.size(), position, layers_[l].n_in);
    }
    layer_forward(l, fed(l), rows, scratch);
  }
}

// BP4 of one layer, added to the gradient so far.
template <class T>
void Session<T>::add_nabla(int l, long n_rows, Part part, T* scratch) {
  const Panels<T> nabla = layers_[l].in_panels(layers_[l].nabla_wt);
  if (l == 0 && batch_.is_sparse)
    kernels_.add_nabla_sparse(batch_.sparse.data(), delta(l), nabla, n_rows, part.begin, part.end);
  else if (!layers_[l].is_row)
    kernels_.add_nabla_w(fed(l), delta_panels(l, n_rows), nabla, part.begin, part.end, scratch);
  else if (part.size() != 0)
    kernels_.add_nabla_one(fed(l), delta_panels(l, n_rows), nabla);
}

// Every thread has its rows of each gradient, and all threads have the norm once they have met.
template <class T>
void Session<T>::step_by_whole_gradient(StepRule<T> rule, long n_rows, int thread, int n_threads, Barrier& barrier,
                                        T* scratch) {
  const int n_layers = int(layers_.size());
  const StepRule<T> without_penalty = rule_without_penalty(rule);
  for (int l = 0; l < n_layers; ++l) {
    Layer& layer = layers_[l];
    const Part part(layer.weight_rows(), thread, n_threads);
    if (description_.objective.penalty.any())
      kernels_.row_sums(layer.wt_panels(), layer.squares.data(), layer.magnitudes.data(), part.begin, part.end);
    add_nabla(l, n_rows, part, scratch);
    kernels_.finish_nabla(rule, layer.wt_panels(), layer.in_panels(layer.nabla_wt), layer.nabla_squares.data(),
                          part.begin, part.end);
    if (thread == l % n_threads) {
      kernels_.add_nabla_b(delta_panels(l, n_rows), layer.nabla_b.data());
      kernels_.finish_nabla(without_penalty, {layer.b.data(), 1, layer.n_out}, layer.as_row(layer.nabla_b),
                            layer.nabla_squares.data() + layer.weight_rows(), 0, 1);
    }
  }
  barrier.wait();  // the whole gradient is there
  const T factor = clip_factor() * rule.p;
  for (int l = 0; l < n_layers; ++l) {
    Layer& layer = layers_[l];
    const Part part(layer.weight_rows(), thread, n_threads);
    apply_nabla(layer, without_penalty, factor, part);
    if (thread == l % n_threads) apply_nabla_b(layer, without_penalty, factor);
  }
  transpose_part(thread, n_threads);
}

// The steps by factor·nabla, which is zero afterwards.
template <class T>
void Session<T>::apply_nabla(Layer& layer, const StepRule<T>& rule, T factor, Part part) {
  kernels_.apply(rule, factor, layer.in_panels(layer.nabla_wt), layer.in_panels(layer.wt),
                 layer.in_panels(layer.slots_wt[0]), layer.in_panels(layer.slots_wt[1]), part.begin, part.end);
}

template <class T>
void Session<T>::apply_nabla_b(Layer& layer, const StepRule<T>& rule, T factor) {
  kernels_.apply(rule_of_biases(rule), factor, layer.as_row(layer.nabla_b), layer.as_row(layer.b),
                 layer.as_row(layer.slots_b[0]), layer.as_row(layer.slots_b[1]), 0, 1);
}

// What the gradient is multiplied by, so that its norm is at most clip_norm; in PyTorch's form.
template <class T>
T Session<T>::clip_factor() const {
  double squares = 0;
  for (const Layer& layer : layers_)
    for (long k = 0; k <= layer.weight_rows(); ++k) squares += layer.nabla_squares.data()[k];
  const double factor = description_.clip_norm / (std::sqrt(squares) + 1e-6);
  return factor < 1 || std::isnan(factor) ? T(factor) : T(1);
}

#define BACKLIT_INSTANTIATE(T)                                                                 \
  template void Session<T>::feedforward_dropped_rows(Part, T*, long, long);                    \
  template void Session<T>::add_nabla(int, long, Part, T*);                                    \
  template void Session<T>::step_by_whole_gradient(StepRule<T>, long, int, int, Barrier&, T*); \
  template void Session<T>::apply_nabla(Layer&, const StepRule<T>&, T, Part);                  \
  template void Session<T>::apply_nabla_b(Layer&, const StepRule<T>&, T);                      \
  template T Session<T>::clip_factor() const;

BACKLIT_INSTANTIATE(float)
BACKLIT_INSTANTIATE(double)

}  // namespace backlit
