// A network being trained or asked: the native side of `Session` in src/backlit/engine/protocol.py. Knows no Python.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "embedding.hpp"
#include "narrow.hpp"
#include "one_pass.hpp"
#include "pace.hpp"
#include "shared_members.hpp"
#include "sharing.hpp"
#include "step.hpp"
#include "threads.hpp"
#include "workspace.hpp"

namespace backlit {

constexpr auto time_between_interrupt_checks = std::chrono::milliseconds(50);

template <class T>
class Session {
 public:
  explicit Session(Description description);
  Session(Description description, const Kernels<T>& kernels);

  const Description& description() const { return description_; }

  // Parameters and the state of the optimizer; 0 is the first layer after the input.
  Layer<T>& layer(int l) { return layers_[l]; }
  const Layer<T>& layer(int l) const { return layers_[l]; }
  Embedding<T>& embedding() { return embedding_; }

  long t = 0;  // steps taken

  // a^L of n rows; where y is given, also Σ s C_x and Σ s. Where `x_is_finite` is not null, tells whether x holds
  // neither NaN nor infinity: of rows that are in the cache that costs little.
  void evaluate(Examples<T> examples, long n_rows, T* out, double* cost, double* weight, bool* x_is_finite = nullptr);

  // C without the penalty, its gradient left in the layers, and Σ s. `rows` are those of the examples, or null for all.
  // For dropout, the first row is `first_row` of its batch. Where `packed` is not null, the gradient is left there.
  // `finished` is called with each layer, the last one first, once its gradient is whole, while other threads go on.
  void gradient(Examples<T> examples, const std::int64_t* rows, long n_rows, double* cost, double* weight,
                long first_row = 0, T* packed = nullptr, const std::function<void(int)>& finished = nullptr);
  // The optimizer's decay of the weights is multiplied by `decay`.
  void apply_gradient(const std::vector<const T*>& nabla_w, const std::vector<const T*>& nabla_b, double rate,
                      double decay, const T* nabla_of_embeddings = nullptr);

  // One of several processes that step together; see shares.cpp. All have the same sizes and instruction set.
  struct Process {
    int number, of;
  };
  long packed_size() const;
  // Puts Σ share·gradient and the gradient of ½ square·Σ w² + l1·Σ |w| in place of a process's share of the first
  // gradient, its own, and returns Σ nabla² of that.
  double add_up_share(Process process, T* own, std::vector<const T*> others, const std::vector<double>& shares,
                      double square, double l1);
  // Steps the share, by that gradient; where it is clipped, `squares` is Σ nabla² of all.
  void step_share(Process process, T* own, double squares, double rate, double decay);
  // Shows others the share of the parameters (slot −1) or of a slot, and takes theirs.
  void show_share(Process process, int slot, T* packed) const;
  void take_shares(Process process, int slot, const T* packed);
  // What ½ square·Σ w² + l1·Σ |w| is.
  double penalty_of(double square, double l1);

  // Members that share all layers but the last, whose v and other layers are this session's; see shared_members.cpp. A
  // slot of −1 is the parameters. Scales are (n_members, n_in).
  void share_among(std::vector<std::uint64_t> dropout_seeds, double rate_of_scales);
  long n_members() const { return members_.n_members(); }
  void set_head(long member, int slot, const T* w, const T* b);
  void get_head(long member, int slot, T* w, T* b);
  T* member_scales(long member, int slot) { return members_.scales.of(members_.scales.kept(slot), member); }
  int run_steps_of_members(Examples<T> examples, const std::int64_t* order, long n_order, long batch_size,
                           const double* rates, const double* decays, double* costs, double* batch_weights,
                           const std::function<bool()>& interrupted);

  // One step per batch; `decays` may be null. Returns the first layer (counted from 1, the input) with a value that is
  // not finite, or 0. `interrupted` is called every 50 ms or so; once it returns true, the run ends after the step.
  int run_steps(Examples<T> examples, const std::int64_t* order, long n_order, long batch_size, const double* rates,
                const double* decays, double* costs, double* batch_weights, const std::function<bool()>& interrupted);

  // How many threads `run_steps` uses, on a quiet machine.
  int threads_for_steps(long batch_size, long n_order, bool is_sparse) const;

 private:
  // For steps of so many rows in a call of so many, where at most `most` have something to do.
  int threads_for(long rows_per_step, long rows_per_call, long most) const;
  // Whether the step needs the whole gradient first, instead of being fused into BP4.
  bool steps_by_whole_gradient() const { return description_.optimizer.clips(); }
  void reserve(int n_threads, long n_rows, const Examples<T>& examples);
  void transpose(int thread, int n_threads);
  void take_rows(const Examples<T>& examples, const std::int64_t* batch, double factor, Part rows);
  void train_rows(const Examples<T>& examples, const std::int64_t* batch, long n_rows, double factor, Part rows,
                  long step, T* scratch);
  void take_embeddings(const StepRule<T>& rule, long n_rows, int thread, int n_threads);
  double cost_of_batch(const Examples<T>& examples, const T* costs, const std::int64_t* batch, long n_rows,
                       double batch_weight);
  int first_layer_not_finite() const;
  void take_rows_of_member(const Examples<T>& examples, const std::int64_t* batch, double factor, long m, Part rows);
  void add_nabla_of_member(long m, long n_rows, int thread, int n_threads, T* scratch);
  void add_up_nabla_v(int thread, int n_threads);
  double squares_of_members();
  void step_members(const StepRule<T>& rule, T factor, int thread, int n_threads, Barrier& barrier);
  void keep_nabla_in(T* packed);
  void keep_nabla_here();

  Description description_;
  Pace pace_;
  std::vector<Layer<T>> layers_;
  double n_weights_ = 0;
  Workspace<T> workspace_;
  Narrow<T> narrow_;
  Embedding<T> embedding_{workspace_};
  Passes<T> passes_{workspace_};
  Step<T> step_{workspace_};
  WholeGradient<T> whole_gradient_{workspace_, &embedding_};
  ByNeurons<T> by_neurons_{workspace_, passes_, step_};
  OnePass<T> one_pass_{workspace_, passes_, step_, by_neurons_};
  SharedMembers<T> members_;
};

}  // namespace backlit
