// One layer: its parameters, and the arrays of the same shape: optimizer state and gradient.
#pragma once

#include <vector>

#include "buffer.hpp"
#include "kernels.hpp"

namespace backlit {

// What one of several processes steps of a layer, the same share in every step: numbers of the weights and of the
// biases as they are stored, and whether the scales.
struct Share {
  Part weights, biases;
  bool has_scales;
};

template <class T>
class Layer {
 public:
  // Where `is_row`, the layer has one neuron, whose weights are stored as the row w; see one_neuron.hpp.
  // Where `has_scales`, so have the neurons of the layer before; see input_scales.hpp.
  Layer(const Kernels<T>& kernels, long n_in, long n_out, Activation activation, bool is_row, bool has_scales,
        int n_slots);

  const long n_in, n_out, stride;  // stride: n_out padded
  const Activation activation;
  const bool is_row, has_scales;

  long weight_rows() const { return is_row ? 1 : n_in; }  // of the weights as they are stored
  bool is_one_panel() const { return stride <= kernels_.panel_columns; }

  Panels<const T> wt() const { return in_panels(wt_); }
  Panels<T> wt() { return in_panels(wt_); }
  Panels<T> slot_wt(int slot) { return in_panels(slots_wt_[slot]); }
  T* b() { return b_.data(); }
  T* slot_b(int slot) { return slots_b_[slot].data(); }
  Panels<T> nabla_wt() { return in_panels(nabla_wt_); }
  T* nabla_b() { return nabla_b_.data(); }
  // (n_out, n_in), for BP2
  Panels<const T> w() const { return {is_row ? wt_.data() : w_.data(), n_out, n_in}; }

  // In the lecture's layout: w is (n_out, n_in), b is (n_out). Slot −1 is the parameter itself.
  void set_weights(int slot, const T* w);
  void get_weights(int slot, T* w) const;
  void set_biases(int slot, const T* b);
  void get_biases(int slot, T* b) const;
  void set_scales(int slot, const T* s);  // (n_in)
  void get_scales(int slot, T* s) const;
  void set_nabla(const T* nabla_w, const T* nabla_b);
  void get_nabla(T* nabla_w, T* nabla_b) const;

  // For several processes that step together; see shares.cpp. What they show each other is as it is stored, padding and
  // all: of the weights, the biases and the scales.
  long packed_size() const { return wt_.size() + b_.size() + s_.size(); }
  Share share(int layer, int process, int n_processes) const;
  void keep_nabla_in(T* packed);
  void keep_nabla_here() { nabla_wt_ = {}, nabla_b_ = {}; }
  // nabla ← Σ share·gradient and a penalty's, of which the first is nabla. Returns Σ nabla².
  double add_up_nabla(const Share& own, const std::vector<const T*>& others, const std::vector<double>& shares,
                      const StepRule<T>& penalty);
  void apply_share(const StepRule<T>& of_weights, const StepRule<T>& of_biases, const StepRule<T>& of_scales, T factor,
                   const Share& own);
  // Slot −1 is the parameters.
  void show_share(int slot, const Share& own, T* packed) const;
  void take_share(int slot, const Share& another, const T* packed);

  // Room for what training needs beside the parameters.
  void reserve_w();
  void reserve_nabla();  // set to zero at every call
  void reserve_nabla_wt();
  void reserve_penalties();

  // Copies these rows of wt into w.
  void transpose(Part rows);
  bool is_finite() const;

  // What the weights as they are cost: half_square·Σ w² + l1·Σ |w|, found block by block and then added up.
  long penalty_blocks() const;
  void find_penalties(double half_square, double l1, Part blocks);
  double penalty() const;

  // Adds the penalty's gradient to nabla, and takes Σ nabla² of each row; then the total of all rows.
  void finish_nabla(const StepRule<T>& rule, Part rows);
  void finish_nabla_b(const StepRule<T>& rule);
  void add_nabla_squares_to(double& square) const;

  // Takes the step by factor·nabla, by the rules of weights, scales and biases, and sets nabla to zero.
  void apply_nabla(const StepRule<T>& rule, T factor, Part rows);
  void apply_nabla_scaled(const StepRule<T>& rule, const StepRule<T>& rule_of_scales, T factor, Part rows);
  void apply_nabla_b(const StepRule<T>& rule, T factor);

 private:
  long weight_columns() const { return is_row ? n_in : n_out; }
  Panels<T> in_panels(Buffer<T>& values) { return {values.data(), weight_rows(), weight_columns()}; }
  Panels<const T> in_panels(const Buffer<T>& values) const { return {values.data(), weight_rows(), weight_columns()}; }
  Panels<T> as_column(Buffer<T>& values) { return {values.data(), n_in, 1}; }  // the scales and their like
  Panels<T> as_row(Buffer<T>& values) { return {values.data(), 1, n_out}; }    // b and its like
  // Some numbers wherever they stand in a matrix.
  Panels<T> as_vectors(Buffer<T>& values) { return {values.data(), values.size() / kernels_.lanes, 1}; }
  template <class Self, class F>
  static void for_shown(Self& self, int slot, const Share& share, F&& f);
  // w in the lecture's layout, as it is handed in and out; wt holds its transpose. A layer of one neuron stores w
  // itself: there each number counts as a row of its own, so that transposing changes nothing.
  template <class U>
  Matrix<U> as_lecture(U* w) const {
    return {w, is_row ? 1 : n_in};
  }

  const Kernels<T>& kernels_;
  Buffer<T> wt_, b_;  // (n_in, stride) or padded n_in; (stride)
  Buffer<T> slots_wt_[2], slots_b_[2];
  Buffer<T> s_, slots_s_[2], nabla_s_;  // (n_in, lanes), of which the first are used
  Buffer<T> nabla_wt_, nabla_b_;
  Buffer<T> w_;                   // in panels
  Buffer<double> penalties_;      // one for each block of rows of wt
  Buffer<double> nabla_squares_;  // one for each row of wt, and one for the biases
};

}  // namespace backlit
