#include "session.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#include <sys/mman.h>
#endif

namespace backlit {

namespace {

constexpr long cache_line = 64;
constexpr long huge_page = 2 << 20;
// Rows fed forward at a time where nothing has to be kept, and rows a gradient is summed over at a time.
constexpr long block_rows = 256;
constexpr long gradient_rows = 2048;
// Below this many floating-point operations a step, a second thread costs more than it saves.
constexpr double operations_a_thread = 4e6;
constexpr auto time_between_interrupt_checks = std::chrono::milliseconds(50);

long padded(long n, int lanes) { return (n + lanes - 1) / lanes * lanes; }

template <class T>
bool all_finite(const T* values, long n) {
  // x − x is 0 for finite x and NaN otherwise, so one sum tells for all, and vectorizes
  T sum = 0;
  for (long i = 0; i < n; ++i) sum += values[i] - values[i];
  return sum == 0;
}

}  // namespace

template <class T>
Buffer<T>::Buffer(long n) : n_(n) {
  if (n == 0) return;
  const std::size_t bytes = (std::size_t(n) * sizeof(T) + cache_line - 1) / cache_line * cache_line;
  const bool is_large = bytes >= std::size_t(huge_page);
  const std::size_t unit = is_large ? huge_page : cache_line;
  void* memory = std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
  if (!memory) throw std::bad_alloc();
#if defined(__linux__)
  if (is_large) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  std::memset(memory, 0, bytes);
  data_.reset(static_cast<T*>(memory));
}

template <class T>
void Buffer<T>::Free::operator()(T* p) const {
  std::free(p);
}

int available_processors() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

template <class T>
Session<T>::Session(Description description) : description_(std::move(description)), kernels_(kernels<T>()) {
  const int n_slots = description_.optimizer.n_slots();
  for (std::size_t l = 0; l + 1 < description_.sizes.size(); ++l) {
    Layer& layer = layers_.emplace_back();
    layer.n_in = description_.sizes[l];
    layer.n_out = description_.sizes[l + 1];
    layer.stride = padded(layer.n_out, kernels_.lanes);
    layer.activation = description_.activations[l];
    layer.wt = Buffer<T>(layer.n_in * layer.stride);
    layer.b = Buffer<T>(layer.stride);
    for (int slot = 0; slot < n_slots; ++slot) {
      layer.slots_wt[slot] = Buffer<T>(layer.n_in * layer.stride);
      layer.slots_b[slot] = Buffer<T>(layer.stride);
    }
  }
  batch_.a.resize(layers_.size() + 1);
  batch_.z.resize(layers_.size());
  batch_.delta.resize(layers_.size());
}

template <class T>
void Session<T>::set_weights(int l, int slot, const T* w) {
  Layer& layer = layers_[l];
  T* wt = slot < 0 ? layer.wt.data() : layer.slots_wt[slot].data();
  for (long j = 0; j < layer.n_out; ++j)
    for (long k = 0; k < layer.n_in; ++k) wt[k * layer.stride + j] = w[j * layer.n_in + k];
}

template <class T>
void Session<T>::get_weights(int l, int slot, T* w) const {
  const Layer& layer = layers_[l];
  const T* wt = slot < 0 ? layer.wt.data() : layer.slots_wt[slot].data();
  kernels_.transpose({wt, layer.stride}, {w, layer.n_in}, 0, layer.n_in, layer.n_out);
}

template <class T>
void Session<T>::set_biases(int l, int slot, const T* b) {
  Layer& layer = layers_[l];
  std::copy_n(b, layer.n_out, slot < 0 ? layer.b.data() : layer.slots_b[slot].data());
}

template <class T>
void Session<T>::get_biases(int l, int slot, T* b) const {
  const Layer& layer = layers_[l];
  std::copy_n(slot < 0 ? layer.b.data() : layer.slots_b[slot].data(), layer.n_out, b);
}

template <class T>
bool Session<T>::keeps_z(int l) const {
  const bool is_output = l + 1 == int(layers_.size());
  return activation_needs_z[int(layers_[l].activation)] || (is_output && loss_needs_z(description_.loss));
}

template <class T>
void Session<T>::reserve(long n_rows, bool with_delta) {
  if (batch_.n_rows < n_rows) {
    batch_.a[0] = Buffer<T>(n_rows * layers_[0].n_in);
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      batch_.a[l + 1] = Buffer<T>(n_rows * layers_[l].stride);
      if (keeps_z(l)) batch_.z[l] = Buffer<T>(n_rows * layers_[l].stride);
      batch_.delta[l] = {};
    }
    batch_.y.assign(n_rows, nullptr);
    batch_.share = Buffer<T>(n_rows);
    batch_.cost = Buffer<T>(n_rows);
    batch_.n_rows = n_rows;
  }
  if (!with_delta) return;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    if (batch_.delta[l].size() == 0) batch_.delta[l] = Buffer<T>(batch_.n_rows * layer.stride);
    if (l > 0 && layer.w.size() == 0) layer.w = Buffer<T>(layer.n_out * padded(layer.n_in, kernels_.lanes));
    if (description_.penalty.any() && layer.squares.size() == 0) {
      layer.squares = Buffer<double>(layer.n_in);
      layer.magnitudes = Buffer<double>(layer.n_in);
    }
  }
}

