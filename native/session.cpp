#include "session.hpp"

#include <algorithm>

namespace backlit {

namespace {

// Rows fed forward at a time where nothing has to be kept.
constexpr long block_rows = 256;
// Below so many floating-point operations a step, a second thread costs more than it saves; and so many in a call,
// before it has begun.
constexpr double operations_a_thread = 4e6, operations_a_call = 2.5e7;

}  // namespace

template <class T>
Session<T>::Session(Description description) : Session(description, kernels<T>(description.precision)) {}

template <class T>
Session<T>::Session(Description description, const Kernels<T>& kernels)
    : description_(std::move(description)), kernels_(kernels) {
  const int n_slots = description_.optimizer.n_slots();
  for (std::size_t l = 0; l + 1 < description_.shape.sizes.size(); ++l) {
    Layer& layer = layers_.emplace_back();
    layer.n_in = description_.shape.sizes[l];
    layer.n_out = description_.shape.sizes[l + 1];
    layer.stride = padded(layer.n_out, kernels_.lanes);
    layer.activation = description_.shape.activations[l];
    layer.is_row = l > 0 && layer.n_out == 1 && description_.precision == Precision::full;
    const long n_weights = layer.weight_rows() * padded(layer.weight_columns(), kernels_.lanes);
    layer.wt = Buffer<T>(n_weights);
    layer.b = Buffer<T>(layer.stride);
    for (int slot = 0; slot < n_slots; ++slot) {
      layer.slots_wt[slot] = Buffer<T>(n_weights);
      layer.slots_b[slot] = Buffer<T>(layer.stride);
    }
  }
  batch_.a.resize(layers_.size() + 1);
  batch_.z.resize(layers_.size());
  batch_.delta.resize(layers_.size());
  batch_.delta_panels.resize(layers_.size());
  batch_.mask.resize(layers_.size());
  batch_.dropped.resize(layers_.size());
  description_.objective.dropout.rates.resize(layers_.size(), 0.0);
}

template <class T>
void Session<T>::set_weights(int l, int slot, const T* w) {
  Layer& layer = layers_[l];
  kernels_.write_weights(layer.as_lecture(w), layer.in_panels(slot < 0 ? layer.wt : layer.slots_wt[slot]));
}

template <class T>
void Session<T>::get_weights(int l, int slot, T* w) const {
  const Layer& layer = layers_[l];
  kernels_.read_weights(layer.in_panels(slot < 0 ? layer.wt : layer.slots_wt[slot]), layer.as_lecture(w));
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
  return activation_needs_z[int(layers_[l].activation)] || (is_output && loss_needs_z(description_.objective.loss));
}

template <class T>
void Session<T>::reserve(long n_rows, bool with_delta, bool is_sparse) {
  batch_.is_sparse = is_sparse;
  if (batch_.n_rows < n_rows) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      batch_.a[l + 1] = RowBuffer<T>(n_rows, layers_[l].stride);
      if (keeps_z(l)) batch_.z[l] = Buffer<T>(n_rows * layers_[l].stride);
      batch_.delta[l] = {};
      batch_.delta_panels[l] = {};
      batch_.mask[l] = {};
      batch_.dropped[l] = {};
    }
    batch_.x.assign(n_rows, nullptr);
    batch_.y.assign(n_rows, nullptr);
    batch_.share = Buffer<T>(n_rows);
    batch_.cost = Buffer<T>(n_rows);
    batch_.n_rows = n_rows;
  }
  if (is_sparse) {
    batch_.sparse.resize(batch_.n_rows);
    batch_.sparse_dropped.resize(batch_.n_rows);
  }
  if (!with_delta) return;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    Layer& layer = layers_[l];
    if (batch_.delta[l].empty()) {
      batch_.delta[l] = RowBuffer<T>(batch_.n_rows, layer.stride);
      if (!is_one_panel(l)) batch_.delta_panels[l] = Buffer<T>(batch_.n_rows * layer.stride);
    }
    if (drops(l) && !(l == 0 && is_sparse) && batch_.mask[l].size() == 0) {
      const long stride = l == 0 ? layer.n_in : layers_[l - 1].stride;
      batch_.mask[l] = Buffer<T>(batch_.n_rows * stride);
      batch_.dropped[l] = RowBuffer<T>(batch_.n_rows, stride);
    }
    if (l > 0 && !layer.is_row && layer.w.size() == 0)
      layer.w = Buffer<T>(layer.n_out * padded(layer.n_in, kernels_.lanes));
    if (l == 0 && is_sparse) layer.nabla_wt = Buffer<T>(layer.wt.size());
    if (steps_by_whole_gradient()) {
      layer.nabla_wt = Buffer<T>(layer.wt.size());
      layer.nabla_b = Buffer<T>(layer.b.size());
      layer.nabla_squares = Buffer<double>(layer.weight_rows() + 1);
    }
    if (description_.objective.penalty.any() && layer.squares.size() == 0) {
      layer.squares = Buffer<double>(layer.weight_rows());
      layer.magnitudes = Buffer<double>(layer.weight_rows());
    }
  }
}

