#include "step.hpp"

#include <cmath>

#include "embedding.hpp"
#include "threads.hpp"

namespace backlit {

template <class T>
void Step<T>::reserve(bool is_sparse) {
  for (int l = 0; l < work_.n_layers(); ++l) {
    if (l > 0) work_.layers[l].reserve_w();
    if (work_.layers[l].has_scales)
      work_.layers[l].reserve_nabla();
    else if (l == 0 && is_sparse)
      work_.layers[l].reserve_nabla_wt();
    if (penalty().any()) work_.layers[l].reserve_penalties();
  }
}

template <class T>
StepRule<T> Step<T>::rule(double rate, double decay, double batch_weight, long step) const {
  StepRule<T> s = work_.description.optimizer.template rule<T>(rate, decay, step);
  s.square = T(penalty().l2 + penalty().alpha / batch_weight);
  s.l1 = T(penalty().l1);
  s.has_penalty = penalty().any();
  return s;
}

template <class T>
void Step<T>::take(const StepRule<T>& rule, long n_rows, int thread, int n_threads, RowsAhead ahead, T* scratch) {
  for (int l = 0; l < work_.n_layers(); ++l) {
    Layer<T>& layer = work_.layers[l];
    take_rows(l, rule, n_rows, thread, n_threads, l == 0 ? ahead : RowsAhead{}, scratch);
    if (l > 0 && work_.needs_w(l, n_rows)) layer.transpose(Part(layer.n_in, thread, n_threads));
  }
}

template <class T>
void Step<T>::take_rows(int l, const StepRule<T>& rule, long n_rows, int thread, int n_threads, RowsAhead ahead,
                        T* scratch) {
  const LayerRates& rates = work_.description.layer_rates;
  Layer<T>& layer = work_.layers[l];
  const Part part(layer.weight_rows(), thread, n_threads);
  if (layer.has_scales)
    update_scaled(rule, n_rows, part, scratch);
  else
    update_weights(l, rule_times_p(rates.of_weights(rule, l)), work_.fed(l, part, n_rows, thread, n_threads), n_rows,
                   part, ahead, scratch);
  if (thread == l % n_threads) update_biases(l, rule, n_rows, Part(0, layer.n_out));
}

template <class T>
void Step<T>::take_neurons(int l, const StepRule<T>& rule, long n_rows, Part neurons, RowsAhead ahead, T* scratch) {
  Layer<T>& layer = work_.layers[l];
  const auto mine = [&](auto panels) { return columns_of(panels, neurons); };
  const StepRule<T> of_weights = rule_times_p(work_.description.layer_rates.of_weights(rule, l));
  work_.kernels.update_weights(of_weights, work_.fed(l), mine(work_.delta_panels(l, n_rows)), mine(layer.wt()),
                               mine(layer.slot_wt(0)), mine(layer.slot_wt(1)), 0, layer.n_in, scratch, ahead);
  update_biases(l, rule, n_rows, neurons);
}

template <class T>
void Step<T>::take_once(int l, const StepRule<T>& rule, long n_rows, Part neurons, Part before) {
  Layer<T>& layer = work_.layers[l];
  const auto mine = [&](auto panels) { return columns_of(panels, neurons); };
  const StepRule<T> of_weights = rule_times_p(work_.description.layer_rates.of_weights(rule, l));
  work_.kernels.backward_and_update_few(
      of_weights, work_.delta_rows(l), neurons.begin, mine(work_.delta_panels(l, n_rows)), mine(layer.wt()),
      mine(layer.slot_wt(0)), mine(layer.slot_wt(1)), work_.input(l), work_.delta(l - 1), before.begin, before.end);
}

template <class T>
void Step<T>::update_biases(int l, const StepRule<T>& rule, long n_rows, Part neurons) {
  Layer<T>& layer = work_.layers[l];
  const auto mine = [&](T* biases) { return biases ? biases + neurons.begin : nullptr; };
  work_.kernels.update_biases(work_.description.layer_rates.of_biases(rule, l),
                              columns_of(work_.delta_panels(l, n_rows), neurons), mine(layer.b()),
                              mine(layer.slot_b(0)), mine(layer.slot_b(1)));
}

// BP4 and the step for the weights from some neurons of the layer before.
template <class T>
void Step<T>::update_weights(int l, const StepRule<T>& rule, Rows<T> fed, long n_rows, Part part, RowsAhead ahead,
                             T* scratch) {
  Layer<T>& layer = work_.layers[l];
  if (l == 0 && work_.is_sparse()) return update_sparse(rule, n_rows, part);
  const Panels<T> delta = work_.delta_panels(l, n_rows);
  if (layer.is_row) {
    if (part.size() != 0) work_.kernels.update_one(rule, fed, delta, layer.wt(), layer.slot_wt(0), layer.slot_wt(1));
    return;
  }
  work_.kernels.update_weights(rule, fed, delta, layer.wt(), layer.slot_wt(0), layer.slot_wt(1), part.begin, part.end,
                               scratch, ahead);
}

// BP4 of the first layer and its step, where the input is sparse. A rule that moves a weight by its gradient alone
// leaves one as it is whose gradient is zero, so only rows of wt that an example touches are gone through. Other rules
// move every weight in every step.
template <class T>
void Step<T>::update_sparse(const StepRule<T>& rule, long n_rows, Part part) {
  Layer<T>& layer = work_.layers[0];
  work_.kernels.add_nabla_sparse(work_.sparse(0), work_.delta(0), layer.nabla_wt(), n_rows, part.begin, part.end);
  if (!moves_by_gradient_alone(rule.rule) || penalty().any()) return layer.apply_nabla(rule, T(1), part);
  for (long i = 0; i < n_rows; ++i)
    for (long at = 0; at < work_.sparse(i)->n; ++at) {
      const long k = work_.sparse(i)->columns[at];
      // a second time its gradient is zero already
      if (k >= part.begin && k < part.end) layer.apply_nabla(rule, T(1), Part(k, k + 1));
    }
}

// BP4 of the first layer and its step, where inputs have scales: the gradient by a scale is a sum over that of w.
template <class T>
void Step<T>::update_scaled(const StepRule<T>& rule, long n_rows, Part part, T* scratch) {
  WholeGradient<T>(work_).add_w(0, n_rows, part, scratch);
  if (rule.has_penalty) work_.layers[0].finish_nabla(rule, part);
  apply_nabla(0, rule_without_penalty(rule), T(1), part);
}

template <class T>
void Step<T>::apply_nabla(int l, const StepRule<T>& rule, T factor, Part part) {
  const LayerRates& rates = work_.description.layer_rates;
  Layer<T>& layer = work_.layers[l];
  if (layer.has_scales)
    layer.apply_nabla_scaled(rates.of_weights(rule, l), rates.of_scales(rule), factor, part);
  else
    layer.apply_nabla(rates.of_weights(rule, l), factor, part);
}

template <class T>
void Step<T>::find_penalties(double batch_weight, int thread, int n_threads) {
  const double half_square = 0.5 * (penalty().l2 + penalty().alpha / batch_weight);
  for (Layer<T>& layer : work_.layers)
    layer.find_penalties(half_square, penalty().l1, Part(layer.penalty_blocks(), thread, n_threads));
}

template <class T>
double Step<T>::penalty_cost() const {
  double cost = 0;
  for (const Layer<T>& layer : work_.layers) cost += layer.penalty();
  return cost;
}

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
  const Part embeddings(embedding_ ? embedding_->n_embedded() : 0, thread, n_threads);
  if (embedding_) {
    embedding_->add_nabla(embeddings, n_rows);
    embedding_->find_squares(embeddings);
  }
  barrier.wait();  // the whole gradient is there
  const T factor = clip_factor() * rule.p;
  if (embedding_) embedding_->apply_nabla(rule, factor, embeddings);
  const LayerRates& rates = work_.description.layer_rates;
  for (int l = 0; l < work_.n_layers(); ++l) {
    Layer<T>& layer = work_.layers[l];
    Step<T>(work_).apply_nabla(l, rule_without_penalty(rule), factor, Part(layer.weight_rows(), thread, n_threads));
    if (thread == l % n_threads) layer.apply_nabla_b(rates.of_biases(rule, l), factor);
    if (l > 0) layer.transpose(Part(layer.n_in, thread, n_threads));
  }
}

template <class T>
T clip_factor(const Optimizer& optimizer, double square) {
  const double factor = optimizer.clip_norm() / (std::sqrt(square) + 1e-6);
  return factor < 1 || std::isnan(factor) ? T(factor) : T(1);
}

template <class T>
T WholeGradient<T>::clip_factor() const {
  double square = 0;
  for (const Layer<T>& layer : work_.layers) layer.add_nabla_squares_to(square);
  if (embedding_) embedding_->add_squares_to(square);
  return backlit::clip_factor<T>(work_.description.optimizer, square);
}

template float clip_factor(const Optimizer&, double);
template double clip_factor(const Optimizer&, double);
template class Step<float>;
template class Step<double>;
template class WholeGradient<float>;
template class WholeGradient<double>;

}  // namespace backlit
