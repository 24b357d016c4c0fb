#include "embedding.hpp"

#include <algorithm>

namespace backlit {

template <class T>
Embedding<T>::Embedding(Workspace<T>& workspace)
    : work_(workspace), n_columns_(long(workspace.description.shape.embedded.size())), squares_(n_columns_) {
  if (!any()) return;
  theta_ = Buffer<T>(n_columns_ * EmbeddingLayout::size);
  nabla_ = Buffer<T>(theta_.size());
  for (int slot = 0; slot < work_.description.optimizer.n_slots(); ++slot) slots_[slot] = Buffer<T>(theta_.size());
}

template <class T>
long Embedding<T>::n_delta() const {
  const long n_in = work_.description.shape.n_in(), n_e = n_columns_ * EmbeddingLayout::n_out;
  const PanelEnds ends(padded(n_in, work_.kernels.lanes), work_.kernels.lanes);
  const long end = (n_e + ends.unit - 1) / ends.unit * ends.unit;
  return end <= ends.last ? end : n_in;
}

template <class T>
void Embedding<T>::reserve(long n_rows, bool with_delta) {
  if (!any()) return;
  if (n_rows_ < n_rows) {
    a_1_ = Buffer<T>(n_rows * work_.description.shape.n_in());
    delta_e_ = {};
    n_rows_ = n_rows;
  }
  if (!with_delta) return;
  if (delta_e_.size() == 0) delta_e_ = Buffer<T>(n_rows_ * padded(n_delta(), work_.kernels.lanes));
  work_.layers[0].reserve_w();
}

template <class T>
void Embedding<T>::forward(Part rows) {
  if (!any()) return;
  const Shape& shape = work_.description.shape;
  for (long i = rows.begin; i < rows.end; ++i) {
    T* const a_1 = a_1_.data() + i * shape.n_in();
    const T* const x = *work_.x(i);
    work_.kernels.embed(theta_.data(), shape.embedded.data(), n_columns_, x, a_1);
    std::copy_n(x, shape.n_given(), a_1 + n_columns_ * EmbeddingLayout::n_out);
    *work_.x(i) = a_1;
  }
}

template <class T>
void Embedding<T>::transpose(Part rows) {
  if (!any()) return;
  const Part used(std::min(rows.begin, n_delta()), std::min(rows.end, n_delta()));
  if (used.size() != 0) work_.layers[0].transpose(used);
}

// BP2: δ^e = (w²)ᵀ δ²; σ of e is the identity
template <class T>
void Embedding<T>::backward(Part rows, T* scratch) {
  if (!any()) return;
  const long stride = padded(n_delta(), work_.kernels.lanes);
  const Matrix<T> delta_e{delta_e_.data() + rows.begin * stride, stride};
  work_.kernels.backward(Activation::identity, work_.delta_rows(0).from(rows.begin),
                         columns_of(work_.layers[0].w(), Part(0, n_delta())), delta_e, delta_e, delta_e, rows.size(),
                         scratch);
}

template <class T>
void Embedding<T>::add_nabla(Part columns, long n_rows) {
  const long stride = padded(n_delta(), work_.kernels.lanes), n_e = n_columns_ * EmbeddingLayout::n_out;
  for (long f = columns.begin; f < columns.end; ++f)
    work_.kernels.embedding_gradient(
        theta_.data() + f * EmbeddingLayout::size, work_.input(0), n_e + work_.description.shape.embedded[f],
        {delta_e_.data() + f * EmbeddingLayout::n_out, stride}, n_rows, nabla_.data() + f * EmbeddingLayout::size);
}

template <class T>
void Embedding<T>::clear_nabla() {
  std::fill_n(nabla_.data(), nabla_.size(), T(0));
}

template <class T>
void Embedding<T>::find_squares(Part columns) {
  for (long f = columns.begin; f < columns.end; ++f) {
    squares_[f] = 0;
    const T* const nabla = nabla_.data() + f * EmbeddingLayout::size;
    for (long i = 0; i < EmbeddingLayout::size; ++i) squares_[f] += double(nabla[i]) * double(nabla[i]);
  }
}

template <class T>
void Embedding<T>::add_squares_to(double& square) const {
  for (double each : squares_) square += each;
}

template <class T>
void Embedding<T>::apply_nabla(const StepRule<T>& rule, T factor, Part columns) {
  if (columns.size() == 0) return;
  const long from = columns.begin * EmbeddingLayout::size, n = columns.size() * EmbeddingLayout::size;
  const auto part = [&](Buffer<T>& values) {
    return Panels<T>{values.size() ? values.data() + from : nullptr, 1, n};  // as one row
  };
  work_.kernels.apply(work_.description.layer_rates.of_embeddings(rule), factor, part(nabla_), part(theta_),
                      part(slots_[0]), part(slots_[1]), 0, 1);
}

template class Embedding<float>;
template class Embedding<double>;

}  // namespace backlit