template <class T>
void Session<T>::reserve_scratch(int n_threads, long n_rows) {
  const long widest = *std::max_element(description_.shape.sizes.begin(), description_.shape.sizes.end());
  const long needed = kernels_.scratch_size(n_rows, widest);
  if (long(scratch_.size()) < n_threads) scratch_.resize(n_threads);
  for (int t = 0; t < n_threads; ++t)
    if (scratch_[t].size() < needed) scratch_[t] = Buffer<T>(needed);
}

template <class T>
int Session<T>::threads_for(long rows_a_step, long rows_a_call, long most) const {
  double weights = 0;
  for (const Layer& layer : layers_) weights += double(layer.n_in) * layer.n_out;
  const double training = 6 * weights;  // operations a row
  const double wanted =
      std::min(training * rows_a_step / operations_a_thread, training * rows_a_call / operations_a_call);
  return int(
      std::clamp<double>(wanted, 1, std::min<long>(Call::share_of(description_.max_threads), std::max(1L, most))));
}

// Row `from` of the examples becomes row `to` of the batch. It stays where it lies.
template <class T>
void Session<T>::take_row(const Examples<T>& examples, long from, long to) {
  if (examples.is_sparse()) {
    const std::int64_t begin = examples.row_starts[from], end = examples.row_starts[from + 1];
    batch_.sparse[to] = {examples.values + begin, examples.columns + begin, long(end - begin)};
  } else {
    batch_.x[to] = examples.x + from * layers_.front().n_in;
  }
  if (!examples.y) return;
  batch_.y[to] = examples.y + from * layers_.back().n_out;
  __builtin_prefetch(batch_.y[to]);  // targets of a shuffled batch lie all over memory
}

// Steps 1 and 2 of the lecture's algorithm, for rows of the batch.
template <class T>
void Session<T>::feedforward_rows(Part rows, T* scratch) {
  for (int l = 0; l < int(layers_.size()); ++l) layer_forward(l, rows_of_a(l), rows, scratch);
}

template <class T>
void Session<T>::layer_forward(int l, Rows<T> input, Part rows, T* scratch) {
  auto from = [&](Matrix<T> m) { return Matrix<T>{m.row(rows.begin), m.stride}; };
  Layer& layer = layers_[l];
  if (l == 0 && batch_.is_sparse)
    return kernels_.forward_sparse(layer.activation, batch_.sparse.data() + rows.begin, layer.wt_panels(),
                                   layer.b.data(), from(z(l)), from(a(l + 1)), rows.size());
  if (layer.is_row)
    return kernels_.forward_one(layer.activation, input.from(rows.begin), layer.wt_panels(), layer.b.data(), from(z(l)),
                                from(a(l + 1)), rows.size());
  kernels_.forward(layer.activation, input.from(rows.begin), layer.wt_panels(), layer.b.data(), from(z(l)),
                   from(a(l + 1)), rows.size(), scratch);
}

// Step 3: the costs of rows of the batch, and BP1 where an error is wanted.
template <class T>
void Session<T>::output_rows(Part rows, bool with_delta) {
  const int last = int(layers_.size()) - 1;
  const long first = rows.begin;
  Matrix<T> error{nullptr, 0};
  if (with_delta) error = {delta(last).row(first), delta(last).stride};
  kernels_.output_error(description_.objective.loss, T(description_.objective.loss_parameter), layers_[last].activation,
                        {z(last).row(first), z(last).stride}, {a(last + 1).row(first), a(last + 1).stride},
                        batch_.y.data() + first, batch_.share.data() + first, error, batch_.cost.data() + first,
                        rows.size(), layers_[last].n_out);
}

template <class T>
void Session<T>::evaluate(Examples<T> examples, long n_rows, T* out, double* cost, double* weight) {
  const Call call;
  const long n_out = layers_.back().n_out;
  const int n_threads = threads_for(n_rows, n_rows / 3, (n_rows + block_rows - 1) / block_rows);
  reserve(std::min(n_rows, block_rows * n_threads), false, examples.is_sparse());
  reserve_scratch(n_threads, std::min(n_rows, block_rows));
  std::vector<double> row_costs(examples.y ? n_rows : 0);
  on_threads(n_threads, [&](int thread) {
    // each thread has its own rows of the batch's buffers
    const long slot = thread * block_rows;
    for (long first = slot; first < n_rows; first += block_rows * n_threads) {
      const long n = std::min(block_rows, n_rows - first);
      const Part rows(slot, slot + n);
      for (long i = 0; i < n; ++i) take_row(examples, first + i, slot + i);
      feedforward_rows(rows, scratch_[thread].data());
      const int last = int(layers_.size()) - 1;
      for (long i = 0; i < n; ++i) std::copy_n(a(last + 1).row(slot + i), n_out, out + (first + i) * n_out);
      if (!examples.y) continue;
      output_rows(rows, false);
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

template class Session<float>;
template class Session<double>;

}  // namespace backlit
