#include "embedding.hpp"

#include <algorithm>

namespace backlit {

template <class T>
Embedding<T>::Embedding(Workspace<T>& workspace)
    : work_(workspace), n_columns_(long(workspace.description.shape.embedded.size())), begins_{0} {
  using L = EmbeddingLayout;
  const Shape& shape = work_.description.shape;
  for (long f = 0; f < n_columns_; ++f) begins_.push_back(begins_.back() + L::size);
  std::vector<char> is_value(shape.n_given() + 1);  // the last column, which there is not, ends the last part
  is_value.back() = true;
  for (const Category& category : shape.categories) {
    const long n = (1 + category.end - category.begin) * L::of_category;
    begins_.push_back(begins_.back() + (n + L::whole - 1) / L::whole * L::whole);
    for (long k = category.begin; k < category.end; ++k) is_value[k] = true;
  }
  first_alpha_ = n_embedded();
  for (std::size_t l = 1; shape.parametric && l + 1 < shape.sizes.size(); ++l)
    begins_.push_back(begins_.back() + (shape.sizes[l] + L::whole - 1) / L::whole * L::whole);
  if (!any()) return;
  squares_.resize(n_embedded());
  for (long k = 0, begin = 0; k < long(is_value.size()); ++k) {
    if (!is_value[k]) continue;
    if (begin < k) kept_.push_back({begin, k});
    begin = k + 1;
  }
  for (long column : shape.embedded)
    at_.push_back(shape.n_e() + column - std::count(is_value.begin(), is_value.begin() + column, true));
  theta_ = Buffer<T>(size());
  nabla_ = Buffer<T>(size());
  for (int slot = 0; slot < work_.description.optimizer.n_slots(); ++slot) slots_[slot] = Buffer<T>(size());
  if (first_alpha_ == n_embedded()) return;
  std::vector<const T*> alphas;
  for (long f = first_alpha_; f < n_embedded(); ++f) alphas.push_back(of(theta_, f));
  alphas.push_back(nullptr);
  work_.set_alphas(std::move(alphas));
}

template <class T>
long Embedding<T>::n_delta() const {
  const long n_in = work_.description.shape.n_in(), n_e = work_.description.shape.n_e();
  const PanelEnds ends(padded(n_in, work_.kernels.lanes), work_.kernels.lanes);
  const long end = (n_e + ends.unit - 1) / ends.unit * ends.unit;
  return end <= ends.last ? end : n_in;
}

template <class T>
void Embedding<T>::reserve(long n_rows, bool with_delta) {
  if (!embeds()) return;
  if (n_rows_ < n_rows) {
    a_1_ = Buffer<T>(n_rows * work_.description.shape.n_in());
    given_.resize(n_rows);
    delta_e_ = {};
    n_rows_ = n_rows;
  }
  if (!with_delta) return;
  if (delta_e_.size() == 0) delta_e_ = Buffer<T>(n_rows_ * padded(n_delta(), work_.kernels.lanes));
  work_.layers[0].reserve_w();
}

template <class T>
void Embedding<T>::forward(Part rows) {
  if (!embeds()) return;
  const Shape& shape = work_.description.shape;
  for (long i = rows.begin; i < rows.end; ++i) {
    T* to = a_1_.data() + i * shape.n_in();
    const T* const x = *work_.x(i);
    given_[i] = x;
    *work_.x(i) = to;
    work_.kernels.embed(theta_.data(), shape.embedded.data(), n_columns_, x, to);
    to += n_columns_ * EmbeddingLayout::n_out;
    for (long g = 0; g < long(shape.categories.size()); ++g, to += EmbeddingLayout::of_category)
      embed_category(g, x, to);
    for (const Part& part : kept_) to = std::copy_n(x + part.begin, part.size(), to);
  }
}

// c = W x + b, where nearly all of x are zeros.
template <class T>
void Embedding<T>::embed_category(long g, const T* x, T* c) {
  constexpr long n = EmbeddingLayout::of_category;
  const Category category = work_.description.shape.categories[g];
  const T *const b = of(theta_, n_columns_ + g), *w = b + n;
  std::copy_n(b, n, c);
  for (long k = category.begin; k < category.end; ++k, w += n)
    if (x[k] != 0)
      for (long o = 0; o < n; ++o) c[o] += x[k] * w[o];
}

template <class T>
void Embedding<T>::transpose(Part rows) {
  if (!embeds()) return;
  const Part used(std::min(rows.begin, n_delta()), std::min(rows.end, n_delta()));
  if (used.size() != 0) work_.layers[0].transpose(used);
}

// BP2: δ^e = (w²)ᵀ δ², and δ^c; σ of both is the identity
template <class T>
void Embedding<T>::backward(Part rows, T* scratch) {
  if (!embeds()) return;
  const long stride = padded(n_delta(), work_.kernels.lanes);
  const Matrix<T> delta_e{delta_e_.data() + rows.begin * stride, stride};
  work_.kernels.backward(Activation::identity, work_.delta_rows(0).from(rows.begin),
                         columns_of(work_.layers[0].w(), Part(0, n_delta())), delta_e, delta_e, delta_e, rows.size(),
                         scratch);
}

template <class T>
void Embedding<T>::add_nabla(Part embedded, long n_rows) {
  const long stride = padded(n_delta(), work_.kernels.lanes);
  for (long f = embedded.begin; f < embedded.end; ++f) {
    if (f < n_columns_)
      work_.kernels.embedding_gradient(of(theta_, f), work_.input(0), at_[f],
                                       {delta_e_.data() + f * EmbeddingLayout::n_out, stride}, n_rows, of(nabla_, f));
    else if (f < first_alpha_)
      add_nabla_of_category(f - n_columns_, n_rows);
    else {
      const int l = int(f - first_alpha_);
      work_.kernels.add_nabla_alpha(work_.of_alpha(l), of(nabla_, f), n_rows, work_.layers[l].n_out);
    }
  }
}

template <class T>
void Embedding<T>::add_nabla_of_category(long g, long n_rows) {
  constexpr long n = EmbeddingLayout::of_category;
  const Category category = work_.description.shape.categories[g];
  const long stride = padded(n_delta(), work_.kernels.lanes);
  T *const nabla_b = of(nabla_, n_columns_ + g), *const nabla_w = nabla_b + n;
  for (long i = 0; i < n_rows; ++i) {
    const T *const delta = delta_e_.data() + i * stride + n_columns_ * EmbeddingLayout::n_out + g * n, *x = given_[i];
    for (long o = 0; o < n; ++o) nabla_b[o] += delta[o];  // BP3
    for (long k = category.begin; k < category.end; ++k)
      if (x[k] != 0)
        for (long o = 0; o < n; ++o) nabla_w[(k - category.begin) * n + o] += x[k] * delta[o];  // BP4
  }
}

template <class T>
void Embedding<T>::clear_nabla() {
  std::fill_n(nabla_.data(), nabla_.size(), T(0));
}

template <class T>
void Embedding<T>::find_squares(Part embedded) {
  for (long f = embedded.begin; f < embedded.end; ++f) {
    squares_[f] = 0;
    for (const T* nabla = of(nabla_, f); nabla < of(nabla_, f + 1); ++nabla)
      squares_[f] += double(*nabla) * double(*nabla);
  }
}

template <class T>
void Embedding<T>::add_squares_to(double& square) const {
  for (double each : squares_) square += each;
}

template <class T>
void Embedding<T>::apply_nabla(const StepRule<T>& rule, T factor, Part embedded) {
  const StepRule<T> slower = work_.description.layer_rates.of_embeddings(rule);
  const auto within = [&](long begin, long end) {
    return Part(std::clamp(embedded.begin, begin, end), std::clamp(embedded.end, begin, end));
  };
  apply_nabla_by(slower, factor, within(0, n_columns_));
  apply_nabla_by(rule_of_biases(rule), factor, within(n_columns_, first_alpha_));
  // α that stand still are left alone by every rule: gradient descent has its rate elsewhere than q
  if (work_.description.layer_rates.embeddings != 0) apply_nabla_by(slower, factor, within(first_alpha_, n_embedded()));
}

template <class T>
void Embedding<T>::apply_nabla_by(const StepRule<T>& rule, T factor, Part embedded) {
  if (embedded.size() == 0) return;
  const long from = begins_[embedded.begin], n = begins_[embedded.end] - from;
  const auto part = [&](Buffer<T>& values) {
    return Panels<T>{values.size() ? values.data() + from : nullptr, 1, n};  // as one row
  };
  work_.kernels.apply(rule, factor, part(nabla_), part(theta_), part(slots_[0]), part(slots_[1]), 0, 1);
}

template class Embedding<float>;
template class Embedding<double>;

}  // namespace backlit
