// Steps of narrow networks: the same as `Passes` and `Step` do, with vectors that run along the examples of a batch.
#pragma once

#include <vector>

#include "buffer.hpp"
#include "description.hpp"
#include "layer.hpp"

namespace backlit {

// Layers count from 0, the first after the input; activations from 0, the network's input.
template <class T>
class Narrow {
 public:
  Narrow(const Description& description, const Kernels<T>& kernels, std::vector<Layer<T>>& layers);

  // The one place that decides which steps are taken so. What is seldom asked of a narrow network is left to the
  // others: dropout, sparse inputs, clipping, lesser precision.
  bool serves(long batch_size, bool is_sparse) const;

  void reserve(long n_rows, const Examples<T>& examples);
  long n_groups(long n_rows) const { return (n_rows + kernels_.lanes - 1) / kernels_.lanes; }

  // Steps 1 to 4 of the lecture's algorithm for some groups of the batch. Each example's errors are multiplied by
  // `factor`, and by its weight where it has one.
  void train(const Examples<T>& examples, const std::int64_t* batch, long n_rows, double factor, Part groups);

  // BP4, BP3 and the step of one of the threads, each of which has its part of each layer's weights.
  void take(const StepRule<T>& rule, long n_rows, int thread, int n_threads);

  // C_x of each row of the batch, after all threads have trained theirs.
  const T* costs() const { return cost_.data(); }

  // The first layer, counted from 1, the input, with a number that is not finite.
  int first_layer_not_finite(long n_rows) const;

 private:
  void update_weights(int layer, const StepRule<T>& rule, long n_groups, Part part);
  // What the kernels are told of a layer. Its weights stay as `Layer` keeps them.
  NarrowLayer<T> described(int layer) const;
  // X of some examples, of which the first has the place `first` in the batch, becomes groups.
  void take_x(const Examples<T>& examples, const std::int64_t* rows, long n_rows, long first);
  int n_layers() const { return int(layers_.size()); }
  // Where the numbers of a group stand: n neurons of as many examples as there are lanes. The sums of BP4 go from group
  // to group in their order, whichever thread takes them, and whichever it was that filled the groups.
  T* a(int layer, long group) { return a_[layer].data() + group * description_.shape.sizes[layer] * kernels_.lanes; }
  T* z(int layer, long group) {
    return z_[layer].size() ? z_[layer].data() + group * layers_[layer].n_out * kernels_.lanes : a(layer + 1, group);
  }
  T* delta(int layer, long group) { return delta_[layer].data() + group * layers_[layer].n_out * kernels_.lanes; }

  const Description& description_;
  const Kernels<T>& kernels_;
  std::vector<Layer<T>>& layers_;
  // z is kept where σ′ or the loss needs it, and is overwritten by a elsewhere.
  std::vector<Buffer<T>> a_, z_, delta_;
  Buffer<T> y_, share_, cost_;
  Buffer<T> widened_;  // rows of x that came as bytes
  long n_rows_ = 0;
};

}  // namespace backlit
