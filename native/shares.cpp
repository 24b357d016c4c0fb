// Processes of one machine that step together, in memory that all see. Each takes the gradient of its rows, and leaves
// it there; once all have, each adds up its share of the numbers, steps the weights that they belong to, and shows them
// to the others. So no number is stepped twice, and nothing is rearranged on the way. What the optimizer remembers of a
// weight only the process knows that steps it, until all show each other that, too.
#include <algorithm>

#include "session.hpp"
#include "subnormals.hpp"

namespace backlit {

template <class T>
Share Layer<T>::share(int layer, int process, int n_processes) const {
  const long lanes = kernels_.lanes;  // no vector is cut
  const bool is_first = process == 0, has_biases = layer % n_processes == process;
  Part weights(wt_.size() / lanes, process, n_processes);
  // a scale is stepped by the gradients of a whole row, which lie all over
  if (has_scales) weights = Part(0, is_first ? wt_.size() / lanes : 0);
  return {{weights.begin * lanes, weights.end * lanes}, {0, has_biases ? b_.size() : 0}, has_scales && is_first};
}

template <class T>
void Layer<T>::keep_nabla_in(T* packed) {
  nabla_wt_ = Buffer<T>::lent(packed, wt_.size());
  nabla_b_ = Buffer<T>::lent(packed + wt_.size(), b_.size());
}

template <class T>
double Layer<T>::add_up_nabla(const Share& own, const std::vector<const T*>& others, const std::vector<double>& shares,
                              const StepRule<T>& penalty) {
  constexpr long piece = 2048;  // stays in the first cache until all are added
  double squares = 0;
  const auto add_up = [&](T* nabla, long offset, Part numbers, const T* w) {
    for (long begin = numbers.begin; begin < numbers.end; begin += piece) {
      const long end = std::min(begin + piece, numbers.end);
      for (long i = begin; i < end; ++i) nabla[i] *= T(shares[0]);
      for (std::size_t r = 0; r < others.size(); ++r) {
        const T* const from = others[r] + offset;
        const T share = T(shares[r + 1]);
        for (long i = begin; i < end; ++i) nabla[i] += share * from[i];
      }
      if (w && penalty.has_penalty)
        for (long i = begin; i < end; ++i) nabla[i] += penalty.square * w[i] + penalty.l1 * T((w[i] > 0) - (w[i] < 0));
      double sums[8] = {};  // chains of additions, each of which waits for the one before
      for (long i = begin; i < end; ++i) sums[i % 8] += double(nabla[i]) * double(nabla[i]);
      for (double sum : sums) squares += sum;
    }
  };
  add_up(nabla_wt_.data(), 0, own.weights, wt_.data());
  add_up(nabla_b_.data(), wt_.size(), own.biases, nullptr);
  return squares;
}

template <class T>
void Layer<T>::apply_share(const StepRule<T>& of_weights, const StepRule<T>& of_biases, const StepRule<T>& of_scales,
                           T factor, const Share& own) {
  const long lanes = kernels_.lanes;
  if (own.has_scales)
    apply_nabla_scaled(of_weights, of_scales, factor, Part(0, weight_rows()));
  else if (own.weights.size() != 0)
    kernels_.apply(of_weights, factor, as_vectors(nabla_wt_), as_vectors(wt_), as_vectors(slots_wt_[0]),
                   as_vectors(slots_wt_[1]), own.weights.begin / lanes, own.weights.end / lanes);
  if (own.biases.size() != 0) apply_nabla_b(of_biases, factor);
}

// Calls f(offset, numbers, n) for all that a share has of the parameters or of a slot.
template <class T>
template <class Self, class F>
void Layer<T>::for_shown(Self& self, int slot, const Share& share, F&& f) {
  auto &wt = slot < 0 ? self.wt_ : self.slots_wt_[slot], &b = slot < 0 ? self.b_ : self.slots_b_[slot],
       &s = slot < 0 ? self.s_ : self.slots_s_[slot];
  f(share.weights.begin, wt.data() + share.weights.begin, share.weights.size());
  f(wt.size() + share.biases.begin, b.data() + share.biases.begin, share.biases.size());
  if (share.has_scales) f(wt.size() + b.size(), s.data(), s.size());
}

template <class T>
void Layer<T>::show_share(int slot, const Share& own, T* packed) const {
  for_shown(*this, slot, own, [&](long at, const T* from, long n) { std::copy_n(from, n, packed + at); });
}

template <class T>
void Layer<T>::take_share(int slot, const Share& another, const T* packed) {
  for_shown(*this, slot, another, [&](long at, T* to, long n) { std::copy_n(packed + at, n, to); });
}

template <class T>
long Session<T>::packed_size() const {
  long size = 0;
  for (const Layer<T>& layer : layers_) size += layer.packed_size();
  return size;
}

template <class T>
void Session<T>::keep_nabla_in(T* packed) {
  for (Layer<T>& layer : layers_) {
    layer.keep_nabla_in(packed);
    packed += layer.packed_size();
  }
}

template <class T>
void Session<T>::keep_nabla_here() {
  for (Layer<T>& layer : layers_) layer.keep_nabla_here();
}

template <class T>
double Session<T>::add_up_share(Process process, T* own, std::vector<const T*> others,
                                const std::vector<double>& shares, double square, double l1) {
  const SubnormalsAreZero while_a_step_is_taken;
  StepRule<T> penalty{};
  penalty.square = T(square);
  penalty.l1 = T(l1);
  penalty.has_penalty = square != 0 || l1 != 0;
  keep_nabla_in(own);
  double squares = 0;
  for (int l = 0; l < workspace_.n_layers(); ++l) {
    squares += layers_[l].add_up_nabla(layers_[l].share(l, process.number, process.of), others, shares, penalty);
    for (const T*& gradient : others) gradient += layers_[l].packed_size();
  }
  keep_nabla_here();
  return squares;
}

template <class T>
void Session<T>::step_share(Process process, T* own, double squares, double rate, double decay) {
  const SubnormalsAreZero while_a_step_is_taken;
  const StepRule<T> rule = rule_without_penalty(step_.rule(rate, decay, 1, ++t));
  const T factor = (steps_by_whole_gradient() ? clip_factor<T>(description_.optimizer, squares) : T(1)) * rule.p;
  const LayerRates& rates = description_.layer_rates;
  keep_nabla_in(own);
  for (int l = 0; l < workspace_.n_layers(); ++l)
    layers_[l].apply_share(rates.of_weights(rule, l), rates.of_biases(rule, l), rates.of_scales(rule), factor,
                           layers_[l].share(l, process.number, process.of));
  keep_nabla_here();
}

template <class T>
void Session<T>::show_share(Process process, int slot, T* packed) const {
  for (int l = 0; l < workspace_.n_layers(); ++l) {
    layers_[l].show_share(slot, layers_[l].share(l, process.number, process.of), packed);
    packed += layers_[l].packed_size();
  }
}

template <class T>
void Session<T>::take_shares(Process process, int slot, const T* packed) {
  for (int l = 0; l < workspace_.n_layers(); ++l) {
    for (int other = 0; other < process.of; ++other)
      if (other != process.number) layers_[l].take_share(slot, layers_[l].share(l, other, process.of), packed);
    packed += layers_[l].packed_size();
  }
}

template <class T>
double Session<T>::penalty_of(double square, double l1) {
  double cost = 0;
  for (Layer<T>& layer : layers_) {
    layer.reserve_penalties();
    layer.find_penalties(0.5 * square, l1, Part(0, layer.penalty_blocks()));
    cost += layer.penalty();
  }
  return cost;
}

}  // namespace backlit
