// Steps of a few rows, from BP1 on: layer by layer from the last one down, and of each large layer BP2, BP4, BP3 and
// the step in one pass over its weights.
//
// Of few rows the weights and the optimizer's state are most of what a step reads and writes. Where BP2 and the step go
// through a layer one after the other, its weights come from far memory for each. Threads have neurons of such a layer,
// as in sharing.hpp. A sum of BP2 is over all of them, in their order: so one thread goes on where the one before it in
// line has left off, block by block, and is never more than a block behind.
#pragma once

#include "sharing.hpp"

namespace backlit {

class Turns;

template <class T>
class OnePass {
 public:
  OnePass(Workspace<T>& workspace, Passes<T>& passes, Step<T>& step, const ByNeurons<T>& by_neurons)
      : work_(workspace), passes_(passes), step_(step), by_neurons_(by_neurons) {}

  // The one place that decides which steps are taken so.
  bool serves(long n_rows, int n_threads, bool is_sparse) const;

  // The errors of the outputs are there.
  void take(const StepRule<T>& rule, long n_rows, int thread, int n_threads, Barrier& barrier, Turns& turns,
            RowsAhead ahead, T* scratch);

 private:
  // Whether a layer's weights are gone through once.
  bool is_once(int layer, long n_rows, int n_threads) const;

  Workspace<T>& work_;
  Passes<T>& passes_;
  Step<T>& step_;
  const ByNeurons<T>& by_neurons_;
};

}  // namespace backlit
