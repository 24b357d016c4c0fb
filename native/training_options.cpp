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
      const DropoutDraw draw{description_.dropout.seed, std::uint64_t(step), std::uint32_t(l + 1),
                             description_.dropout.rates[l]};
      if (l == 0 && batch_.is_sparse)
        drop_sparse_rows(rows, draw, position);
      else
        kernels_.drop(draw, {a(l).row(rows.begin), a(l).stride}, {mask(l).row(rows.begin), a(l).stride},
                      {dropped(l).row(rows.begin), a(l).stride}, rows.size(), position, layers_[l].n_in);
    }
    layer_forward(l, fed(l), rows, scratch);
  }
}

// BP4 of one layer, added to the gradient so far.
template <class T>
void Session<T>::add_nabla(int l, long n_rows, Part part, T* scratch) {
  const Matrix<const T> error{delta(l).data, delta(l).stride};
  const Matrix<T> nabla{layers_[l].nabla_wt.data(), layers_[l].stride};
  if (l == 0 && batch_.is_sparse)
    kernels_.add_nabla_sparse(batch_.sparse.data(), error, nabla, n_rows, part.begin, part.end);
  else
    kernels_.add_nabla_w({fed(l).data, fed(l).stride}, error, nabla, n_rows, part.begin, part.end, scratch);
}

// Every thread has its rows of each gradient, and all threads have the norm once they have met.
template <class T>
void Session<T>::step_by_whole_gradient(StepRule<T> rule, long n_rows, int thread, int n_threads, Barrier& barrier,
                                        T* scratch) {
  const int n_layers = int(layers_.size());
  StepRule<T> without_penalty = rule;
  without_penalty.square = without_penalty.l1 = 0;
  for (int l = 0; l < n_layers; ++l) {
    Layer& layer = layers_[l];
    const Part part(layer.n_in, thread, n_threads);
    const Matrix<T> nabla{layer.nabla_wt.data(), layer.stride};
    if (description_.penalty.any())
      kernels_.row_sums({layer.wt.data(), layer.stride}, layer.squares.data(), layer.magnitudes.data(), part.begin,
                        part.end, layer.n_out);
    std::fill(nabla.row(part.begin), nabla.row(part.end), T(0));
    add_nabla(l, n_rows, part, scratch);
    kernels_.finish_nabla(rule, {layer.wt.data(), layer.stride}, nabla, layer.nabla_squares.data(), part.begin,
                          part.end);
    if (thread == l % n_threads) {
      std::fill_n(layer.nabla_b.data(), layer.stride, T(0));
      kernels_.add_nabla_b({delta(l).data, delta(l).stride}, layer.nabla_b.data(), n_rows);
      kernels_.finish_nabla(without_penalty, {layer.b.data(), layer.stride}, {layer.nabla_b.data(), layer.stride},
                            layer.nabla_squares.data() + layer.n_in, 0, 1);
    }
  }
  barrier.wait();  // the whole gradient is there
  const T factor = clip_factor();
  for (int l = 0; l < n_layers; ++l) {
    Layer& layer = layers_[l];
    const Part part(layer.n_in, thread, n_threads);
    const long at = part.begin * layer.stride, n = part.size() * layer.stride;
    auto from = [&](Buffer<T>& buffer) { return buffer.size() ? buffer.data() + at : nullptr; };
    kernels_.scale(factor, layer.nabla_wt.data() + at, n);
    kernels_.apply(without_penalty, layer.nabla_wt.data() + at, layer.wt.data() + at, from(layer.slots_wt[0]),
                   from(layer.slots_wt[1]), n, true);
    if (thread == l % n_threads) {
      kernels_.scale(factor, layer.nabla_b.data(), layer.stride);
      kernels_.apply(without_penalty, layer.nabla_b.data(), layer.b.data(), layer.slots_b[0].data(),
                     layer.slots_b[1].data(), layer.stride, false);
    }
  }
}

// What the gradient is multiplied by, so that its norm is at most clip_norm; in PyTorch's form.
template <class T>
T Session<T>::clip_factor() const {
  double squares = 0;
  for (const Layer& layer : layers_)
    for (long k = 0; k <= layer.n_in; ++k) squares += layer.nabla_squares.data()[k];
  const double factor = description_.clip_norm / (std::sqrt(squares) + 1e-6);
  return factor < 1 || std::isnan(factor) ? T(factor) : T(1);
}

#define BACKLIT_INSTANTIATE(T)                                                                 \
  template void Session<T>::feedforward_dropped_rows(Part, T*, long, long);                    \
  template void Session<T>::add_nabla(int, long, Part, T*);                                    \
  template void Session<T>::step_by_whole_gradient(StepRule<T>, long, int, int, Barrier&, T*); \
  template T Session<T>::clip_factor() const;

BACKLIT_INSTANTIATE(float)
BACKLIT_INSTANTIATE(double)

}  // namespace backlit
