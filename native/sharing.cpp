#include "sharing.hpp"

#include <algorithm>

#include "threads.hpp"

namespace backlit {

namespace {
// Of a row and a weight, in forward, BP2 and BP4; and of a weight's own step, as long as that takes.
constexpr double operations_of_a_row = 6, operations_of_a_weight = 50;
// A second thread needs at least so many floating-point operations per step to save more than it costs, and so many
// per call to be worth starting. Where threads share neurons they meet more often, and share the steps as well.
constexpr double operations_by_rows = 4e6, operations_by_neurons = 6e6, operations_of_a_call = 2.5e7;
// A part of a layer may be so many times as large as one of equal parts; panels are not cut. 80 of 128 neurons are not
// worth the meetings.
constexpr double most_uneven = 1.21;
// Numbers that threads may exchange for each weight that they need not.
constexpr double worth_a_weight = 1.5;
}  // namespace

double threads_by_rows(double n_weights, double rows_per_step, double rows_per_call) {
  const double of_a_row = operations_of_a_row * n_weights;
  return std::min(of_a_row * rows_per_step / operations_by_rows, of_a_row * rows_per_call / operations_of_a_call);
}

double threads_by_neurons(double n_weights, double rows_per_step, double steps_per_call) {
  const double of_a_step = (operations_of_a_row * rows_per_step + operations_of_a_weight) * n_weights;
  return std::min(of_a_step / operations_by_neurons, of_a_step * steps_per_call / operations_of_a_call);
}

template <class T>
Part ByNeurons<T>::neurons(int l, int thread, int n_threads) const {
  const Layer<T>& layer = work_.layers[l];
  const PanelEnds ends(layer.stride, work_.kernels.lanes);
  const auto boundary = [&](long t) {
    if (t == n_threads) return layer.n_out;
    return std::min((layer.stride * t + n_threads * ends.unit / 2) / (n_threads * ends.unit) * ends.unit, ends.last);
  };
  return {boundary(thread), boundary(thread + 1)};
}

template <class T>
bool ByNeurons<T>::is_shared(int l, long n_rows, int n_threads) const {
  const Layer<T>& layer = work_.layers[l];
  if (layer.is_one_panel() || layer.activation == Activation::softmax || layer.has_scales) return false;
  const double exchanged = double(n_rows) * (layer.n_in + 2 * layer.n_out);  // activations and errors
  if (exchanged > worth_a_weight * double(layer.n_in) * layer.n_out) return false;
  for (int t = 0; t < n_threads; ++t)
    if (double(neurons(l, t, n_threads).size()) * n_threads > most_uneven * double(layer.stride)) return false;
  return true;
}

template <class T>
bool ByNeurons<T>::serves(long n_rows, int n_threads, bool is_sparse) const {
  if (n_threads == 1 || is_sparse || work_.description.optimizer.clips()) return false;
  const std::vector<double>& dropped = work_.description.objective.dropout.rates;
  if (std::any_of(dropped.begin(), dropped.end(), [](double rate) { return rate != 0; })) return false;
  for (int l = 0; l < work_.n_layers(); ++l)
    if (is_shared(l, n_rows, n_threads)) return true;
  return false;
}

template <class T>
ByNeurons<T>::Share ByNeurons<T>::share(int l, long n_rows, int thread, int n_threads) const {
  if (is_shared(l, n_rows, n_threads)) return {{0, n_rows}, neurons(l, thread, n_threads)};
  return {{n_rows, thread, n_threads}, passes_.all_neurons(l)};
}

template <class T>
void ByNeurons<T>::forward(long n_rows, int thread, int n_threads, Barrier& barrier, T* scratch) {
  const int n_layers = work_.n_layers();
  const auto shared = [&](int l) { return is_shared(l, n_rows, n_threads); };
  // w for BP2, of the neurons whose errors this thread finds
  for (int l = 1; l < n_layers; ++l)
    if (work_.needs_w(l, n_rows))
      work_.layers[l].transpose(shared(l - 1) ? neurons(l - 1, thread, n_threads)
                                              : Part(work_.layers[l].n_in, thread, n_threads));
  barrier.wait();  // all rows of the batch are there
  for (int l = 0; l < n_layers; ++l) {
    if (l > 0 && (shared(l - 1) || shared(l))) barrier.wait();
    const Share mine = share(l, n_rows, thread, n_threads);
    passes_.layer_forward(l, work_.input(l), mine.rows, mine.neurons, scratch);
  }
  if (shared(n_layers - 1)) barrier.wait();
  passes_.output(Part(n_rows, thread, n_threads), true);
}

template <class T>
void ByNeurons<T>::backward(long n_rows, int thread, int n_threads, Barrier& barrier, T* scratch) {
  const int n_layers = work_.n_layers();
  const auto shared = [&](int l) { return is_shared(l, n_rows, n_threads); };
  for (int l = n_layers - 2; l >= 0; --l) {
    if (shared(l) || shared(l + 1)) barrier.wait();
    const Share mine = share(l, n_rows, thread, n_threads);
    passes_.layer_backward(l, n_rows, mine.rows, mine.neurons, scratch);
  }
  for (int l = 0; l < n_layers; ++l) {
    const Share mine = share(l, n_rows, thread, n_threads);
    passes_.into_panels(l, n_rows, mine.rows, mine.neurons);
  }
}

template <class T>
void ByNeurons<T>::take(const StepRule<T>& rule, long n_rows, int thread, int n_threads, RowsAhead ahead, T* scratch) {
  for (int l = 0; l < work_.n_layers(); ++l) {
    const RowsAhead rows = l == 0 ? ahead : RowsAhead{};
    if (is_shared(l, n_rows, n_threads))
      step_.take_neurons(l, rule, n_rows, neurons(l, thread, n_threads), rows, scratch);
    else
      step_.take_rows(l, rule, n_rows, thread, n_threads, rows, scratch);
  }
}

template class ByNeurons<float>;
template class ByNeurons<double>;

}  // namespace backlit
