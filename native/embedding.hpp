// The embeddings before a network: forward before layer 1 is fed on, and from BP2's δ with respect to the inputs back
// to their own gradient and step. And α of hidden neurons, which the passes use, but whose step is taken here. Where
// there is neither, nothing here is touched.
#pragma once

#include <vector>

#include "buffer.hpp"
#include "workspace.hpp"

namespace backlit {

template <class T>
class Embedding {
 public:
  explicit Embedding(Workspace<T>& workspace);

  bool any() const { return n_embedded() != 0; }
  // Numbers, then categories, then hidden layers with α; each is one thread's.
  long n_embedded() const { return long(begins_.size()) - 1; }

  // All parameters, or a slot of the optimizer's, as EmbeddingLayout has them; slot −1 is the parameters.
  long size() const { return begins_.back(); }
  T* theta(int slot) { return slot < 0 ? theta_.data() : slots_[slot].data(); }
  T* nabla() { return nabla_.data(); }

  // Room for so many rows, and in training for their errors.
  void reserve(long n_rows, bool with_delta);

  // The rows of the batch become (e, c, x), the last without the values of embedded categories.
  void forward(Part rows);

  // BP2 from layer 2 to e and c, for which w² must stand as BP2 reads it: a thread copies its rows of wt after their
  // step.
  void transpose(Part rows);
  void backward(Part rows, T* scratch);

  // BP4 and BP3 of some embeddings, added to nabla.
  void add_nabla(Part embedded, long n_rows);
  void clear_nabla();
  // Σ nabla² of each, which stay as they are while threads take their steps; then the total.
  void find_squares(Part embedded);
  void add_squares_to(double& square) const;

  // The step by factor·nabla, which is zero afterwards.
  void apply_nabla(const StepRule<T>& rule, T factor, Part embedded);

  bool is_finite() const { return all_finite(theta_.data(), theta_.size()); }

 private:
  bool embeds() const { return work_.description.shape.n_e() != 0; }
  // Neurons of layer 1 whose δ is computed: all e and c, and what is left of the last panel.
  long n_delta() const;
  T* of(Buffer<T>& values, long embedded) { return values.data() + begins_[embedded]; }
  void embed_category(long g, const T* x, T* c);
  void add_nabla_of_category(long g, long n_rows);
  void apply_nabla_by(const StepRule<T>& rule, T factor, Part embedded);

  Workspace<T>& work_;
  const long n_columns_;
  long first_alpha_;
  std::vector<long> begins_;     // of the parameters of each number, category and layer with α, and the end
  std::vector<Part> kept_;       // columns of x that layer 1 has as they are
  std::vector<long> at_;         // where in layer 1 each embedded number stands
  std::vector<const T*> given_;  // rows of x
  Buffer<T> theta_, slots_[2], nabla_;
  std::vector<double> squares_;
  Buffer<T> a_1_;  // (n_rows, n_in)
  Buffer<T> delta_e_;
  long n_rows_ = 0;
};

}  // namespace backlit
