// The half of Session that trains: steps, and whole epochs of them.
#include <algorithm>
#include <chrono>
#include <cmath>

#include "session.hpp"
#include "subnormals.hpp"

namespace backlit {

namespace {

constexpr auto time_between_interrupt_checks = std::chrono::milliseconds(50);

template <class T>
bool all_finite(const T* values, long n) {
  // x − x is 0 for finite x and NaN otherwise, so one sum tells for all, and vectorizes
  T sum = 0;
  for (long i = 0; i < n; ++i) sum += values[i] - values[i];
  return sum == 0;
}

}  // namespace

// Step 4: BP2 from the last layer down to the second, and the errors in panels for BP4. n_rows is of the batch.
template <class T>
void Session<T>::backpropagate_rows(Part rows, long n_rows, T* scratch) {
  auto from = [&](Matrix<T> m) { return Matrix<T>{m.row(rows.begin), m.stride}; };
  for (int l = int(layers_.size()) - 2; l >= 0; --l) {
    const Activation activation = layers_[l].activation;
    const bool drop = drops(l + 1);
    kernels_.backward(drop ? Activation::identity : activation, batch_.delta[l + 1].rows().from(rows.begin),
                      w_panels(l + 1), from(z(l)), from(a(l + 1)), from(delta(l)), rows.size(), scratch);
    if (drop)
      kernels_.pull_back_dropped(activation, from(mask(l + 1)), from(z(l)), from(a(l + 1)), from(delta(l)), rows.size(),
                                 layers_[l].n_out);
  }
  for (int l = 0; l < int(layers_.size()); ++l)
    if (!is_one_panel(l)) kernels_.into_panels(delta(l), delta_panels(l, n_rows), rows.begin, rows.end);
}

template <class T>
void Session<T>::transpose_part(int thread, int n_threads) {
  for (std::size_t l = 1; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    if (layer.is_row) continue;
    const Part part(layer.n_in, thread, n_threads);
    kernels_.transpose(layer.wt_panels(), w_panels(int(l)), part.begin, part.end);
  }
}

template <class T>
double Session<T>::penalty_cost(double batch_weight) const {
  const Penalty& penalty = description_.objective.penalty;
  double squares = 0, magnitudes = 0;
  for (const Layer& layer : layers_)
    for (long k = 0; k < layer.weight_rows(); ++k) {
      squares += layer.squares.data()[k];
      magnitudes += layer.magnitudes.data()[k];
    }
  return 0.5 * (penalty.l2 + penalty.alpha / batch_weight) * squares + penalty.l1 * magnitudes;
}

template <class T>
StepRule<T> Session<T>::rule(double rate, double batch_weight, long step) const {
  StepRule<T> s = description_.optimizer.rule<T>(rate, step);
  s.square = T(description_.objective.penalty.l2 + description_.objective.penalty.alpha / batch_weight);
  s.l1 = T(description_.objective.penalty.l1);
  s.has_penalty = description_.objective.penalty.any();
  return s;
}

template <class T>
int Session<T>::first_layer_not_finite_in_batch(long n_rows) {
  for (int l = 0; l < int(layers_.size()); ++l)
    for (long i = 0; i < n_rows; ++i)
      if (!all_finite(z(l).row(i), layers_[l].n_out) || !all_finite(a(l + 1).row(i), layers_[l].n_out)) return l + 2;
  return int(layers_.size()) + 1;  // all activations are finite, so it was the cost of the output layer
}

template <class T>
int Session<T>::first_layer_not_finite() const {
  for (std::size_t l = 0; l < layers_.size(); ++l)
    if (!all_finite(layers_[l].wt.data(), layers_[l].wt.size()) ||
        !all_finite(layers_[l].b.data(), layers_[l].b.size()))
      return int(l) + 2;
  return 0;
}

// Steps 1 to 4 of the lecture's algorithm for some rows of a batch. Each example's errors come times `factor`, and
// times its weight where it has one. `step` counts from 0.
template <class T>
void Session<T>::train_rows(const Examples<T>& examples, const std::int64_t* batch, long n_rows, double factor,
                            Part rows, long step, T* scratch) {
  for (long i = rows.begin; i < rows.end; ++i) {
    take_row(examples, batch[i], i);
    batch_.share.data()[i] = T(examples.sample_weight ? double(examples.sample_weight[batch[i]]) * factor : factor);
  }
  feedforward_dropped_rows(rows, scratch, step, rows.begin);
  output_rows(rows, true);
  backpropagate_rows(rows, n_rows, scratch);
}

// BP4 and the step for the weights from some neurons of the layer before, and their copy for BP2.
template <class T>
void Session<T>::update_part(int l, const StepRule<T>& rule, long n_rows, Part part, RowsAhead<T> ahead, T* scratch) {
  Layer& layer = layers_[l];
  if (description_.objective.penalty.any())
    kernels_.row_sums(layer.wt_panels(), layer.squares.data(), layer.magnitudes.data(), part.begin, part.end);
  if (l == 0 && batch_.is_sparse) return update_sparse(rule, n_rows, part);
  const Panels<T> wt = layer.in_panels(layer.wt), first = layer.in_panels(layer.slots_wt[0]),
                  second = layer.in_panels(layer.slots_wt[1]);
  if (layer.is_row) {
    if (part.size() != 0) kernels_.update_one(rule, fed(l), delta_panels(l, n_rows), wt, first, second);
    return;
  }
  kernels_.update_weights(rule, fed(l), delta_panels(l, n_rows), wt, first, second, part.begin, part.end, scratch,
                          ahead);
  if (l > 0) kernels_.transpose(layer.wt_panels(), w_panels(l), part.begin, part.end);
}

// Within a step, rows of the batch belong to threads until every error is known; then weights do. Each sum is thus
// taken by one thread in one order, and the result does not depend on how many there are.
template <class T>
int Session<T>::run_steps(Examples<T> examples, const std::int64_t* order, long n_order, long batch_size,
                          const double* rates, double* costs, double* batch_weights,
                          const std::function<bool()>& interrupted) {
  using Clock = std::chrono::steady_clock;
  const Call call;
  const long n_in = layers_.front().n_in;
  const int n_layers = int(layers_.size());
  const int n_threads = threads_for(batch_size, n_order, batch_size);
  reserve(batch_size, true, examples.is_sparse());
  reserve_scratch(n_threads, batch_size);
  const bool has_penalty = description_.objective.penalty.any();
  int diverged_layer = 0;
  bool stop = false;
  auto last_check = Clock::now();
  Barrier barrier(n_threads);

  on_threads(n_threads, [&](int thread) {
    const SubnormalsAreZero while_steps_are_taken;
    T* scratch = scratch_[thread].data();
    long step = 0, steps_taken = 0;
    transpose_part(thread, n_threads);
    barrier.wait();  // w is transposed
    for (long first = 0; first < n_order && !stop; first += batch_size, ++step) {
      const std::int64_t* batch = order + first;
      const long n = std::min(batch_size, n_order - first);
      double batch_weight = double(n);
      if (examples.sample_weight) {
        batch_weight = 0;
        for (long i = 0; i < n; ++i) batch_weight += double(examples.sample_weight[batch[i]]);
      }
      if (batch_weight == 0) continue;  // every thread sees the same and goes on

      const StepRule<T> s = rule(rates[step], batch_weight, t + steps_taken + 1);
      const double p = steps_by_whole_gradient() ? 1 : double(s.p);  // a whole gradient is wanted as it is
      train_rows(examples, batch, n, p / batch_weight, Part(n, thread, n_threads), t + steps_taken, scratch);
      barrier.wait();  // all errors are there
      ++steps_taken;

      if (thread == 0) {
        double cost = 0;
        for (long i = 0; i < n; ++i) {
          const double weight = examples.sample_weight ? double(examples.sample_weight[batch[i]]) : 1.0;
          if (weight != 0) cost += weight * double(batch_.cost.data()[i]);
        }
        costs[step] = cost / batch_weight;
        batch_weights[step] = batch_weight;
        if (!std::isfinite(costs[step])) {
          diverged_layer = first_layer_not_finite_in_batch(n);
          stop = true;
        } else if (Clock::now() - last_check > time_between_interrupt_checks) {
          last_check = Clock::now();
          stop = while_steps_are_taken.suspended_for(interrupted);  // a signal's handler may run
        }
      }
      const Part rows_ahead(std::clamp(n_order - first - batch_size, 0L, batch_size), thread, n_threads);
      const RowsAhead<T> ahead{examples.x, batch + batch_size + rows_ahead.begin, rows_ahead.size(), n_in};
      if (steps_by_whole_gradient()) step_by_whole_gradient(s, n, thread, n_threads, barrier, scratch);
      for (int l = 0; l < n_layers && !steps_by_whole_gradient(); ++l) {
        Layer& layer = layers_[l];
        update_part(l, rule_times_p(s), n, Part(layer.weight_rows(), thread, n_threads),
                    l == 0 ? ahead : RowsAhead<T>{}, scratch);
        if (thread == l % n_threads)
          kernels_.update_biases(rule_of_biases(s), delta_panels(l, n), layer.b.data(), layer.slots_b[0].data(),
                                 layer.slots_b[1].data());
      }
      barrier.wait();  // all weights are there
      if (thread == 0 && has_penalty) costs[step] += penalty_cost(batch_weight);
    }
    barrier.wait();  // nobody reads t any more
    if (thread == 0) t += steps_taken;
  });
  return diverged_layer ? diverged_layer : first_layer_not_finite();
}

#define BACKLIT_INSTANTIATE(T)                                                                                      \
  template void Session<T>::backpropagate_rows(Part, long, T*);                                                     \
  template void Session<T>::transpose_part(int, int);                                                               \
  template StepRule<T> Session<T>::rule(double, double, long) const;                                                \
  template int Session<T>::run_steps(Examples<T>, const std::int64_t*, long, long, const double*, double*, double*, \
                                     const std::function<bool()>&);

BACKLIT_INSTANTIATE(float)
BACKLIT_INSTANTIATE(double)

}  // namespace backlit
