// A network being trained or asked: the native side of `Session` in src/backlit/engine/protocol.py. Knows no Python.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "buffer.hpp"
#include "description.hpp"
#include "kernels.hpp"
#include "threads.hpp"

namespace backlit {

template <class T>
class Session {
 public:
  explicit Session(Description description);
  Session(Description description, const Kernels<T>& kernels);

  // Parameters and optimizer slots of layer l (0 is the first after the input) in the lecture's layout. Slot −1 is the
  // parameter itself; w is (n_out, n_in), b is (n_out).
  void set_weights(int layer, int slot, const T* w);
  void get_weights(int layer, int slot, T* w) const;
  void set_biases(int layer, int slot, const T* b);
  void get_biases(int layer, int slot, T* b) const;

  long t = 0;  // steps taken

  // a^L of n rows; where y is given, also Σ s C_x and Σ s.
  void evaluate(Examples<T> examples, long n_rows, T* out, double* cost, double* weight);

  // C without the penalty, its gradient left for get_nabla_*, and Σ s.
  void gradient(Examples<T> examples, long n_rows, double* cost, double* weight);
  void get_nabla(int layer, T* nabla_w, T* nabla_b) const;
  void apply_gradient(const std::vector<const T*>& nabla_w, const std::vector<const T*>& nabla_b, double rate);

  // One step a batch. Returns the first layer (counted from 1, the input) with a value that is not finite, or 0.
  // `interrupted` is asked now and then; when it says so the run ends after the step.
  int run_steps(Examples<T> examples, const std::int64_t* order, long n_order, long batch_size, const double* rates,
                double* costs, double* batch_weights, const std::function<bool()>& interrupted);

  // Threads for steps of so many rows in a call of so many, where `most` can find something to do.
  int threads_for(long rows_a_step, long rows_a_call, long most) const;

  const Description& description() const { return description_; }

 private:
  struct Layer {
    long n_in, n_out, stride;  // stride: n_out padded
    Activation activation;
    bool is_row;      // whether wt holds the row w of one neuron instead; see one_neuron.hpp
    Buffer<T> wt, b;  // (n_in, stride) or padded n_in; (stride)
    Buffer<T> slots_wt[2], slots_b[2];
    Buffer<T> nabla_wt, nabla_b;
    Buffer<T> w;                         // (n_out, padded n_in) in panels, for BP2
    Buffer<double> squares, magnitudes;  // a row of wt each
    Buffer<double> nabla_squares;        // a row of wt each, and one for the biases

    long weight_rows() const { return is_row ? 1 : n_in; }  // of the weights as they lie
    long weight_columns() const { return is_row ? n_in : n_out; }
    // wt and its like
    Panels<T> in_panels(Buffer<T>& values) { return {values.data(), weight_rows(), weight_columns()}; }
    Panels<const T> in_panels(const Buffer<T>& values) const {
      return {values.data(), weight_rows(), weight_columns()};
    }
    Panels<T> as_row(Buffer<T>& values) { return {values.data(), 1, n_out}; }  // b and its like
    Panels<const T> wt_panels() const { return in_panels(wt); }
    // w as it comes and goes, whose transpose is what lies in wt. Where w lies as it is, every number counts as a row
    // of its own, so that transposing it leaves the row.
    template <class U>
    Matrix<U> as_lecture(U* w) const {
      return {w, is_row ? 1 : n_in};
    }
  };

  // Activations, errors and costs of the rows of a batch.
  struct Batch {
    std::vector<const T*> x, y;           // where the rows of the batch lie
    std::vector<RowBuffer<T>> a, delta;   // a[0] is empty
    std::vector<Buffer<T>> z;             // only where needed
    std::vector<Buffer<T>> delta_panels;  // δ once more, for BP4, where it is wider than a panel
    std::vector<Buffer<T>> mask;          // of layers that are dropped
    std::vector<RowBuffer<T>> dropped;    // a ⊙ mask
    std::vector<SparseRow<T>> sparse;     // instead of x, where the input is sparse
    std::vector<std::vector<T>> sparse_dropped;
    bool is_sparse = false;
    Buffer<T> share, cost;
    long n_rows = 0;
  };

