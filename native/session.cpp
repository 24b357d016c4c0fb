#include "session.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "subnormals.hpp"

namespace backlit {

namespace {

// To bound memory: rows fed forward at a time where nothing has to be kept.
constexpr long block_rows = 256;
// Each thread reads all weights, which others have just stepped: with fewer rows that takes longer than it saves.
constexpr long least_rows_of_a_thread = 32;
// Reading the clock takes as long as a tenth of a tiny step.
constexpr long narrow_rows_between_looks_at_the_clock = 1024;

template <class T>
std::vector<Layer<T>> layers_of(const Description& description, const Kernels<T>& kernels) {
  const Shape& shape = description.shape;
  std::vector<Layer<T>> layers;
  for (std::size_t l = 0; l + 1 < shape.sizes.size(); ++l) {
    const long n_in = shape.sizes[l], n_out = shape.sizes[l + 1];
    const bool is_row = l > 0 && n_out == 1 && description.precision == Precision::full;
    const bool has_scales = l == 0 && description.layer_rates.scales != 0;
    layers.emplace_back(kernels, n_in, n_out, shape.activations[l], is_row, has_scales,
                        description.optimizer.n_slots());
  }
  return layers;
}

}  // namespace

template <class T>
Session<T>::Session(Description description) : Session(description, kernels<T>(description.precision)) {}

template <class T>
Session<T>::Session(Description description, const Kernels<T>& kernels)
    : description_(std::move(description)),
      layers_(layers_of(description_, kernels)),
      workspace_(description_, kernels, layers_),
      narrow_(description_, kernels, layers_) {
  description_.objective.dropout.rates.resize(layers_.size(), 0.0);
  for (const Layer<T>& layer : layers_) n_weights_ += double(layer.n_in) * layer.n_out;
}

template <class T>
int Session<T>::threads_for(long rows_per_step, long rows_per_call, long most) const {
  const double wanted = threads_by_rows(n_weights_, rows_per_step, rows_per_call);
  return int(
      std::clamp<double>(wanted, 1, std::min<long>(Call::share_of(description_.max_threads), std::max(1L, most))));
}

template <class T>
int Session<T>::threads_for_steps(long batch_size, long n_order, bool is_sparse) const {
  const double wanted = threads_by_neurons(n_weights_, batch_size, double(n_order) / batch_size);
  const int by_neurons = int(std::clamp<double>(wanted, 1, Call::share_of(description_.max_threads)));
  const bool by_neurons_too = !embedding_.any() && by_neurons_.serves(batch_size, by_neurons, is_sparse);
  return by_neurons_too ? by_neurons : threads_for(batch_size, n_order, batch_size / least_rows_of_a_thread);
}

// For steps of n_rows rows.
template <class T>
void Session<T>::reserve(int n_threads, long n_rows, const Examples<T>& examples) {
  workspace_.reserve(n_rows, true, examples);
  embedding_.reserve(n_rows, true);
  workspace_.reserve_scratch(n_threads, n_rows);
  step_.reserve(examples.is_sparse());
}

// Copies wt into w, for BP2.
template <class T>
void Session<T>::transpose(int thread, int n_threads) {
  embedding_.transpose(Part(layers_[0].n_in, thread, n_threads));
  for (std::size_t l = 1; l < layers_.size(); ++l) layers_[l].transpose(Part(layers_[l].n_in, thread, n_threads));
}

template <class T>
int Session<T>::first_layer_not_finite() const {
  if (!embedding_.is_finite()) return 1;
  for (std::size_t l = 0; l < layers_.size(); ++l)
    if (!layers_[l].is_finite()) return int(l) + 2;
  return 0;
}

template <class T>
void Session<T>::evaluate(Examples<T> examples, long n_rows, T* out, double* cost, double* weight, bool* x_is_finite) {
  const Call call;
  const long n_out = description_.shape.n_out();
  const int n_threads = threads_for(n_rows, n_rows / 3, (n_rows + block_rows - 1) / block_rows);
  workspace_.reserve(std::min(n_rows, block_rows * n_threads), false, examples);
  embedding_.reserve(std::min(n_rows, block_rows * n_threads), false);
  workspace_.reserve_scratch(n_threads, std::min(n_rows, block_rows));
  std::vector<double> row_costs(examples.y ? n_rows : 0);
  std::atomic<bool> all_are_finite = true;
  on_threads(n_threads, [&](int thread) {
    // each thread has its own rows of the batch's buffers
    const long slot = thread * block_rows;
    for (long first = slot; first < n_rows; first += block_rows * n_threads) {
      const long n = std::min(block_rows, n_rows - first);
      const Part rows(slot, slot + n);
      for (long i = 0; i < n; ++i) workspace_.take_row(examples, first + i, slot + i);
      embedding_.forward(rows);
      passes_.forward(rows, workspace_.scratch(thread));
      if (x_is_finite && !examples.are_finite(first, n, description_.shape.n_given())) all_are_finite = false;
      for (long i = 0; i < n; ++i)
        std::copy_n(workspace_.a(workspace_.n_layers()).row(slot + i), n_out, out + (first + i) * n_out);
      if (!examples.y) continue;
      passes_.output(rows, false);
      std::copy_n(workspace_.cost(slot), n, row_costs.data() + first);
    }
  });
  if (x_is_finite) *x_is_finite = all_are_finite;
  *cost = *weight = 0;
  for (std::size_t i = 0; i < row_costs.size(); ++i) {
    const double s = examples.weight_of(long(i));
    *cost += s * row_costs[i];
    *weight += s;
  }
}

// Steps 1 to 4 of the lecture's algorithm for some rows of a batch. Each example's errors are multiplied by `factor`,
// and by its weight where it has one. `step` counts from 0.
template <class T>
void Session<T>::take_rows(const Examples<T>& examples, const std::int64_t* batch, double factor, Part rows) {
  for (long i = rows.begin; i < rows.end; ++i) {
    workspace_.take_row(examples, batch[i], i);
    *workspace_.share(i) = T(examples.sample_weight ? double(examples.sample_weight[batch[i]]) * factor : factor);
  }
}

template <class T>
void Session<T>::train_rows(const Examples<T>& examples, const std::int64_t* batch, long n_rows, double factor,
                            Part rows, long step, T* scratch) {
  take_rows(examples, batch, factor, rows);
  embedding_.forward(rows);
  passes_.forward_in_training(rows, step, rows.begin, scratch);
  passes_.output(rows, true);
  passes_.backward(rows, n_rows, scratch);
  embedding_.backward(rows, scratch);
}

template <class T>
double Session<T>::cost_of_batch(const Examples<T>& examples, const T* costs, const std::int64_t* batch, long n_rows,
                                 double batch_weight) {
  constexpr long chains = 4;  // of additions, each of which waits for the one before
  double sums[chains] = {};
  for (long i = 0; i < n_rows; ++i) {
    const double weight = examples.weight_of(batch[i]);
    if (weight != 0) sums[i % chains] += weight * double(costs[i]);
  }
  const double cost = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  return cost / batch_weight;
}

// BP4, BP3 and the step of the embeddings; a step by the whole gradient has taken that already. Then w² for BP2.
template <class T>
void Session<T>::take_embeddings(const StepRule<T>& s, long n_rows, int thread, int n_threads) {
  if (!steps_by_whole_gradient()) {
    const Part embedded(embedding_.n_embedded(), thread, n_threads);
    embedding_.add_nabla(embedded, n_rows);
    embedding_.apply_nabla(s, T(1), embedded);
  }
  embedding_.transpose(Part(layers_[0].n_in, thread, n_threads));
}

// Within a step, rows of the batch belong to threads until every error is known; then weights do. Each sum is thus
// taken by one thread in one order, and the result does not depend on how many there are.
template <class T>
int Session<T>::run_steps(Examples<T> examples, const std::int64_t* order, long n_order, long batch_size,
                          const double* rates, const double* decays, double* costs, double* batch_weights,
                          const std::function<bool()>& interrupted) {
  using Clock = std::chrono::steady_clock;
  const Call call;
  const int most_threads = threads_for_steps(batch_size, n_order, examples.is_sparse());
  const bool is_narrow = narrow_.serves(batch_size, examples.is_sparse());
  if (is_narrow) {
    narrow_.reserve(batch_size, examples);
    step_.reserve(false);
  } else {
    reserve(most_threads, batch_size, examples);
  }
  if (steps_by_whole_gradient()) whole_gradient_.reserve();
  embedding_.clear_nabla();
  const T* const cost_of_each = is_narrow ? narrow_.costs() : workspace_.cost(0);
  const bool has_penalty = description_.objective.penalty.any();
  int diverged_layer = 0;
  bool stop = false;
  auto last_check = Clock::now();
  const long steps_between_looks = is_narrow ? std::max(1L, narrow_rows_between_looks_at_the_clock / batch_size) : 1;
  long first_of_all = 0, step_of_all = 0, rows_looked_at = 0;  // where threads begin, and as far as `pace_` knows
  bool change = false;                                         // of the number of threads
  pace_.begins();

  const auto take_steps = [&](int thread, int n_threads, Barrier& barrier, Turns& turns) {
    const SubnormalsAreZero while_steps_are_taken;
    T* scratch = is_narrow ? nullptr : workspace_.scratch(thread);
    long first = first_of_all, step = step_of_all, steps_taken = 0;
    std::vector<std::int64_t> places_ahead(examples.places ? batch_size : 0);
    if (!is_narrow) transpose(thread, n_threads);
    barrier.wait();  // w is transposed
    for (; first < n_order && !stop && !change; first += batch_size, ++step) {
      const std::int64_t* batch = order + first;
      const long n = std::min(batch_size, n_order - first);
      double batch_weight = double(n);
      if (examples.sample_weight) {
        batch_weight = 0;
        for (long i = 0; i < n; ++i) batch_weight += double(examples.sample_weight[batch[i]]);
      }
      if (batch_weight == 0) continue;  // every thread sees the same and goes on

      const StepRule<T> s = step_.rule(rates[step], decays ? decays[step] : 1, batch_weight, t + steps_taken + 1);
      const double p = steps_by_whole_gradient() ? 1 : double(s.p);  // a whole gradient is wanted as it is
      if (has_penalty) step_.find_penalties(batch_weight, thread, n_threads);
      const bool is_plain = !is_narrow && !embedding_.any();
      const bool by_neurons = is_plain && by_neurons_.serves(n, n_threads, examples.is_sparse());
      const bool in_one_pass = is_plain && one_pass_.serves(n, n_threads, examples.is_sparse());
      if (by_neurons || in_one_pass) {
        take_rows(examples, batch, p / batch_weight, Part(n, thread, n_threads));
        by_neurons_.forward(n, thread, n_threads, barrier, scratch);
        if (!in_one_pass) by_neurons_.backward(n, thread, n_threads, barrier, scratch);
      } else if (is_narrow) {
        narrow_.train(examples, batch, n, p / batch_weight, Part(narrow_.n_groups(n), thread, n_threads));
      } else {
        train_rows(examples, batch, n, p / batch_weight, Part(n, thread, n_threads), t + steps_taken, scratch);
      }
      barrier.wait();  // all errors are there, or those of the outputs
      ++steps_taken;

      if (thread == 0) {
        costs[step] = cost_of_batch(examples, cost_of_each, batch, n, batch_weight);
        batch_weights[step] = batch_weight;
        if (!std::isfinite(costs[step])) {
          diverged_layer = is_narrow ? narrow_.first_layer_not_finite(n) : workspace_.first_layer_not_finite(n);
          stop = true;
        } else if (steps_taken % steps_between_looks == 0 &&
                   Clock::now() - last_check > time_between_interrupt_checks) {
          last_check = Clock::now();
          stop = while_steps_are_taken.suspended_for(interrupted);  // a signal's handler may run
          change = pace_.look(double(first + n - rows_looked_at), n_threads, most_threads);
          rows_looked_at = first + n;
        }
        if (has_penalty) costs[step] += step_.penalty_cost();
      }
      const Part rows_ahead(std::clamp(n_order - first - batch_size, 0L, batch_size), thread, n_threads);
      const std::int64_t* const next_rows = batch + batch_size + rows_ahead.begin;
      const RowsAhead ahead =
          examples.ahead(next_rows, rows_ahead.size(), description_.shape.n_given(), places_ahead.data());
      if (is_narrow)
        narrow_.take(s, n, thread, n_threads);
      else if (in_one_pass)
        one_pass_.take(s, n, thread, n_threads, barrier, turns, ahead, scratch);
      else if (by_neurons)
        by_neurons_.take(s, n, thread, n_threads, ahead, scratch);
      else if (steps_by_whole_gradient())
        whole_gradient_.step(s, n, thread, n_threads, barrier, scratch);
      else
        step_.take(s, n, thread, n_threads, ahead, scratch);
      if (embedding_.any()) take_embeddings(s, n, thread, n_threads);
      barrier.wait();  // all weights are there
    }
    barrier.wait();  // nobody reads these any more
    if (thread != 0) return;
    t += steps_taken;
    first_of_all = first;
    step_of_all = step;
  };
  do {
    const int n_threads = pace_.threads_of(most_threads);
    Barrier barrier(n_threads);
    Turns turns(n_threads);
    change = false;
    on_threads(n_threads, [&](int thread) { take_steps(thread, n_threads, barrier, turns); });
  } while (change && !stop && first_of_all < n_order);
  pace_.look(double(first_of_all - rows_looked_at), pace_.threads_of(most_threads), most_threads);
  return diverged_layer ? diverged_layer : first_layer_not_finite();
}

template class Session<float>;
template class Session<double>;

}  // namespace backlit
