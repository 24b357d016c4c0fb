#include "one_pass.hpp"

#include <algorithm>

namespace backlit {

template <class T>
bool OnePass<T>::is_once(int l, long n_rows) const {
  return l > 0 && !work_.layers[l].is_row && !work_.needs_w(l, n_rows);
}

template <class T>
bool OnePass<T>::serves(long n_rows, int n_threads, bool is_sparse) const {
  const Description& of = work_.description;
  if (n_threads != 1 || is_sparse || of.optimizer.clips() || of.shape.parametric) return false;
  const std::vector<double>& dropped = of.objective.dropout.rates;
  if (std::any_of(dropped.begin(), dropped.end(), [](double rate) { return rate != 0; })) return false;
  for (int l = 0; l < work_.n_layers(); ++l)
    if (is_once(l, n_rows)) return true;
  return false;
}

template <class T>
void OnePass<T>::take(const StepRule<T>& rule, long n_rows, RowsAhead<T> ahead, T* scratch) {
  const Part rows(0, n_rows);
  for (int l = work_.n_layers() - 1; l >= 0; --l) {
    passes_.into_panels(l, n_rows, rows, passes_.all_neurons(l));
    if (is_once(l, n_rows)) {
      step_.take_once(l, rule, n_rows);
      continue;
    }
    if (l > 0) passes_.layer_backward(l - 1, n_rows, rows, passes_.all_neurons(l - 1), scratch);
    step_.take_rows(l, rule, n_rows, 0, 1, l == 0 ? ahead : RowsAhead<T>{}, scratch);
    if (l > 0 && work_.needs_w(l, n_rows)) work_.layers[l].transpose(Part(0, work_.layers[l].n_in));
  }
}

template class OnePass<float>;
template class OnePass<double>;

}  // namespace backlit
