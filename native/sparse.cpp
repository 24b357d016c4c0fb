// The half of Session that a sparse input goes through: its rows are read where they lie, and never become dense.
#include "session.hpp"

namespace backlit {

template <class T>
void Session<T>::drop_sparse_rows(Part rows, const DropoutDraw& draw, long position) {
  for (long i = rows.begin; i < rows.end; ++i) {
    SparseRow<T>& row = batch_.sparse[i];
    std::vector<T>& dropped = batch_.sparse_dropped[i];
    dropped.resize(row.n);
    kernels_.drop_sparse(draw, row, dropped.data(), position + i - rows.begin);
    row.values = dropped.data();
  }
}

// BP4 of the first layer and its step. Plain gradient descent without a penalty leaves a weight as it is whose gradient
// is zero, so only rows of wt that an example touches are gone through. Other rules move every weight in every step.
template <class T>
void Session<T>::update_sparse(const StepRule<T>& s, long n_rows, Part part) {
  Layer& layer = layers_[0];
  const Panels<T> nabla = layer.in_panels(layer.nabla_wt);
  kernels_.add_nabla_sparse(batch_.sparse.data(), delta(0), nabla, n_rows, part.begin, part.end);
  const auto step = [&](long k, long n_k) { apply_nabla(layer, s, T(1), Part(k, k + n_k)); };
  if (!moves_by_gradient_alone(s.rule) || description_.objective.penalty.any()) return step(part.begin, part.size());
  for (long i = 0; i < n_rows; ++i)
    for (long at = 0; at < batch_.sparse[i].n; ++at) {
      const long k = batch_.sparse[i].columns[at];
      // a second time its gradient is zero already
      if (k >= part.begin && k < part.end) step(k, 1);
    }
}

#define BACKLIT_INSTANTIATE(T)                                                \
  template void Session<T>::drop_sparse_rows(Part, const DropoutDraw&, long); \
  template void Session<T>::update_sparse(const StepRule<T>&, long, Part);

BACKLIT_INSTANTIATE(float)
BACKLIT_INSTANTIATE(double)

}  // namespace backlit
