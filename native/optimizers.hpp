// How a gradient becomes a step: the twin of src/backlit/core/optimizers.py, on vectors of parameters.
#pragma once

namespace backlit {

enum class Rule { sgd, momentum, rmsprop, adam };

// One step of an optimizer, with everything that is the same for all parameters worked out beforehand.
//
// The gradient comes times p, which is cheapest to multiply into the errors of BP1: their sums then have it already,
// and gradient descent is left with an addition, for which processors have other units than for the products. A
// gradient that is wanted as it is, because it is clipped or handed out, is multiplied by p when the step is taken.
//
// sgd       θ ← θ + p ∇,  p = −μ
// momentum  v ← m v + p ∇,  θ ← θ + q v, or with Nesterov's θ ← θ + q (m v + p ∇); PyTorch has p = 1 and q = −μ, and
//           scikit-learn p = −μ and q = 1
// rmsprop   v ← ρ v + (1 − ρ) ∇²,  θ ← θ + q ∇ / (√v + ε), and p = 1
// adam      m ← β₁ m + (1 − β₁) ∇,  v ← β₂ v + (1 − β₂) ∇²,  θ ← keep·θ + q m / (√v + ε), and p = 1
//
// PyTorch's and scikit-learn's forms of Adam differ in q and ε.
template <class T>
struct StepRule {
  Rule rule;
  T p, q;
  T momentum;  // m, ρ or β₁
  T beta_2;
  T one_minus_momentum, one_minus_beta_2;  // from float64: 1 − 0.999 would lose half its digits in float32
  T epsilon;
  T keep;  // 1 − μ λ of decoupled weight decay
  bool nesterov;
  bool has_penalty;  // whether one of the next two is not 0
  T square;          // factor of w in the gradient of the squared penalties
  T l1;
};

// For gradients that come times p: what a penalty adds to them.
template <class T>
StepRule<T> rule_times_p(StepRule<T> rule) {
  rule.square *= rule.p;
  rule.l1 *= rule.p;
  return rule;
}

// For gradients that hold the penalty's part already.
template <class T>
StepRule<T> rule_without_penalty(StepRule<T> rule) {
  rule.has_penalty = false;
  rule.square = rule.l1 = 0;
  return rule;
}

// Penalties and decay are for weights.
template <class T>
StepRule<T> rule_of_biases(StepRule<T> rule) {
  rule.keep = 1;
  return rule_without_penalty(rule);
}

}  // namespace backlit

#ifdef BACKLIT_ISA
#include "vector_math.hpp"

namespace backlit::BACKLIT_ISA {

// Where the parameters and their state lie; `first` and `second` are the slots that the rule keeps.
template <class T>
struct Slots {
  T* theta;
  T* first;
  T* second;
};

// Takes a step for the `lanes` parameters at offset `at`, given the vector of their gradients times p.
template <class T, Rule rule>
BACKLIT_INLINE void step(const StepRule<T>& s, const Slots<T>& slots, long at, Vec<T> nabla) {
  Vec<T> theta = load(slots.theta + at);
  if (s.has_penalty) {
    nabla = fma(broadcast(s.square), theta, nabla);
    if (s.l1 != T(0)) nabla = fma(broadcast(s.l1), sign<T>(theta), nabla);
  }
  if constexpr (rule == Rule::sgd) {
    theta += nabla;
  } else if constexpr (rule == Rule::momentum) {
    Vec<T> v = fma(broadcast(s.momentum), load(slots.first + at), nabla);
    store(slots.first + at, v);
    if (s.nesterov) v = fma(broadcast(s.momentum), v, nabla);
    theta = fma(broadcast(s.q), v, theta);
  } else if constexpr (rule == Rule::rmsprop) {
    const Vec<T> v = fma(broadcast(s.one_minus_momentum), nabla * nabla, s.momentum * load(slots.first + at));
    store(slots.first + at, v);
    theta = fma(broadcast(s.q), over_root<T>(nabla, v, s.epsilon), theta);
  } else {
    const Vec<T> m = fma(broadcast(s.one_minus_momentum), nabla, s.momentum * load(slots.first + at));
    const Vec<T> v = fma(broadcast(s.one_minus_beta_2), nabla * nabla, s.beta_2 * load(slots.second + at));
    store(slots.first + at, m);
    store(slots.second + at, v);
    if (s.keep != T(1)) theta = theta * s.keep;
    theta = fma(broadcast(s.q), over_root<T>(m, v, s.epsilon), theta);
  }
  store(slots.theta + at, theta);
}

}  // namespace backlit::BACKLIT_ISA
#endif
