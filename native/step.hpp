// The parts of a step of training, each of which every thread calls for its share: Passes for some rows of the batch,
// then Step, or WholeGradient, for some weights of each layer.
#pragma once

#include "workspace.hpp"

namespace backlit {

class Barrier;
template <class T>
class Embedding;

// Steps 1 to 4 of the lecture's algorithm: forward, the error of the output, and back. See passes.cpp.
template <class T>
class Passes {
 public:
  explicit Passes(Workspace<T>& workspace) : work_(workspace) {}

  // Steps 1 and 2. In training, dropout is applied to the inputs of layers: `step` counts from 0, and the first of the
  // rows stands at `position` in its batch.
  void forward(Part rows, T* scratch);
  void forward_in_training(Part rows, long step, long position, T* scratch);

  // Step 3: the costs, and BP1 where an error is wanted.
  void output(Part rows, bool with_delta);

  // Step 4: BP2 from the last layer down to the second, and the errors in panels for BP4. The batch has n_rows rows.
  void backward(Part rows, long n_rows, T* scratch);

  // The same for one layer, or for some of its neurons, of which the first begins a panel; without dropout.
  void layer_forward(int layer, Rows<T> input, Part rows, Part neurons, T* scratch);
  void layer_backward(int layer, long n_rows, Part rows, Part neurons, T* scratch);
  void pull_back(int layer, Part rows, Part neurons);  // the end of BP2 alone
  void into_panels(int layer, long n_rows, Part rows, Part neurons);
  Part all_neurons(int layer) const { return {0, work_.layers[layer].n_out}; }

 private:
  void drop(int layer, Part rows, long step, long position);
  void drop_sparse_rows(Part rows, const DropoutDraw& draw, long position);

  Workspace<T>& work_;
};

// What a gradient is multiplied by, given the square of its norm, so that the norm is no longer than it may be; in
// PyTorch's form.
template <class T>
T clip_factor(const Optimizer& optimizer, double square);

// BP4, BP3 and the step, fused: the gradient of a weight goes into its step without touching memory.
template <class T>
class Step {
 public:
  explicit Step(Workspace<T>& workspace) : work_(workspace) {}

  void reserve(bool is_sparse);

  // The rule for step number `step`, counted from 1, on a batch of this weight.
  StepRule<T> rule(double rate, double decay, double batch_weight, long step) const;

  // The step of one of the threads, each of which has its part of each layer's weights; the rows of the next batch are
  // fetched meanwhile.
  void take(const StepRule<T>& rule, long n_rows, int thread, int n_threads, RowsAhead ahead, T* scratch);

  // The same of one layer without the copy for BP2: of the thread's part of the weights from all neurons of the layer
  // before, or of the weights to some neurons, of which the first begins a panel.
  void take_rows(int layer, const StepRule<T>& rule, long n_rows, int thread, int n_threads, RowsAhead ahead,
                 T* scratch);
  void take_neurons(int layer, const StepRule<T>& rule, long n_rows, Part neurons, RowsAhead ahead, T* scratch);

  // BP2 to the layer before but for its end, BP4 and the step of the weights to some neurons from some of the layer
  // before, in one pass over them; and BP3 with the step of these neurons' biases.
  void take_once(int layer, const StepRule<T>& rule, long n_rows, Part neurons, Part before);
  void update_biases(int layer, const StepRule<T>& rule, long n_rows, Part neurons);

  // The step alone, by factor·nabla, for these rows of a layer's weights, and for their scales.
  void apply_nabla(int layer, const StepRule<T>& rule, T factor, Part part);

  // What the penalty adds to the cost: each thread finds its part, while weights stay as they are; then it is added up.
  void find_penalties(double batch_weight, int thread, int n_threads);
  double penalty_cost() const;

 private:
  void update_weights(int layer, const StepRule<T>& rule, Rows<T> fed, long n_rows, Part part, RowsAhead ahead,
                      T* scratch);
  void update_sparse(const StepRule<T>& rule, long n_rows, Part part);
  void update_scaled(const StepRule<T>& rule, long n_rows, Part part, T* scratch);
  const Penalty& penalty() const { return work_.description.objective.penalty; }

  Workspace<T>& work_;
};

// The same apart, for a gradient that is wanted whole: because it is handed out, or because the step needs its norm
// first, as clipping does.
template <class T>
class WholeGradient {
 public:
  // Of a network with embeddings before it, the norm is that of their gradient as well.
  explicit WholeGradient(Workspace<T>& workspace, Embedding<T>* embedding = nullptr)
      : work_(workspace), embedding_(embedding) {}

  // Room for the gradient of every layer, set to zero.
  void reserve();

  // BP4 and BP3 of one layer for n_rows rows, added to the gradient so far.
  void add_w(int layer, long n_rows, Part part, T* scratch);
  void add_b(int layer, long n_rows);

  // BP4, BP3 and the step of one of the threads, each of which has its rows of each gradient. All threads have the norm
  // once they have met.
  void step(const StepRule<T>& rule, long n_rows, int thread, int n_threads, Barrier& barrier, T* scratch);

  // What the gradient is multiplied by to be as short as it may be, once every layer's is finished.
  T clip_factor() const;

 private:
  Workspace<T>& work_;
  Embedding<T>* const embedding_;
};

}  // namespace backlit
