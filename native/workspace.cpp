#include "workspace.hpp"

#include <algorithm>

namespace backlit {

template <class T>
Workspace<T>::Workspace(const Description& description, const Kernels<T>& kernels, std::vector<Layer<T>>& layers)
    : description(description),
      kernels(kernels),
      layers(layers),
      a_(layers.size() + 1),
      delta_(layers.size()),
      z_(layers.size()),
      delta_panels_(layers.size()),
      mask_(layers.size()),
      dropped_(layers.size()),
      of_alpha_(layers.size()) {}

template <class T>
bool Workspace<T>::keeps_z(int l) const {
  const bool is_output = l + 1 == n_layers();
  return activation_needs_z[int(layers[l].activation)] || (!is_output && description.shape.parametric) ||
         (is_output && loss_needs_z(description.objective.loss));
}

template <class T>
void Workspace<T>::reserve(long n_rows, bool with_delta, const Examples<T>& examples) {
  is_sparse_ = examples.is_sparse();
  if (n_rows_ < n_rows) {
    for (int l = 0; l < n_layers(); ++l) {
      a_[l + 1] = RowBuffer<T>(n_rows, layers[l].stride);
      if (keeps_z(l)) z_[l] = Buffer<T>(n_rows * layers[l].stride);
      delta_[l] = {};
      delta_panels_[l] = {};
      mask_[l] = {};
      dropped_[l] = {};
      of_alpha_[l] = {};
    }
    x_.assign(n_rows, nullptr);
    y_.assign(n_rows, nullptr);
    share_ = Buffer<T>(n_rows);
    cost_ = Buffer<T>(n_rows);
    n_rows_ = n_rows;
  }
  has_bytes_ = examples.bytes != nullptr;
  if (has_bytes_) widened_.reserve(kernels, examples, n_rows_, description.shape.n_given());
  if (is_sparse_) {
    sparse_.resize(n_rows_);
    sparse_dropped_.resize(n_rows_);
  }
  if (with_delta)
    for (int l = 0; l < n_layers(); ++l) reserve_for_training(l);
}

template <class T>
void Workspace<T>::reserve_for_training(int l) {
  Layer<T>& layer = layers[l];
  if (delta_[l].empty()) {
    delta_[l] = RowBuffer<T>(n_rows_, layer.stride);
    if (!layer.is_one_panel()) delta_panels_[l] = Buffer<T>(n_rows_ * layer.stride);
  }
  if (alpha(l) && of_alpha_[l].size() == 0) of_alpha_[l] = Buffer<T>(n_rows_ * layer.stride);
  if (drops(l) && !(l == 0 && is_sparse_) && mask_[l].size() == 0) {
    const long stride = l == 0 ? layer.n_in : layers[l - 1].stride;
    mask_[l] = Buffer<T>(n_rows_ * stride);
    dropped_[l] = RowBuffer<T>(n_rows_, stride);
  }
}

template <class T>
void Workspace<T>::reserve_scratch(int n_threads, long n_rows) {
  const std::vector<long>& sizes = description.shape.sizes;
  const long needed = kernels.scratch_size(n_rows, *std::max_element(sizes.begin(), sizes.end()));
  if (long(scratch_.size()) < n_threads) scratch_.resize(n_threads);
  widened_.reserve_threads(n_threads);
  for (int t = 0; t < n_threads; ++t)
    if (scratch_[t].size() < needed) scratch_[t] = Buffer<T>(needed);
}

template <class T>
void Workspace<T>::take_row(const Examples<T>& examples, long from, long to) {
  if (examples.is_sparse()) {
    const std::int64_t begin = examples.row_starts[from], end = examples.row_starts[from + 1];
    sparse_[to] = {examples.values + begin, examples.columns + begin, long(end - begin)};
  } else if (examples.bytes) {
    x_[to] = widened_.take(examples, from, to);
  } else {
    x_[to] = examples.x_of(from, description.shape.n_given());
  }
  if (!examples.y) return;
  y_[to] = examples.y + from * description.shape.n_out();
  __builtin_prefetch(y_[to]);  // targets of a shuffled batch lie all over memory
}

template <class T>
int Workspace<T>::first_layer_not_finite(long n_rows) {
  for (int l = 0; l < n_layers(); ++l)
    for (long i = 0; i < n_rows; ++i)
      if (!all_finite(z(l).row(i), layers[l].n_out) || !all_finite(a(l + 1).row(i), layers[l].n_out)) return l + 2;
  return n_layers() + 1;  // all activations are finite, so it was the cost of the output layer
}

template class Workspace<float>;
template class Workspace<double>;

}  // namespace backlit
