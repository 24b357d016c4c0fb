#include "whole_gradient.hpp"

#include <cmath>

#include "threads.hpp"

namespace backlit {

template <class T>
void WholeGradient<T>::reserve() {
  for (Layer<T>& layer : work_.layers) layer.reserve_nabla();
}

template <class T>
void WholeGradient<T>::add_w(int l, long n_rows, Part part, T* scratch) {
  Layer<T>& layer = work_.layers[l];
  if (l == 0 && work_.is_sparse())
    work_.kernels.add_nabla_sparse(work_.sparse(0), work_.delta(l), layer.nabla_wt(), n_rows, part.begin, part.end);
  else if (!layer.is_row)
    work_.kernels.add_nabla_w(work_.fed(l), work_.delta_panels(l, n_rows), layer.nabla_wt(), part.begin, part.end,
                              scratch);
  else if (part.size() != 0)
    work_.kernels.add_nabla_one(work_.fed(l), work_.delta_panels(l, n_rows), layer.nabla_wt());
}

template <class T>
void WholeGradient<T>::add_b(int l, long n_rows) {
  work_.kernels.add_nabla_b(work_.delta_panels(l, n_rows), work_.layers[l].nabla_b());
}

template <class T>
void WholeGradient<T>::step(const StepRule<T>& rule, long n_rows, int thread, int n_threads, Barrier& barrier,
                            T* scratch) {
  for (int l = 0; l < work_.n_layers(); ++l) {
    Layer<T>& layer = work_.layers[l];
    const Part part(layer.weight_rows(), thread, n_threads);
    add_w(l, n_rows, part, scratch);
    layer.finish_nabla(rule, part);
    if (thread == l % n_threads) {
      add_b(l, n_rows);
      layer.finish_nabla_b(rule);
    }
  }
  barrier.wait();  // the whole gradient is there
  const T factor = clip_factor() * rule.p;
  const LayerRates& rates = work_.description.layer_rates;
  for (int l = 0; l < work_.n_layers(); ++l) {
    Layer<T>& layer = work_.layers[l];
    layer.apply_nabla(rule_without_penalty(rates.of_weights(rule, l)), factor,
                      Part(layer.weight_rows(), thread, n_threads));
    if (thread == l % n_threads) layer.apply_nabla_b(rates.of_biases(rule, l), factor);
    if (l > 0) layer.transpose(Part(layer.n_in, thread, n_threads));
  }
}

// What the gradient is multiplied by, so that its norm is at most clip_norm; in PyTorch's form.
template <class T>
T WholeGradient<T>::clip_factor() const {
  double square = 0;
  for (const Layer<T>& layer : work_.layers) layer.add_nabla_squares_to(square);
  const double factor = work_.description.optimizer.clip_norm() / (std::sqrt(square) + 1e-6);
  return factor < 1 || std::isnan(factor) ? T(factor) : T(1);
}

template class WholeGradient<float>;
template class WholeGradient<double>;

}  // namespace backlit