template <class T>
void Session<T>::reserve_scratch(int n_threads, long depth) {
  for (long size : description_.sizes) depth = std::max(depth, size);
  const long needed = depth * (panel_bytes / long(sizeof(T)));
  if (long(scratch_.size()) < n_threads) scratch_.resize(n_threads);
  for (int t = 0; t < n_threads; ++t)
    if (scratch_[t].size() < needed) scratch_[t] = Buffer<T>(needed);
}

template <class T>
int Session<T>::threads_for(long rows_a_step, long rows) const {
  double weights = 0;
  for (const Layer& layer : layers_) weights += double(layer.n_in) * layer.n_out;
  const double wanted = 6.0 * weights * rows_a_step / operations_a_thread;
  return int(std::clamp<double>(wanted, 1, std::min<long>(description_.max_threads, std::max(1L, rows))));
}

// Steps 1 and 2 of the lecture's algorithm, for rows of the batch whose input is gathered already.
template <class T>
void Session<T>::feedforward_rows(Part rows, T* scratch) {
  auto from = [&](Matrix<T> m) { return Matrix<T>{m.row(rows.begin), m.stride}; };
  auto from_const = [&](Matrix<T> m) { return Matrix<const T>{m.row(rows.begin), m.stride}; };
  for (int l = 0; l < int(layers_.size()); ++l) {
    Layer& layer = layers_[l];
    kernels_.forward(layer.activation, from_const(a(l)), {layer.wt.data(), layer.stride}, layer.b.data(), from(z(l)),
                     from(a(l + 1)), rows.size(), layer.n_in, layer.n_out, scratch);
  }
}

// Step 4: BP2 from the last layer down to the second.
template <class T>
void Session<T>::backpropagate_rows(Part rows, T* scratch) {
  auto from = [&](Matrix<T> m) { return Matrix<T>{m.row(rows.begin), m.stride}; };
  auto from_const = [&](Matrix<T> m) { return Matrix<const T>{m.row(rows.begin), m.stride}; };
  for (int l = int(layers_.size()) - 2; l >= 0; --l) {
    Layer& next = layers_[l + 1];
    kernels_.backward(layers_[l].activation, from_const(delta(l + 1)),
                      {next.w.data(), padded(next.n_in, kernels_.lanes)}, from_const(z(l)), from_const(a(l + 1)),
                      from(delta(l)), rows.size(), next.n_out, next.n_in, scratch);
  }
}

template <class T>
void Session<T>::transpose_part(int thread, int n_threads) {
  for (std::size_t l = 1; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    const Part part(layer.n_in, thread, n_threads);
    kernels_.transpose({layer.wt.data(), layer.stride}, {layer.w.data(), padded(layer.n_in, kernels_.lanes)},
                       part.begin, part.end, layer.n_out);
  }
}