  Matrix<T> a(int layer) { return batch_.a[layer].matrix(); }
  Rows<T> rows_of_a(int layer) { return layer == 0 ? Rows<T>{batch_.x.data()} : batch_.a[layer].rows(); }
  Matrix<T> z(int layer) {
    return {batch_.z[layer].size() ? batch_.z[layer].data() : a(layer + 1).data, layers_[layer].stride};
  }
  Matrix<T> delta(int layer) { return batch_.delta[layer].matrix(); }
  bool is_one_panel(int layer) const { return layers_[layer].stride <= kernels_.panel_columns; }
  Panels<T> delta_panels(int layer, long n_rows) {
    return {is_one_panel(layer) ? delta(layer).data : batch_.delta_panels[layer].data(), n_rows, layers_[layer].n_out};
  }
  Panels<T> w_panels(int l) {
    Layer& layer = layers_[l];
    return {layer.is_row ? layer.wt.data() : layer.w.data(), layer.n_out, layer.n_in};
  }

  bool drops(int layer) const { return description_.objective.dropout.rates[layer] != 0; }
  Matrix<T> dropped(int layer) { return batch_.dropped[layer].matrix(); }
  Matrix<T> mask(int layer) { return {batch_.mask[layer].data(), dropped(layer).stride}; }
  // What layer + 1 is fed with in training.
  Rows<T> fed(int layer) { return drops(layer) ? batch_.dropped[layer].rows() : rows_of_a(layer); }

  bool keeps_z(int layer) const;  // elsewhere z is overwritten by a
  void reserve(long n_rows, bool with_delta, bool is_sparse);
  void reserve_scratch(int n_threads, long n_rows);
  void feedforward_rows(Part rows, T* scratch);
  void feedforward_dropped_rows(Part rows, T* scratch, long step, long position);
  void layer_forward(int layer, Rows<T> input, Part rows, T* scratch);
  void take_row(const Examples<T>& examples, long from, long to);
  void drop_sparse_rows(Part rows, const DropoutDraw& draw, long position);
  void update_sparse(const StepRule<T>& rule, long n_rows, Part part);
  void add_nabla(int layer, long n_rows, Part part, T* scratch);
  void output_rows(Part rows, bool with_delta);
  void backpropagate_rows(Part rows, long n_rows, T* scratch);
  void train_rows(const Examples<T>& examples, const std::int64_t* batch, long n_rows, double factor, Part rows,
                  long step, T* scratch);
  void update_part(int layer, const StepRule<T>& rule, long n_rows, Part part, RowsAhead<T> ahead, T* scratch);
  void transpose_part(int thread, int n_threads);
  double penalty_cost(double batch_weight) const;
  // A step whose gradient has to be whole before it is taken, instead of one that is fused into BP4.
  bool steps_by_whole_gradient() const { return description_.clip_norm != 0; }
  void step_by_whole_gradient(StepRule<T> rule, long n_rows, int thread, int n_threads, Barrier& barrier, T* scratch);
  void apply_nabla(Layer& layer, const StepRule<T>& rule, T factor, Part part);
  void apply_nabla_b(Layer& layer, const StepRule<T>& rule, T factor);
  T clip_factor() const;
  StepRule<T> rule(double rate, double batch_weight, long step) const;  // steps count from 1
  int first_layer_not_finite_in_batch(long n_rows);
  int first_layer_not_finite() const;

  Description description_;
  const Kernels<T>& kernels_;
  std::vector<Layer> layers_;
  Batch batch_;
  std::vector<Buffer<T>> scratch_;  // one a thread
};

}  // namespace backlit
