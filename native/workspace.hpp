// What is computed for the rows of a batch: activations, errors, masks, costs; and the scratch memory of each thread.
// Layers count from 0, the first after the input; activations and the inputs of layers from 0, the network's input.
#pragma once

#include <vector>

#include "buffer.hpp"
#include "description.hpp"
#include "layer.hpp"
#include "widened.hpp"

namespace backlit {

template <class T>
class Workspace {
 public:
  Workspace(const Description& description, const Kernels<T>& kernels, std::vector<Layer<T>>& layers);
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const Description& description;
  const Kernels<T>& kernels;
  std::vector<Layer<T>>& layers;

  int n_layers() const { return int(layers.size()); }

  // Room for n_rows rows, with errors where the call trains; and scratch for threads that work on so many.
  void reserve(long n_rows, bool with_delta, const Examples<T>& examples);
  void reserve_scratch(int n_threads, long n_rows);
  T* scratch(int thread) { return scratch_[thread].data(); }

  // Row `from` of the examples becomes row `to` of the batch. Only its address is taken; nothing is copied but bytes.
  void take_row(const Examples<T>& examples, long from, long to);

  Matrix<T> a(int layer) { return a_[layer].matrix(); }
  Matrix<T> z(int layer) { return {z_[layer].size() ? z_[layer].data() : a(layer + 1).data, layers[layer].stride}; }
  Matrix<T> delta(int layer) { return delta_[layer].matrix(); }
  Rows<T> delta_rows(int layer) { return delta_[layer].rows(); }
  Panels<T> delta_panels(int layer, long n_rows) {
    return {layers[layer].is_one_panel() ? delta(layer).data : delta_panels_[layer].data(), n_rows,
            layers[layer].n_out};
  }
  const T** x(long row) { return x_.data() + row; }  // where a row of the batch lies
  const T* const* y(long row) const { return y_.data() + row; }
  T* share(long row) { return share_.data() + row; }  // what the errors of an example are multiplied by
  T* cost(long row) { return cost_.data() + row; }

  // α of a hidden layer's neurons, null where they have none, and what each row gives to its gradient.
  const T* alpha(int layer) const { return alphas_.empty() ? nullptr : alphas_[layer]; }
  void set_alphas(std::vector<const T*> alphas) { alphas_ = std::move(alphas); }
  Matrix<T> of_alpha(int layer) { return {of_alpha_[layer].data(), layers[layer].stride}; }

  bool is_sparse() const { return is_sparse_; }
  SparseRow<T>* sparse(long row) { return sparse_.data() + row; }  // instead of x
  std::vector<T>& sparse_dropped(long row) { return sparse_dropped_[row]; }

  // Whether BP2 needs a copy of a layer's weights: where rows are few, it does not. What fits into the second cache is
  // copied so fast that rows must be fewer.
  bool needs_w(int layer, long n_rows) const {
    constexpr long second_cache = 1 << 20;
    const bool is_large = layers[layer].n_in * layers[layer].n_out * long(sizeof(T)) > second_cache;
    return n_rows > (is_large ? most_few_rows : most_few_rows / 2) || description.precision != Precision::full;
  }

  bool drops(int layer) const { return description.objective.dropout.rates[layer] != 0; }
  Matrix<T> dropped(int layer) { return dropped_[layer].matrix(); }  // a ⊙ mask
  Matrix<T> mask(int layer) { return {mask_[layer].data(), dropped(layer).stride}; }
  // The input of a layer; and in training, where dropout may have masked it.
  Rows<T> input(int layer) { return layer == 0 ? Rows<T>{x_.data()} : a_[layer].rows(); }
  Rows<T> fed(int layer) { return drops(layer) ? dropped_[layer].rows() : input(layer); }
  // The same for BP4 of one of the threads, which reads some columns of it.
  Rows<T> fed(int layer, Part columns, long n_rows, int thread, int n_threads) {
    const bool again = layer == 0 && has_bytes_ && n_threads > 1 && !drops(0) && description.shape.n_e() == 0;
    return again ? widened_.columns(columns, n_rows, thread, n_threads) : fed(layer);
  }

  // The first layer, counted from 1, the input, with a number that is not finite.
  int first_layer_not_finite(long n_rows);

 private:
  bool keeps_z(int layer) const;  // elsewhere z is overwritten by a
  void reserve_for_training(int layer);

  std::vector<const T*> x_, y_;          // where the rows of the batch lie
  Widened<T> widened_;                   // those of bytes
  std::vector<RowBuffer<T>> a_, delta_;  // a_[0] is empty
  std::vector<Buffer<T>> z_;
  std::vector<Buffer<T>> delta_panels_;  // δ once more, for BP4, where it is wider than a panel
  std::vector<Buffer<T>> mask_;
  std::vector<RowBuffer<T>> dropped_;
  std::vector<const T*> alphas_;  // of each layer, the output's null; empty where none has any
  std::vector<Buffer<T>> of_alpha_;
  std::vector<SparseRow<T>> sparse_;
  std::vector<std::vector<T>> sparse_dropped_;
  bool is_sparse_ = false, has_bytes_ = false;
  Buffer<T> share_, cost_;
  long n_rows_ = 0;
  std::vector<Buffer<T>> scratch_;
};

// Rows of a matrix from one on.
template <class T>
Matrix<T> from_row(Matrix<T> m, long row) {
  return {m.row(row), m.stride};
}

// Columns of a matrix from one on.
template <class T>
Matrix<T> from_column(Matrix<T> m, long column) {
  return {m.data ? m.data + column : nullptr, m.stride};
}

// Some columns of panels; the first begins a panel.
template <class T>
Panels<T> columns_of(Panels<T> m, Part columns) {
  return {m.data ? m.data + columns.begin * m.n_rows : nullptr, m.n_rows, columns.size()};
}

}  // namespace backlit