template <class T>
double Session<T>::penalty_cost(double batch_weight) const {
  const Penalty& penalty = description_.penalty;
  double squares = 0, magnitudes = 0;
  for (const Layer& layer : layers_)
    for (long k = 0; k < layer.n_in; ++k) {
      squares += layer.squares.data()[k];
      magnitudes += layer.magnitudes.data()[k];
    }
  return 0.5 * (penalty.l2 + penalty.alpha / batch_weight) * squares + penalty.l1 * magnitudes;
}

template <class T>
StepRule<T> Session<T>::rule(double rate, double batch_weight, long step) const {
  const Optimizer& o = description_.optimizer;
  StepRule<T> s{};
  s.square = T(description_.penalty.l2 + description_.penalty.alpha / batch_weight);
  s.l1 = T(description_.penalty.l1);
  s.momentum = T(o.momentum);
  s.one_minus_momentum = T(1 - o.momentum);
  s.beta_2 = T(o.beta_2);
  s.one_minus_beta_2 = T(1 - o.beta_2);
  s.epsilon = T(o.epsilon);
  s.keep = 1;
  s.nesterov = o.nesterov;
  switch (o.kind) {
    case Optimizer::Kind::sgd:
      s.rule = o.momentum != 0 ? Rule::momentum : Rule::sgd;
      s.p = T(o.rate_in_velocity ? -rate : 1);
      s.q = T(o.rate_in_velocity && o.momentum != 0 ? 1 : -rate);
      break;
    case Optimizer::Kind::rmsprop:
      s.rule = Rule::rmsprop;
      s.q = T(-rate);
      break;
    case Optimizer::Kind::adam:
    case Optimizer::Kind::adamw: {
      s.rule = Rule::adam;
      const double root = std::sqrt(1 - std::pow(o.beta_2, double(step)));
      s.q = T(-rate * root / (1 - std::pow(o.momentum, double(step))));
      if (o.kind == Optimizer::Kind::adamw) {
        // m̂ / (√v̂ + ε) = √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε √(1 − β₂ᵗ))
        s.epsilon = T(o.epsilon * root);
        s.keep = T(1 - rate * o.weight_decay);
      }
      break;
    }
  }
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

template <class T>
void Session<T>::evaluate(Examples<T> examples, long n_rows, T* out, double* cost, double* weight) {
  const long n_in = layers_.front().n_in, n_out = layers_.back().n_out;
  const int n_threads = threads_for(n_rows, (n_rows + block_rows - 1) / block_rows);
  reserve(std::min(n_rows, block_rows * n_threads), false);
  reserve_scratch(n_threads, 0);
  std::vector<double> row_costs(examples.y ? n_rows : 0);
  on_threads(n_threads, [&](int thread) {
    // each thread has its own rows of the batch's buffers
    const long slot = thread * block_rows;
    for (long first = slot; first < n_rows; first += block_rows * n_threads) {
      const long n = std::min(block_rows, n_rows - first);
      const Part rows(slot, slot + n);
      std::copy_n(examples.x + first * n_in, n * n_in, a(0).row(slot));
      feedforward_rows(rows, scratch_[thread].data());
      const int last = int(layers_.size()) - 1;
      for (long i = 0; i < n; ++i) std::copy_n(a(last + 1).row(slot + i), n_out, out + (first + i) * n_out);
      if (!examples.y) continue;
      for (long i = 0; i < n; ++i) batch_.y[slot + i] = examples.y + (first + i) * n_out;
      const Matrix<T> z_last = z(last), a_last = a(last + 1);
      kernels_.output_error(description_.loss, layers_[last].activation, {z_last.row(slot), z_last.stride},
                            {a_last.row(slot), a_last.stride}, batch_.y.data() + slot, nullptr, {nullptr, 0},
                            batch_.cost.data() + slot, n, n_out);
      std::copy_n(batch_.cost.data() + slot, n, row_costs.data() + first);
    }
  });
  *cost = *weight = 0;
  for (std::size_t i = 0; i < row_costs.size(); ++i) {
    const double s = examples.sample_weight ? double(examples.sample_weight[i]) : 1.0;
    *cost += s * row_costs[i];
    *weight += s;
  }
}

template <class T>
void Session<T>::gradient(Examples<T> examples, long n_rows, double* cost, double* weight) {
  const long n_in = layers_.front().n_in, n_out = layers_.back().n_out;
  const int n_layers = int(layers_.size()), last = n_layers - 1;
  const long chunk = std::min(n_rows, gradient_rows);
  const int n_threads = threads_for(chunk, chunk);
  reserve(chunk, true);
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
      std::copy_n(examples.x + (first + rows.begin) * n_in, rows.size() * n_in, a(0).row(rows.begin));
      for (long i = rows.begin; i < rows.end; ++i) {
        batch_.y[i] = examples.y + (first + i) * n_out;
        const double s = examples.sample_weight ? double(examples.sample_weight[first + i]) : 1.0;
        batch_.share.data()[i] = T(s / *weight);
      }
      feedforward_rows(rows, scratch);
      const Matrix<T> z_last = z(last), a_last = a(last + 1), delta_last = delta(last);
      kernels_.output_error(description_.loss, layers_[last].activation, {z_last.row(rows.begin), z_last.stride},
                            {a_last.row(rows.begin), a_last.stride}, batch_.y.data() + rows.begin,
                            batch_.share.data() + rows.begin, {delta_last.row(rows.begin), delta_last.stride},
                            batch_.cost.data() + rows.begin, rows.size(), n_out);
      barrier.wait();  // w is transposed
      backpropagate_rows(rows, scratch);
      barrier.wait();  // all errors are there
      if (thread == 0)
        for (long i = 0; i < n; ++i) {
          const double s = examples.sample_weight ? double(examples.sample_weight[first + i]) : 1.0;
          if (s != 0) chunk_costs[first / chunk] += s / *weight * batch_.cost.data()[i];
        }
      for (int l = 0; l < n_layers; ++l) {
        Layer& layer = layers_[l];
        const Part part(layer.n_in, thread, n_threads);
        kernels_.add_nabla_w({a(l).data, a(l).stride}, {delta(l).data, delta(l).stride},
                             {layer.nabla_wt.data(), layer.stride}, n, part.begin, part.end, scratch);
        if (thread == l % n_threads) kernels_.add_nabla_b({delta(l).data, delta(l).stride}, layer.nabla_b.data(), n);
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
  kernels_.transpose({layer.nabla_wt.data(), layer.stride}, {nabla_w, layer.n_in}, 0, layer.n_in, layer.n_out);
  std::copy_n(layer.nabla_b.data(), layer.n_out, nabla_b);
}

template <class T>
void Session<T>::apply_gradient(const std::vector<const T*>& nabla_w, const std::vector<const T*>& nabla_b,
                                double rate) {
  StepRule<T> s = rule(rate, 1, ++t);
  s.square = s.l1 = 0;  // the gradient holds the penalty's already
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    Buffer<T> nabla_wt(layer.wt.size()), nabla_b_padded(layer.b.size());
    for (long j = 0; j < layer.n_out; ++j)
      for (long k = 0; k < layer.n_in; ++k) nabla_wt.data()[k * layer.stride + j] = nabla_w[l][j * layer.n_in + k];
    std::copy_n(nabla_b[l], layer.n_out, nabla_b_padded.data());
    kernels_.apply(s, nabla_wt.data(), layer.wt.data(), layer.slots_wt[0].data(), layer.slots_wt[1].data(),
                   layer.wt.size(), true);
    kernels_.apply(s, nabla_b_padded.data(), layer.b.data(), layer.slots_b[0].data(), layer.slots_b[1].data(),
                   layer.b.size(), false);
  }
}

// Within a step, rows of the batch belong to threads until every error is known; then weights do. Each sum is thus
// taken by one thread in one order, and the result does not depend on how many there are.
template <class T>
int Session<T>::run_steps(Examples<T> examples, const std::int64_t* order, long n_order, long batch_size,
                          const double* rates, double* costs, double* batch_weights,
                          const std::function<bool()>& interrupted) {
  using Clock = std::chrono::steady_clock;
  const long n_in = layers_.front().n_in, n_out = layers_.back().n_out;
  const int n_layers = int(layers_.size()), last = n_layers - 1;
  const int n_threads = threads_for(batch_size, batch_size);
  reserve(batch_size, true);
  reserve_scratch(n_threads, batch_size);
  const bool has_penalty = description_.penalty.any();
  int diverged_layer = 0;
  bool stop = false;
  auto last_check = Clock::now();
  Barrier barrier(n_threads);

  on_threads(n_threads, [&](int thread) {
    T* scratch = scratch_[thread].data();
    long step = 0, steps_taken = 0;
    for (long first = 0; first < n_order && !stop; first += batch_size, ++step) {
      const std::int64_t* batch = order + first;
      const long n = std::min(batch_size, n_order - first);
      double batch_weight = double(n);
      if (examples.sample_weight) {
        batch_weight = 0;
        for (long i = 0; i < n; ++i) batch_weight += double(examples.sample_weight[batch[i]]);
        if (batch_weight == 0) continue;  // every thread sees the same and goes on
      }

      const Part rows(n, thread, n_threads);
      for (long i = rows.begin; i < rows.end; ++i) {
        std::memcpy(a(0).row(i), examples.x + batch[i] * n_in, n_in * sizeof(T));
        batch_.y[i] = examples.y + batch[i] * n_out;
        const double s = examples.sample_weight ? double(examples.sample_weight[batch[i]]) : 1.0;
        batch_.share.data()[i] = T(s / batch_weight);
      }
      transpose_part(thread, n_threads);
      feedforward_rows(rows, scratch);
      const Matrix<T> z_last = z(last), a_last = a(last + 1), delta_last = delta(last);
      kernels_.output_error(description_.loss, layers_[last].activation, {z_last.row(rows.begin), z_last.stride},
                            {a_last.row(rows.begin), a_last.stride}, batch_.y.data() + rows.begin,
                            batch_.share.data() + rows.begin, {delta_last.row(rows.begin), delta_last.stride},
                            batch_.cost.data() + rows.begin, rows.size(), n_out);
      if (n_layers > 1) {
        barrier.wait();  // w is transposed
        backpropagate_rows(rows, scratch);
      }
      barrier.wait();  // all errors are there

      if (thread == 0) {
        double cost = 0;
        for (long i = 0; i < n; ++i) {
          const double s = examples.sample_weight ? double(examples.sample_weight[batch[i]]) : 1.0;
          if (s != 0) cost += s * double(batch_.cost.data()[i]);
        }
        costs[step] = cost / batch_weight;
        batch_weights[step] = batch_weight;
        if (!std::isfinite(costs[step])) {
          diverged_layer = first_layer_not_finite_in_batch(n);
          stop = true;
        } else if (Clock::now() - last_check > time_between_interrupt_checks) {
          last_check = Clock::now();
          stop = interrupted();
        }
      }
      const StepRule<T> s = rule(rates[step], batch_weight, t + ++steps_taken);
      for (int l = 0; l < n_layers; ++l) {
        Layer& layer = layers_[l];
        const Part part(layer.n_in, thread, n_threads);
        if (has_penalty)
          kernels_.row_sums({layer.wt.data(), layer.stride}, layer.squares.data(), layer.magnitudes.data(), part.begin,
                            part.end, layer.n_out);
        kernels_.update_weights(s, {a(l).data, a(l).stride}, {delta(l).data, delta(l).stride}, layer.wt_matrix(),
                                layer.slot_matrix(0), layer.slot_matrix(1), n, part.begin, part.end, scratch);
        if (thread == l % n_threads)
          kernels_.update_biases(s, {delta(l).data, delta(l).stride}, layer.b.data(), layer.slots_b[0].data(),
                                 layer.slots_b[1].data(), n);
      }
      barrier.wait();  // all weights are there
      if (thread == 0 && has_penalty) costs[step] += penalty_cost(batch_weight);
    }
    barrier.wait();  // nobody reads t any more
    if (thread == 0) t += steps_taken;
  });
  return diverged_layer ? diverged_layer : first_layer_not_finite();
}

template class Buffer<float>;
template class Buffer<double>;
template class Session<float>;
template class Session<double>;

}  // namespace backlit
