// BP4, BP3 and the step, fused: the gradient of a weight goes into its step without touching memory.
#pragma once

#include "workspace.hpp"

namespace backlit {

template <class T>
class Step {
 public:
  explicit Step(Workspace<T>& workspace) : work_(workspace) {}

  void reserve(bool is_sparse);

  // The rule of step number `step`, counted from 1, of a batch that weighs so much.
  StepRule<T> rule(double rate, double batch_weight, long step) const;

  // The step of one of the threads, each of which has its part of each layer's weights; the rows of the next batch are
  // fetched meanwhile.
  void take(const StepRule<T>& rule, long n_rows, int thread, int n_threads, RowsAhead<T> ahead, T* scratch);

  // What the penalty adds to the cost: each thread finds its part, while weights stay as they are; then it is added up.
  void find_penalties(double batch_weight, int thread, int n_threads);
  double penalty_cost() const;

 private:
  void update_weights(int layer, const StepRule<T>& rule, long n_rows, Part part, RowsAhead<T> ahead, T* scratch);
  void update_sparse(const StepRule<T>& rule, long n_rows, Part part);
  const Penalty& penalty() const { return work_.description.objective.penalty; }

  Workspace<T>& work_;
};

}  // namespace backlit
