// Steps of members that share all layers but the last. Members take turns: the output layer is the member's own while
// its rows go through the network, and its inputs are multiplied by its scales. Rows of a member are shared out among
// threads, and the gradient of what is shared is summed over members, in their order. Then comes one step for all.
#include "shared_members.hpp"

#include <algorithm>
#include <cmath>

#include "session.hpp"
#include "subnormals.hpp"

namespace backlit {

namespace {

constexpr double nearest_to_zero = 1e-4;  // that a scale may be, as v is w² divided by it; see input_scales.py
constexpr std::int64_t most_rows = std::int64_t(1) << 31;  // that masks of dropout know one from another

// Weights and biases of a layer, and what the optimizer remembers of them.
template <class T>
void hand_over(Layer<T>& layer, SharedMembers<T>& members, long m, bool to_layer, int slot) {
  T* const w = slot < 0 ? layer.wt().data : layer.slot_wt(slot).data;
  T* const b = slot < 0 ? layer.b() : layer.slot_b(slot);
  T *const own_w = members.head_w.of(members.head_w.kept(slot), m), *const own_b =
                                                                        members.head_b.of(members.head_b.kept(slot), m);
  std::copy_n(to_layer ? own_w : w, members.head_w.n, to_layer ? w : own_w);
  std::copy_n(to_layer ? own_b : b, members.head_b.n, to_layer ? b : own_b);
}

// Its gradient, of which the layer has then none.
template <class T>
void take_nabla(Layer<T>& layer, SharedMembers<T>& members, long m) {
  std::copy_n(layer.nabla_wt().data, members.head_w.n, members.head_w.of(members.head_w.nabla, m));
  std::copy_n(layer.nabla_b(), members.head_b.n, members.head_b.of(members.head_b.nabla, m));
  std::fill_n(layer.nabla_wt().data, members.head_w.n, T(0));
  std::fill_n(layer.nabla_b(), members.head_b.n, T(0));
}

template <class T>
double squares_of(const T* values, long n) {
  double sums[8] = {};  // chains of additions, each of which waits for the one before
  for (long i = 0; i < n; ++i) sums[i % 8] += double(values[i]) * double(values[i]);
  double sum = 0;
  for (double each : sums) sum += each;
  return sum;
}

}  // namespace

template <class T>
void Session<T>::share_among(std::vector<std::uint64_t> dropout_seeds, double rate_of_scales) {
  const Layer<T>& last = layers_.back();
  const long k = long(dropout_seeds.size()), n_in = description_.shape.n_in(), lanes = workspace_.kernels.lanes;
  const int n_slots = description_.optimizer.n_slots();
  members_.dropout_seeds = std::move(dropout_seeds);
  members_.rate_of_scales = rate_of_scales;
  members_.scales = OfMembers<T>(k, padded(n_in, int(lanes)), n_slots);
  members_.head_w = OfMembers<T>(k, last.packed_size() - last.stride, n_slots);
  members_.head_b = OfMembers<T>(k, last.stride, n_slots);
  members_.nabla_v = Buffer<T>(layers_[0].packed_size() - layers_[0].stride);
  for (Buffer<T>* each : {&members_.nabla_s, &members_.ones, &members_.first_scales}) *each = Buffer<T>(n_in * lanes);
  std::fill_n(members_.ones.data(), members_.ones.size(), T(1));
}

template <class T>
void Session<T>::set_head(long member, int slot, const T* w, const T* b) {
  layers_.back().set_weights(slot, w);
  layers_.back().set_biases(slot, b);
  hand_over(layers_.back(), members_, member, false, slot);
}

template <class T>
void Session<T>::get_head(long member, int slot, T* w, T* b) {
  hand_over(layers_.back(), members_, member, true, slot);
  layers_.back().get_weights(slot, w);
  layers_.back().get_biases(slot, b);
}

template <class T>
void Session<T>::take_rows_of_member(const Examples<T>& examples, const std::int64_t* batch, double factor, long m,
                                     Part rows) {
  const long n_in = description_.shape.n_in();
  const T* const r = members_.scales.of(members_.scales.theta, m);
  take_rows(examples, batch, factor, rows);
  for (long i = rows.begin; i < rows.end; ++i) {
    const T* const x = *workspace_.x(i);
    T* const scaled = members_.scaled_x.data() + i * n_in;
    for (long k = 0; k < n_in; ++k) scaled[k] = x[k] * r[k];
    *workspace_.x(i) = scaled;
  }
}

// BP4 and BP3 of one member, whose errors are all there: of layers that are shared added to those of the others. By its
// scales, with x ⊙ r in place of x in ∇w², Σ_j v_jk ∇w²_jk is r_k ∂C/∂r_k.
template <class T>
void Session<T>::add_nabla_of_member(long m, long n_rows, int thread, int n_threads, T* scratch) {
  for (int l = 0; l < workspace_.n_layers(); ++l) {
    whole_gradient_.add_w(l, n_rows, Part(layers_[l].weight_rows(), thread, n_threads), scratch);
    if (thread == l % n_threads) whole_gradient_.add_b(l, n_rows);
  }
  const long n_in = description_.shape.n_in(), lanes = workspace_.kernels.lanes;
  const auto column = [&](Buffer<T>& values) { return Panels<T>{values.data(), n_in, 1}; };
  const Part inputs(n_in, thread, n_threads);
  workspace_.kernels.take_apart(layers_[0].wt(), layers_[0].nabla_wt(), column(members_.ones), column(members_.nabla_s),
                                inputs.begin, inputs.end);
  const T* const r = members_.scales.of(members_.scales.theta, m);
  T* const nabla_r = members_.scales.of(members_.scales.nabla, m);
  for (long k = inputs.begin; k < inputs.end; ++k) nabla_r[k] = members_.nabla_s.data()[k * lanes] / r[k];
}

// Adds a member's ∇w², of which all is there, to that of the others.
template <class T>
void Session<T>::add_up_nabla_v(int thread, int n_threads) {
  const Part part(members_.nabla_v.size(), thread, n_threads);
  T *const sum = members_.nabla_v.data(), *const own = layers_[0].nabla_wt().data;
  for (long i = part.begin; i < part.end; ++i) {
    sum[i] += own[i];
    own[i] = 0;
  }
}

template <class T>
double Session<T>::squares_of_members() {
  double squares = squares_of(members_.nabla_v.data(), members_.nabla_v.size());
  for (int l = 0; l + 1 < workspace_.n_layers(); ++l) {
    if (l > 0) squares += squares_of(layers_[l].nabla_wt().data, layers_[l].packed_size() - layers_[l].stride);
    squares += squares_of(layers_[l].nabla_b(), layers_[l].stride);
  }
  for (OfMembers<T>* each : {&members_.head_w, &members_.head_b, &members_.scales})
    squares += squares_of(each->nabla.data(), each->nabla.size());
  return squares;
}

// One step for all, and w for BP2. v goes by w² of the first member, which is what is kept of it, so that it has the
// same bits wherever steps are interrupted.
template <class T>
void Session<T>::step_members(const StepRule<T>& s, T factor, int thread, int n_threads, Barrier& barrier) {
  const Kernels<T>& kernels = workspace_.kernels;
  const LayerRates& rates = description_.layer_rates;
  const int last = workspace_.n_layers() - 1;
  const long n_in = description_.shape.n_in();
  Layer<T>& first = layers_[0];
  const Part inputs(n_in, thread, n_threads);
  kernels.apply(rates.of_weights(s, 0), factor, {members_.nabla_v.data(), n_in, first.n_out}, first.wt(),
                first.slot_wt(0), first.slot_wt(1), inputs.begin, inputs.end);
  for (int l = 0; l < last; ++l) {
    if (l > 0) {
      layers_[l].apply_nabla(rates.of_weights(s, l), factor, Part(layers_[l].weight_rows(), thread, n_threads));
      layers_[l].transpose(Part(layers_[l].n_in, thread, n_threads));
    }
    if (thread == l % n_threads) layers_[l].apply_nabla_b(rates.of_biases(s, l), factor);
  }
  if (thread == 0) {
    members_.head_w.apply(kernels, rates.of_weights(s, last), factor);
    members_.head_b.apply(kernels, rates.of_biases(s, last), factor);
    StepRule<T> of_scales = rule_of_biases(s);
    of_scales.q *= T(members_.rate_of_scales);
    members_.scales.apply(kernels, of_scales, factor);
    for (long m = 0; m < members_.n_members(); ++m) {
      T* const r = members_.scales.of(members_.scales.theta, m);
      for (long k = 0; k < n_in; ++k)
        if (std::abs(r[k]) < T(nearest_to_zero)) r[k] = T(r[k] < 0 ? -nearest_to_zero : nearest_to_zero);
    }
    for (long k = 0; k < n_in; ++k) members_.first_scales.data()[k * kernels.lanes] = members_.scales.theta.data()[k];
  }
  barrier.wait();  // scales are there
  const Panels<T> r{members_.first_scales.data(), n_in, 1}, unused{members_.nabla_s.data(), n_in, 1};
  kernels.put_together(first.wt(), r, inputs.begin, inputs.end);
  kernels.take_apart(first.wt(), first.nabla_wt(), r, unused, inputs.begin, inputs.end);
}

// As Session::run_steps, but for `order`, which has n_order rows of each member, one member after the other.
template <class T>
int Session<T>::run_steps_of_members(Examples<T> examples, const std::int64_t* order, long n_order, long batch_size,
                                     const double* rates, const double* decays, double* costs, double* batch_weights,
                                     const std::function<bool()>& interrupted) {
  using Clock = std::chrono::steady_clock;
  const Call call;
  const long k = members_.n_members();
  const int n_threads = threads_for(batch_size, n_order * k, batch_size);
  Layer<T>& last = layers_.back();
  reserve(n_threads, batch_size, examples);
  whole_gradient_.reserve();
  if (members_.scaled_x.size() < batch_size * description_.shape.n_in())
    members_.scaled_x = Buffer<T>(batch_size * description_.shape.n_in());
  std::fill_n(members_.nabla_v.data(), members_.nabla_v.size(), T(0));  // of a run that broke off
  int diverged_layer = 0;
  bool stop = false, was_interrupted = false;  // each is written where no thread reads it
  double squares = 0;
  auto last_check = Clock::now();
  Barrier barrier(n_threads);

  on_threads(n_threads, [&](int thread) {
    const SubnormalsAreZero while_steps_are_taken;
    T* const scratch = workspace_.scratch(thread);
    long step = 0, steps_taken = 0;
    std::vector<double> weights(k);
    transpose(thread, n_threads);
    for (long first = 0; first < n_order && !stop && !was_interrupted; first += batch_size, ++step) {
      const long n = std::min(batch_size, n_order - first);
      const Part rows(n, thread, n_threads);
      for (long m = 0; m < k; ++m) {
        weights[m] = 0;
        for (long i = 0; i < n; ++i) weights[m] += examples.weight_of(order[m * n_order + first + i]);
      }
      // a member that learns nothing from its rows cannot take part; every thread sees the same and goes on
      if (std::find(weights.begin(), weights.end(), 0.0) != weights.end()) continue;
      for (long m = 0; m < k; ++m) {
        const std::int64_t* const batch = order + m * n_order + first;
        barrier.wait();  // nobody works on the member before
        if (stop) break;
        if (thread == 0) {
          if (m > 0) take_nabla(last, members_, m - 1);
          hand_over(last, members_, m, true, -1);
          last.transpose(Part(0, last.n_in));
          description_.objective.dropout.seed = members_.dropout_seeds[m];
        }
        if (m > 0) add_up_nabla_v(thread, n_threads);
        take_rows_of_member(examples, batch, 1 / (weights[m] * k), m, rows);
        barrier.wait();  // the output layer is there
        const std::int64_t rows_before = std::int64_t(t + steps_taken) * batch_size % most_rows;
        passes_.forward_in_training(rows, 0, long(rows_before + rows.begin), scratch);
        passes_.output(rows, true);
        passes_.backward(rows, n, scratch);
        barrier.wait();  // all errors are there
        if (thread == 0) {
          const double cost = cost_of_batch(examples, workspace_.cost(0), batch, n, weights[m]);
          costs[step] += cost / k;
          batch_weights[step] += weights[m] / k;
          if (!std::isfinite(cost)) {
            diverged_layer = workspace_.first_layer_not_finite(n);
            stop = true;
          }
        }
        add_nabla_of_member(m, n, thread, n_threads, scratch);
      }
      barrier.wait();  // the gradient of all is there
      if (stop) break;
      ++steps_taken;
      add_up_nabla_v(thread, n_threads);
      if (thread == 0) {
        take_nabla(last, members_, k - 1);
        if (Clock::now() - last_check > time_between_interrupt_checks) {
          last_check = Clock::now();
          was_interrupted = while_steps_are_taken.suspended_for(interrupted);  // a signal's handler may run
        }
      }
      barrier.wait();  // that of the last member, too
      const StepRule<T> s = step_.rule(rates[step], decays ? decays[step] : 1, 1, t + steps_taken);
      T factor = s.p;
      if (steps_by_whole_gradient()) {
        if (thread == 0) squares = squares_of_members();
        barrier.wait();  // its length is known
        factor *= clip_factor<T>(description_.optimizer, squares);
      }
      step_members(s, factor, thread, n_threads, barrier);
    }
    barrier.wait();  // nobody reads t any more
    if (thread == 0) t += steps_taken;
  });
  if (diverged_layer) return diverged_layer;
  for (OfMembers<T>* each : {&members_.head_w, &members_.head_b})
    if (!all_finite(each->theta.data(), each->theta.size())) return workspace_.n_layers() + 1;
  if (!all_finite(members_.scales.theta.data(), members_.scales.theta.size())) return 2;
  return first_layer_not_finite();
}

}  // namespace backlit
