#include "one_pass.hpp"

#include <algorithm>

#include "threads.hpp"

namespace backlit {

namespace {
// Of a layer, for each thread: the last in line waits for as many blocks as there are threads before it.
constexpr long least_blocks_a_thread = 4;
}  // namespace

template <class T>
bool OnePass<T>::is_once(int l, long n_rows, int n_threads) const {
  if (l == 0 || work_.layers[l].is_row || work_.needs_w(l, n_rows)) return false;
  if (n_threads == 1) return true;
  const bool has_blocks = work_.layers[l].n_in >= least_blocks_a_thread * n_threads * rows_of_block;
  return has_blocks && by_neurons_.is_shared(l, n_rows, n_threads);
}

template <class T>
bool OnePass<T>::serves(long n_rows, int n_threads, bool is_sparse) const {
  const Description& of = work_.description;
  if (is_sparse || of.optimizer.clips() || of.shape.parametric) return false;
  const std::vector<double>& dropped = of.objective.dropout.rates;
  if (std::any_of(dropped.begin(), dropped.end(), [](double rate) { return rate != 0; })) return false;
  for (int l = 0; l < work_.n_layers(); ++l)
    if (is_once(l, n_rows, n_threads)) return true;
  return false;
}

template <class T>
void OnePass<T>::take(const StepRule<T>& rule, long n_rows, int thread, int n_threads, Barrier& barrier, Turns& turns,
                      RowsAhead ahead, T* scratch) {
  const auto share = [&](int l) { return by_neurons_.share(l, n_rows, thread, n_threads); };
  for (int l = work_.n_layers() - 1; l >= 0; --l) {
    const auto mine = share(l);
    const bool is_shared = by_neurons_.is_shared(l, n_rows, n_threads);
    passes_.into_panels(l, n_rows, mine.rows, mine.neurons);
    if (is_once(l, n_rows, n_threads)) {
      const long n_in = work_.layers[l].n_in, at_a_time = n_threads == 1 ? n_in : rows_of_block;
      for (long k = 0; k < n_in; k += at_a_time) {
        turns.begin(thread);
        step_.take_once(l, rule, n_rows, mine.neurons, Part(k, std::min(k + at_a_time, n_in)));
        turns.end(thread);
      }
      step_.update_biases(l, rule, n_rows, mine.neurons);
      barrier.wait();  // all sums are there
      passes_.pull_back(l - 1, share(l - 1).rows, share(l - 1).neurons);
      continue;
    }
    if (!is_shared || l > 0) barrier.wait();  // all errors of the layer are there
    if (l > 0) {
      passes_.layer_backward(l - 1, n_rows, share(l - 1).rows, share(l - 1).neurons, scratch);
      barrier.wait();  // nobody reads the weights any more
    }
    const RowsAhead rows = l == 0 ? ahead : RowsAhead{};
    if (is_shared)
      step_.take_neurons(l, rule, n_rows, mine.neurons, rows, scratch);
    else
      step_.take_rows(l, rule, n_rows, thread, n_threads, rows, scratch);
  }
}

template class OnePass<float>;
template class OnePass<double>;

}  // namespace backlit
