// Steps of a few rows on one thread, from BP1 on: layer by layer from the last one down, and of each large layer BP2,
// BP4, BP3 and the step in one pass over its weights.
//
// Of few rows the weights and the optimizer's state are most of what a step reads and writes. Where BP2 and the step go
// through a layer one after the other, its weights come from far memory for each.
#pragma once

#include "step.hpp"

namespace backlit {

template <class T>
class OnePass {
 public:
  OnePass(Workspace<T>& workspace, Passes<T>& passes, Step<T>& step)
      : work_(workspace), passes_(passes), step_(step) {}

  // The one place that decides which steps are taken so. Several threads have other neurons in BP2 than in the step.
  bool serves(long n_rows, int n_threads, bool is_sparse) const;

  // The errors of the outputs are there.
  void take(const StepRule<T>& rule, long n_rows, RowsAhead<T> ahead, T* scratch);

 private:
  // Whether a layer's weights are gone through once.
  bool is_once(int layer, long n_rows) const;

  Workspace<T>& work_;
  Passes<T>& passes_;
  Step<T>& step_;
};

}  // namespace backlit
