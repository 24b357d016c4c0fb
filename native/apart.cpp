// Gradient and step apart, so that gradients of several processes can be added up in between. Those of one machine have
// shares.cpp as well.
#include <algorithm>
#include <exception>

#include "session.hpp"
#include "subnormals.hpp"

namespace backlit {

namespace {
// To bound memory: rows a gradient is summed over at a time.
constexpr long gradient_rows = 2048;

std::exception_ptr failure_of(const std::function<void(int)>& finished, int layer) {
  try {
    finished(layer);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}
}  // namespace

template <class T>
void Session<T>::gradient(Examples<T> examples, const std::int64_t* rows_of_batch, long n_rows, double* cost,
                          double* weight, long first_row, T* packed, const std::function<void(int)>& finished) {
  const Call call;
  const auto row_of = [&](long i) { return rows_of_batch ? long(rows_of_batch[i]) : i; };
  const long chunk = std::min(n_rows, gradient_rows);
  const int n_threads = threads_for(chunk, n_rows, chunk);
  reserve(n_threads, chunk, examples);
  if (packed) {
    std::fill_n(packed, packed_size(), T(0));
    keep_nabla_in(packed);
  } else {
    whole_gradient_.reserve();
  }
  embedding_.clear_nabla();
  *weight = 0;
  for (long i = 0; i < n_rows; ++i) *weight += examples.weight_of(row_of(i));
  std::vector<double> chunk_costs((n_rows + chunk - 1) / chunk, 0.0);
  std::exception_ptr failed;  // of `finished`: the other threads wait for this one all the same
  Barrier barrier(n_threads);
  on_threads(n_threads, [&](int thread) {
    T* scratch = workspace_.scratch(thread);
    transpose(thread, n_threads);
    for (long first = 0; first < n_rows; first += chunk) {
      const long n = std::min(chunk, n_rows - first);
      const Part rows(n, thread, n_threads);
      for (long i = rows.begin; i < rows.end; ++i) {
        workspace_.take_row(examples, row_of(first + i), i);
        *workspace_.share(i) = T(examples.weight_of(row_of(first + i)) / *weight);
      }
      embedding_.forward(rows);
      passes_.forward_in_training(rows, t, first_row + first + rows.begin, scratch);
      passes_.output(rows, true);
      // layer by layer from the last, as in the lecture: what is finished can be sent while the rest is computed
      for (int l = workspace_.n_layers() - 1; l >= 0; --l) {
        passes_.into_panels(l, n, rows, passes_.all_neurons(l));
        barrier.wait();  // the layer's errors are there, and w is transposed
        whole_gradient_.add_w(l, n, Part(layers_[l].weight_rows(), thread, n_threads), scratch);
        if (thread == l % n_threads) whole_gradient_.add_b(l, n);
        if (finished && first + n == n_rows) {
          barrier.wait();  // so is its gradient
          if (thread == 0 && !failed) failed = failure_of(finished, l);
        }
        if (l > 0) passes_.layer_backward(l - 1, n, rows, passes_.all_neurons(l - 1), scratch);
      }
      embedding_.backward(rows, scratch);
      barrier.wait();  // the errors of the embeddings are there
      if (thread == 0)
        for (long i = 0; i < n; ++i) {
          const double s = examples.weight_of(row_of(first + i));
          if (s != 0) chunk_costs[first / chunk] += s / *weight * *workspace_.cost(i);
        }
      embedding_.add_nabla(Part(embedding_.n_embedded(), thread, n_threads), n);
      barrier.wait();  // the batch's buffers may be written again
    }
  });
  *cost = 0;
  for (double part : chunk_costs) *cost += part;
  if (packed) keep_nabla_here();
  if (failed) std::rethrow_exception(failed);
}

template <class T>
void Session<T>::apply_gradient(const std::vector<const T*>& nabla_w, const std::vector<const T*>& nabla_b, double rate,
                                double decay, const T* nabla_of_embeddings) {
  const SubnormalsAreZero while_a_step_is_taken;
  const StepRule<T> s =
      rule_without_penalty(step_.rule(rate, decay, 1, ++t));  // the gradient holds the penalty's already
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    layers_[l].set_nabla(nabla_w[l], nabla_b[l]);
    step_.apply_nabla(int(l), s, s.p, Part(0, layers_[l].weight_rows()));
    layers_[l].apply_nabla_b(description_.layer_rates.of_biases(s, int(l)), s.p);
  }
  if (!embedding_.any()) return;
  std::copy_n(nabla_of_embeddings, embedding_.size(), embedding_.nabla());
  embedding_.apply_nabla(s, s.p, Part(0, embedding_.n_embedded()));
}

}  // namespace backlit
