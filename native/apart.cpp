// Gradient and step apart, so that gradients of several processes can be added up in between: in the lecture's layout,
// or packed, as layers store them, so that nothing is rearranged on the way.
#include <algorithm>

#include "session.hpp"
#include "subnormals.hpp"

namespace backlit {

namespace {
// To bound memory: rows a gradient is summed over at a time.
constexpr long gradient_rows = 2048;
}  // namespace

template <class T>
void Session<T>::gradient(Examples<T> examples, long n_rows, double* cost, double* weight, long first_row) {
  const Call call;
  const long chunk = std::min(n_rows, gradient_rows);
  const int n_threads = threads_for(chunk, n_rows, chunk);
  reserve(n_threads, chunk, examples.is_sparse());
  whole_gradient_.reserve();
  embedding_.clear_nabla();
  *weight = 0;
  for (long i = 0; i < n_rows; ++i) *weight += examples.weight_of(i);
  std::vector<double> chunk_costs((n_rows + chunk - 1) / chunk, 0.0);
  Barrier barrier(n_threads);
  on_threads(n_threads, [&](int thread) {
    T* scratch = workspace_.scratch(thread);
    transpose(thread, n_threads);
    for (long first = 0; first < n_rows; first += chunk) {
      const long n = std::min(chunk, n_rows - first);
      const Part rows(n, thread, n_threads);
      for (long i = rows.begin; i < rows.end; ++i) {
        workspace_.take_row(examples, first + i, i);
        *workspace_.share(i) = T(examples.weight_of(first + i) / *weight);
      }
      embedding_.forward(rows);
      passes_.forward_in_training(rows, t, first_row + first + rows.begin, scratch);
      passes_.output(rows, true);
      barrier.wait();  // w is transposed
      passes_.backward(rows, n, scratch);
      embedding_.backward(rows, scratch);
      barrier.wait();  // all errors are there
      if (thread == 0)
        for (long i = 0; i < n; ++i) {
          const double s = examples.weight_of(first + i);
          if (s != 0) chunk_costs[first / chunk] += s / *weight * *workspace_.cost(i);
        }
      for (int l = 0; l < workspace_.n_layers(); ++l) {
        whole_gradient_.add_w(l, n, Part(layers_[l].weight_rows(), thread, n_threads), scratch);
        if (thread == l % n_threads) whole_gradient_.add_b(l, n);
      }
      embedding_.add_nabla(Part(embedding_.n_columns(), thread, n_threads), n);
      barrier.wait();  // the batch's buffers may be written again
    }
  });
  *cost = 0;
  for (double part : chunk_costs) *cost += part;
}

template <class T>
void Session<T>::apply_gradient(const std::vector<const T*>& nabla_w, const std::vector<const T*>& nabla_b, double rate,
                                double decay, const T* nabla_of_embeddings) {
  const SubnormalsAreZero while_a_step_is_taken;
  const StepRule<T> s =
      rule_without_penalty(step_.rule(rate, decay, 1, ++t));  // the gradient holds the penalty's already
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    layers_[l].set_nabla(nabla_w[l], nabla_b[l]);
    step_.apply_nabla(int(l), s, s.p, Part(0, layers_[l].weight_rows()));
    layers_[l].apply_nabla_b(description_.layer_rates.of_biases(s, int(l)), s.p);
  }
  if (!embedding_.any()) return;
  std::copy_n(nabla_of_embeddings, embedding_.n_columns() * EmbeddingLayout::size, embedding_.nabla());
  embedding_.apply_nabla(s, s.p, Part(0, embedding_.n_columns()));
}

template <class T>
long Session<T>::packed_size() const {
  long size = 0;
  for (const Layer<T>& layer : layers_) size += layer.packed_size();
  return size;
}

template <class T>
void Session<T>::get_packed_nabla(T* packed) const {
  for (const Layer<T>& layer : layers_) {
    layer.get_packed_nabla(packed);
    packed += layer.packed_size();
  }
}

template <class T>
double Session<T>::apply_packed(std::vector<const T*> packed, const std::vector<double>& shares, double square,
                                double l1, double rate, double decay) {
  const SubnormalsAreZero while_a_step_is_taken;
  const StepRule<T> rule = rule_without_penalty(step_.rule(rate, decay, 1, ++t));
  StepRule<T> with_penalty = rule;
  with_penalty.square = T(square);
  with_penalty.l1 = T(l1);
  const bool has_penalty = square != 0 || l1 != 0, clips = steps_by_whole_gradient();
  double cost = 0;
  const auto apply = [&](int l, T factor) {
    step_.apply_nabla(l, rule, factor, Part(0, layers_[l].weight_rows()));
    layers_[l].apply_nabla_b(description_.layer_rates.of_biases(rule, l), factor);
  };
  for (int l = 0; l < workspace_.n_layers(); ++l) {
    Layer<T>& layer = layers_[l];
    layer.set_nabla_to_sum(packed, shares);
    for (const T*& gradient : packed) gradient += layer.packed_size();
    if (has_penalty) {
      layer.reserve_penalties();
      layer.find_penalties(0.5 * square, l1, Part(0, layer.penalty_blocks()));
      cost += layer.penalty();
    }
    if (has_penalty || clips) {
      layer.finish_nabla(with_penalty, Part(0, layer.weight_rows()));
      layer.finish_nabla_b(rule);
    }
    if (!clips) apply(l, rule.p);
  }
  if (!clips) return cost;
  const T factor = whole_gradient_.clip_factor() * rule.p;
  for (int l = 0; l < workspace_.n_layers(); ++l) apply(l, factor);
  return cost;
}

// one by one, for the whole class is in session.cpp, which may be part of the same translation unit
#define BACKLIT_INSTANTIATE(T)                                                                                         \
  template void Session<T>::gradient(Examples<T>, long, double*, double*, long);                                       \
  template void Session<T>::apply_gradient(const std::vector<const T*>&, const std::vector<const T*>&, double, double, \
                                           const T*);                                                                  \
  template long Session<T>::packed_size() const;                                                                       \
  template void Session<T>::get_packed_nabla(T*) const;                                                                \
  template double Session<T>::apply_packed(std::vector<const T*>, const std::vector<double>&, double, double, double,  \
                                           double);
BACKLIT_INSTANTIATE(float)
BACKLIT_INSTANTIATE(double)
#undef BACKLIT_INSTANTIATE

}  // namespace backlit
