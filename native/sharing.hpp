// How threads share the steps of small batches of wide layers: by neurons instead of by rows.
//
// Where each thread has some rows of the batch, it reads all weights, and has to fetch from the other's cache those
// that the other has updated: with few rows, that takes longer than the products. Where it has some neurons of a layer,
// it alone ever touches their weights, and what the threads exchange are activations and errors; they meet at every
// layer.
#pragma once

#include "step.hpp"

namespace backlit {

// How many threads have enough to do in steps of so many rows, and in the whole call: where they share rows, and where
// they share neurons.
double threads_by_rows(double n_weights, double rows_per_step, double rows_per_call);
double threads_by_neurons(double n_weights, double rows_per_step, double steps_per_call);

template <class T>
class ByNeurons {
 public:
  ByNeurons(Workspace<T>& workspace, Passes<T>& passes, Step<T>& step)
      : work_(workspace), passes_(passes), step_(step) {}

  // The one place that decides which steps are shared so: those with a layer whose neurons are.
  bool serves(long n_rows, int n_threads, bool is_sparse) const;

  // Steps 1 to 3 of the lecture's algorithm, for all rows; each thread has taken its part of them already. Then step 4.
  void forward(long n_rows, int thread, int n_threads, Barrier& barrier, T* scratch);
  void backward(long n_rows, int thread, int n_threads, Barrier& barrier, T* scratch);

  // BP4, BP3 and the step of one of the threads.
  void take(const StepRule<T>& rule, long n_rows, int thread, int n_threads, RowsAhead ahead, T* scratch);

  // Whether a layer's neurons are shared; of others the rows are.
  bool is_shared(int layer, long n_rows, int n_threads) const;

  // What a thread has of a layer.
  struct Share {
    Part rows, neurons;
  };
  Share share(int layer, long n_rows, int thread, int n_threads) const;

 private:
  Part neurons(int layer, int thread, int n_threads) const;

  Workspace<T>& work_;
  Passes<T>& passes_;
  Step<T>& step_;
};

}  // namespace backlit
