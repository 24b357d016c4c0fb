// A gradient that is wanted whole: summed over any number of rows, handed out, and applied on its own.
#include <algorithm>

#include "session.hpp"
#include "subnormals.hpp"

namespace backlit {

namespace {

// Rows a gradient is summed over at a time, to bound memory.
constexpr long gradient_rows = 2048;

}  // namespace

template <class T>
void Session<T>::gradient(Examples<T> examples, long n_rows, double* cost, double* weight) {
  const Call call;
  const int n_layers = int(layers_.size());
  const long chunk = std::min(n_rows, gradient_rows);
  const int n_threads = threads_for(chunk, n_rows, chunk);
  reserve(chunk, true, examples.is_sparse());
  reserve_scratch(n_threads, chunk);
  for (Layer& layer : layers_) {
    layer.nabla_wt = Buffer<T>(layer.wt.size());
    layer.nabla_b = Buffer<T>(layer.b.size());
  }
  *weight = 0;
  for (long i = 0; i < n_rows; ++i) *weight += examples.sample_weight ? double(examples.sample_weight[i]) : 1.0;
  std::vector<double> chunk_costs((n_rows + chunk - 1) / chunk, 0.0);
  Barrier barrier(n_threads);
  on_threads(n_threads, [&](int thread) {
    T* scratch = scratch_[thread].data();
    transpose_part(thread, n_threads);
    for (long first = 0; first < n_rows; first += chunk) {
      const long n = std::min(chunk, n_rows - first);
      const Part rows(n, thread, n_threads);
      for (long i = rows.begin; i < rows.end; ++i) {
        take_row(examples, first + i, i);
        const double s = examples.sample_weight ? double(examples.sample_weight[first + i]) : 1.0;
        batch_.share.data()[i] = T(s / *weight);
      }
      feedforward_dropped_rows(rows, scratch, t, first + rows.begin);
      output_rows(rows, true);
      barrier.wait();  // w is transposed
      backpropagate_rows(rows, n, scratch);
      barrier.wait();  // all errors are there
      if (thread == 0)
        for (long i = 0; i < n; ++i) {
          const double s = examples.sample_weight ? double(examples.sample_weight[first + i]) : 1.0;
          if (s != 0) chunk_costs[first / chunk] += s / *weight * batch_.cost.data()[i];
        }
      for (int l = 0; l < n_layers; ++l) {
        Layer& layer = layers_[l];
        const Part part(layer.weight_rows(), thread, n_threads);
        add_nabla(l, n, part, scratch);
        if (thread == l % n_threads) kernels_.add_nabla_b(delta_panels(l, n), layer.nabla_b.data());
      }
      barrier.wait();  // the batch's buffers may be written again
    }
  });
  *cost = 0;
  for (double part : chunk_costs) *cost += part;
}

template <class T>
void Session<T>::get_nabla(int l, T* nabla_w, T* nabla_b) const {
  const Layer& layer = layers_[l];
  kernels_.read_weights(layer.in_panels(layer.nabla_wt), layer.as_lecture(nabla_w));
  std::copy_n(layer.nabla_b.data(), layer.n_out, nabla_b);
}

template <class T>
void Session<T>::apply_gradient(const std::vector<const T*>& nabla_w, const std::vector<const T*>& nabla_b,
                                double rate) {
  const SubnormalsAreZero while_a_step_is_taken;
  const StepRule<T> s = rule_without_penalty(rule(rate, 1, ++t));  // the gradient holds the penalty's already
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    layer.nabla_wt = Buffer<T>(layer.wt.size());
    layer.nabla_b = Buffer<T>(layer.b.size());
    kernels_.write_weights(layer.as_lecture(nabla_w[l]), layer.in_panels(layer.nabla_wt));
    std::copy_n(nabla_b[l], layer.n_out, layer.nabla_b.data());
    apply_nabla(layer, s, s.p, Part(0, layer.weight_rows()));
    apply_nabla_b(layer, s, s.p);
  }
}

#define BACKLIT_INSTANTIATE(T)                                             \
  template void Session<T>::gradient(Examples<T>, long, double*, double*); \
  template void Session<T>::get_nabla(int, T*, T*) const;                  \
  template void Session<T>::apply_gradient(const std::vector<const T*>&, const std::vector<const T*>&, double);

BACKLIT_INSTANTIATE(float)
BACKLIT_INSTANTIATE(double)

}  // namespace backlit
