#include "layer.hpp"

#include <algorithm>

namespace backlit {

namespace {
// Rows of weights whose penalty is one sum: enough that lanes are seldom added up, and few enough that float32 holds
// it.
constexpr long rows_of_penalty = 16;
}  // namespace

template <class T>
Layer<T>::Layer(const Kernels<T>& kernels, long n_in, long n_out, Activation activation, bool is_row, bool has_scales,
                int n_slots)
    : n_in(n_in),
      n_out(n_out),
      stride(padded(n_out, kernels.lanes)),
      activation(activation),
      is_row(is_row),
      has_scales(has_scales),
      kernels_(kernels) {
  const long n_weights = weight_rows() * padded(weight_columns(), kernels_.lanes);
  wt_ = Buffer<T>(n_weights);
  b_ = Buffer<T>(stride);
  for (int slot = 0; slot < n_slots; ++slot) {
    slots_wt_[slot] = Buffer<T>(n_weights);
    slots_b_[slot] = Buffer<T>(stride);
  }
  if (!has_scales) return;
  const long n_scales = n_in * kernels_.lanes;
  s_ = Buffer<T>(n_scales);
  nabla_s_ = Buffer<T>(n_scales);
  for (int slot = 0; slot < n_slots; ++slot) slots_s_[slot] = Buffer<T>(n_scales);
}

template <class T>
void Layer<T>::set_weights(int slot, const T* w) {
  kernels_.write_weights(as_lecture(w), in_panels(slot < 0 ? wt_ : slots_wt_[slot]));
}

template <class T>
void Layer<T>::get_weights(int slot, T* w) const {
  kernels_.read_weights(in_panels(slot < 0 ? wt_ : slots_wt_[slot]), as_lecture(w));
}

template <class T>
void Layer<T>::set_biases(int slot, const T* b) {
  std::copy_n(b, n_out, slot < 0 ? b_.data() : slots_b_[slot].data());
}

template <class T>
void Layer<T>::get_biases(int slot, T* b) const {
  std::copy_n(slot < 0 ? b_.data() : slots_b_[slot].data(), n_out, b);
}

template <class T>
void Layer<T>::set_scales(int slot, const T* s) {
  T* const to = slot < 0 ? s_.data() : slots_s_[slot].data();
  for (long k = 0; k < n_in; ++k) to[k * kernels_.lanes] = s[k];
}

template <class T>
void Layer<T>::get_scales(int slot, T* s) const {
  const T* const from = slot < 0 ? s_.data() : slots_s_[slot].data();
  for (long k = 0; k < n_in; ++k) s[k] = from[k * kernels_.lanes];
}

template <class T>
void Layer<T>::set_nabla(const T* nabla_w, const T* nabla_b) {
  if (nabla_b_.size() == 0) reserve_nabla();  // all that is read is written below
  kernels_.write_weights(as_lecture(nabla_w), nabla_wt());
  std::copy_n(nabla_b, n_out, nabla_b_.data());
}

template <class T>
void Layer<T>::get_nabla(T* nabla_w, T* nabla_b) const {
  kernels_.read_weights(in_panels(nabla_wt_), as_lecture(nabla_w));
  std::copy_n(nabla_b_.data(), n_out, nabla_b);
}

template <class T>
void Layer<T>::reserve_w() {
  if (!is_row && w_.size() == 0) w_ = Buffer<T>(n_out * padded(n_in, kernels_.lanes));
}

template <class T>
void Layer<T>::reserve_nabla_wt() {
  nabla_wt_ = Buffer<T>(wt_.size());
}

template <class T>
void Layer<T>::reserve_nabla() {
  reserve_nabla_wt();
  nabla_b_ = Buffer<T>(stride);
  nabla_squares_ = Buffer<double>(weight_rows() + 1);
}

template <class T>
long Layer<T>::penalty_blocks() const {
  return (weight_rows() + rows_of_penalty - 1) / rows_of_penalty;
}

template <class T>
void Layer<T>::reserve_penalties() {
  if (penalties_.size() == 0) penalties_ = Buffer<double>(penalty_blocks());
}

template <class T>
void Layer<T>::transpose(Part rows) {
  if (!is_row) kernels_.transpose(wt(), {w_.data(), n_out, n_in}, rows.begin, rows.end);
}

template <class T>
bool Layer<T>::is_finite() const {
  return all_finite(wt_.data(), wt_.size()) && all_finite(b_.data(), b_.size());
}

template <class T>
void Layer<T>::find_penalties(double half_square, double l1, Part blocks) {
  for (long block = blocks.begin; block < blocks.end; ++block) {
    const long begin = block * rows_of_penalty, end = std::min(begin + rows_of_penalty, weight_rows());
    penalties_.data()[block] = kernels_.penalty_of_rows(wt(), half_square, l1, begin, end);
  }
}

template <class T>
double Layer<T>::penalty() const {
  double sum = 0;
  for (long block = 0; block < penalty_blocks(); ++block) sum += penalties_.data()[block];
  return sum;
}

template <class T>
void Layer<T>::finish_nabla(const StepRule<T>& rule, Part rows) {
  kernels_.finish_nabla(rule, wt(), nabla_wt(), nabla_squares_.data(), rows.begin, rows.end);
}

template <class T>
void Layer<T>::finish_nabla_b(const StepRule<T>& rule) {
  kernels_.finish_nabla(rule_without_penalty(rule), as_row(b_), as_row(nabla_b_), nabla_squares_.data() + weight_rows(),
                        0, 1);
}

template <class T>
void Layer<T>::add_nabla_squares_to(double& square) const {
  for (long k = 0; k <= weight_rows(); ++k) square += nabla_squares_.data()[k];
}

template <class T>
void Layer<T>::apply_nabla(const StepRule<T>& rule, T factor, Part rows) {
  kernels_.apply(rule, factor, nabla_wt(), wt(), slot_wt(0), slot_wt(1), rows.begin, rows.end);
}

template <class T>
void Layer<T>::apply_nabla_scaled(const StepRule<T>& rule, const StepRule<T>& rule_of_scales, T factor, Part rows) {
  kernels_.take_apart(wt(), nabla_wt(), as_column(s_), as_column(nabla_s_), rows.begin, rows.end);
  apply_nabla(rule, factor, rows);
  kernels_.apply(rule_of_scales, factor, as_column(nabla_s_), as_column(s_), as_column(slots_s_[0]),
                 as_column(slots_s_[1]), rows.begin, rows.end);
  kernels_.put_together(wt(), as_column(s_), rows.begin, rows.end);
}

template <class T>
void Layer<T>::apply_nabla_b(const StepRule<T>& rule, T factor) {
  kernels_.apply(rule, factor, as_row(nabla_b_), as_row(b_), as_row(slots_b_[0]), as_row(slots_b_[1]), 0, 1);
}

template class Layer<float>;
template class Layer<double>;

}  // namespace backlit
