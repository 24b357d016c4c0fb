// Steps 1 to 4 of the lecture's algorithm, for some of the rows of a batch: forward, the error of the output, and back.
#pragma once

#include "workspace.hpp"

namespace backlit {

template <class T>
class Passes {
 public:
  explicit Passes(Workspace<T>& workspace) : work_(workspace) {}

  // Steps 1 and 2. In training what layers are fed with is dropped on the way: `step` counts from 0, and the first of
  // the rows stands at `position` in its batch.
  void forward(Part rows, T* scratch);
  void forward_in_training(Part rows, long step, long position, T* scratch);

  // Step 3: the costs, and BP1 where an error is wanted.
  void output(Part rows, bool with_delta);

  // Step 4: BP2 from the last layer down to the second, and the errors in panels for BP4. n_rows is of the batch.
  void backward(Part rows, long n_rows, T* scratch);

 private:
  void layer_forward(int layer, Rows<T> input, Part rows, T* scratch);
  void drop(int layer, Part rows, long step, long position);
  void drop_sparse_rows(Part rows, const DropoutDraw& draw, long position);

  Workspace<T>& work_;
};

}  // namespace backlit
