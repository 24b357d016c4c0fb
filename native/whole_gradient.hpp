// A gradient that is wanted whole: because it is handed out, or because a step asks for its norm, which clipping does,
// and so cannot be fused into BP4.
#pragma once

#include "workspace.hpp"

namespace backlit {

class Barrier;

template <class T>
class WholeGradient {
 public:
  explicit WholeGradient(Workspace<T>& workspace) : work_(workspace) {}

  // Of every layer, zero.
  void reserve();

  // BP4 and BP3 of one layer for n_rows rows, added to the gradient so far.
  void add_w(int layer, long n_rows, Part part, T* scratch);
  void add_b(int layer, long n_rows);

  // BP4, BP3 and the step of one of the threads, each of which has its rows of each gradient. All threads have the norm
  // once they have met.
  void step(const StepRule<T>& rule, long n_rows, int thread, int n_threads, Barrier& barrier, T* scratch);

 private:
  T clip_factor() const;

  Workspace<T>& work_;
};

}  // namespace backlit
