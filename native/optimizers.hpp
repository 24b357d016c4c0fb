// How a gradient becomes a step: the twin of src/backlit/core/optimizers.py.
//
// To add an optimizer, write its struct in the first half and name it in `Optimizer`. Where no rule of the second half
// takes its step, name one more in BACKLIT_RULES, and write it beside the others.
#pragma once

// The rules by which vectors of parameters move. The second word says whether a product is compiled for it whose sums
// go into the step from registers. That saves a store and a load for each weight, and costs the compiler seconds.
#define BACKLIT_RULES(X) \
  X(sgd, true)           \
  X(momentum, true)      \
  X(rmsprop, false)      \
  X(adam, true)

namespace backlit {

enum class Rule {
#define BACKLIT_ENUMERATE(name, is_fused) name,
  BACKLIT_RULES(BACKLIT_ENUMERATE)
#undef BACKLIT_ENUMERATE
};

// Whether a parameter stays where it is when its gradient is zero.
constexpr bool moves_by_gradient_alone(Rule rule) { return rule == Rule::sgd; }

// One step of an optimizer, with everything that is the same for all parameters worked out beforehand.
//
// The gradient arrives multiplied by p. The cheapest place for that is the errors of BP1: the sums over them are then
// multiplied already, and gradient descent is left with an addition, for which processors have other units than for the
// products. A gradient that must not be scaled, because it is clipped or handed out, is multiplied by p when the step
// is taken.
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
  T p = 1, q = 1;
  // What the first and the second slot keep of themselves, and what is added to them. From float64: 1 − 0.999 would
  // lose half its digits in float32.
  T first_kept = 0, first_added = 0;
  T second_kept = 0, second_added = 0;
  T epsilon = 0;
  T keep = 1;  // 1 − μ λ of decoupled weight decay
  bool nesterov = false;
  bool has_penalty = false;  // whether one of the next two is not 0
  T square = 0;              // factor of w in the gradient of the squared penalties
  T l1 = 0;
};

// For gradients that are multiplied by p: what a penalty adds to them.
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

#ifndef BACKLIT_ISA
#include <cmath>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "names.hpp"

namespace backlit {

// Each optimizer has its name, the arguments of its twin in Python but for `clip_norm`, which all have, how many slots
// it keeps for a parameter, and the rule of its step number `step`, counted from 1.
struct SGD {
  static constexpr const char* name = "sgd";
  double momentum = 0;
  bool nesterov = false, rate_in_velocity = false;
  SGD() = default;
  explicit SGD(Arguments& a)
      : momentum(a.take("momentum")),
        nesterov(a.take("nesterov") != 0),
        rate_in_velocity(a.take("rate_in_velocity") != 0) {}
  int n_slots() const { return momentum != 0; }
  StepRule<double> rule(double rate, long) const {
    if (momentum == 0) return {.rule = Rule::sgd, .p = -rate};
    const double p = rate_in_velocity ? -rate : 1, q = rate_in_velocity ? 1 : -rate;
    return {.rule = Rule::momentum, .p = p, .q = q, .first_kept = momentum, .nesterov = nesterov};
  }
};

struct RMSprop {
  static constexpr const char* name = "rmsprop";
  double rho, epsilon;
  explicit RMSprop(Arguments& a) : rho(a.take("rho")), epsilon(a.take("epsilon")) {}
  int n_slots() const { return 1; }
  StepRule<double> rule(double rate, long) const {
    return {.rule = Rule::rmsprop, .q = -rate, .first_kept = rho, .first_added = 1 - rho, .epsilon = epsilon};
  }
};

struct Adam {
  static constexpr const char* name = "adam";
  double beta_1, beta_2, epsilon;
  explicit Adam(Arguments& a) : beta_1(a.take("beta_1")), beta_2(a.take("beta_2")), epsilon(a.take("epsilon")) {}
  int n_slots() const { return 2; }
  StepRule<double> rule(double rate, long step) const {
    return {.rule = Rule::adam,
            .q = -rate * root(step) / (1 - std::pow(beta_1, double(step))),
            .first_kept = beta_1,
            .first_added = 1 - beta_1,
            .second_kept = beta_2,
            .second_added = 1 - beta_2,
            .epsilon = epsilon};
  }
  double root(long step) const { return std::sqrt(1 - std::pow(beta_2, double(step))); }
};

struct AdamW : Adam {
  static constexpr const char* name = "adamw";
  double weight_decay;
  explicit AdamW(Arguments& a) : Adam(a), weight_decay(a.take("weight_decay")) {}
  StepRule<double> rule(double rate, long step) const {
    // m̂ / (√v̂ + ε) = √(1 − β₂ᵗ)/(1 − β₁ᵗ) · m / (√v + ε √(1 − β₂ᵗ))
    StepRule<double> rule = Adam::rule(rate, step);
    rule.epsilon *= root(step);
    rule.keep = 1 - rate * weight_decay;
    return rule;
  }
};

// The table of optimizers.
using AnyOptimizer = std::variant<SGD, RMSprop, Adam, AdamW>;

template <class... Each>
std::vector<std::string> names_of(std::type_identity<std::variant<Each...>>) {
  return {Each::name...};
}

template <class... Each>
bool make_one_of(std::type_identity<std::variant<Each...>>, const std::string& name, Arguments& arguments,
                 AnyOptimizer& made) {
  return ((name == Each::name && (made = Each(arguments), true)) || ...);
}

inline std::vector<std::string> optimizer_names() { return names_of(std::type_identity<AnyOptimizer>{}); }

// One of them; gradient descent without momentum where nothing else is said.
class Optimizer {
 public:
  Optimizer() = default;
  Optimizer(const std::string& name, Arguments arguments) {
    if (!make_one_of(std::type_identity<AnyOptimizer>{}, name, arguments, which_))
      throw std::invalid_argument("the native engine has no optimizer named '" + name + "'");
    clip_norm_ = arguments.take("clip_norm");
    arguments.end();
    if (clip_norm_ < 0) throw std::invalid_argument("clip_norm cannot be negative");
  }

  // The largest norm of a gradient, all parameters and the penalty's part together; 0 for none.
  double clip_norm() const { return clip_norm_; }
  bool clips() const { return clip_norm_ != 0; }

  int n_slots() const {
    return std::visit([](const auto& which) { return which.n_slots(); }, which_);
  }

  // The decay of decoupled weight decay is multiplied by `decay`.
  template <class T>
  StepRule<T> rule(double rate, double decay, long step) const {
    const StepRule<double> r = std::visit([&](const auto& which) { return which.rule(rate, step); }, which_);
    return {.rule = r.rule,
            .p = T(r.p),
            .q = T(r.q),
            .first_kept = T(r.first_kept),
            .first_added = T(r.first_added),
            .second_kept = T(r.second_kept),
            .second_added = T(r.second_added),
            .epsilon = T(r.epsilon),
            .keep = T(1 - decay * (1 - r.keep)),
            .nesterov = r.nesterov};
  }

 private:
  AnyOptimizer which_;
  double clip_norm_ = 0;
};

}  // namespace backlit
#endif

#ifdef BACKLIT_ISA
#include <type_traits>

#include "vector_math.hpp"

namespace backlit::BACKLIT_ISA {

// Where the parameters and their state lie; `first` and `second` are the slots that the rule keeps.
template <class T>
struct Slots {
  T* theta;
  T* first;
  T* second;
};

// Each rule takes θ and p∇ and returns θ after the step; it updates its slots at offset `at` itself.
namespace rule {

template <class T>
struct sgd {
  static BACKLIT_INLINE Vec<T> moved(const StepRule<T>&, const Slots<T>&, long, Vec<T> theta, Vec<T> nabla) {
    return theta + nabla;
  }
};

template <class T>
struct momentum {
  static BACKLIT_INLINE Vec<T> moved(const StepRule<T>& s, const Slots<T>& slots, long at, Vec<T> theta, Vec<T> nabla) {
    Vec<T> v = fma(broadcast(s.first_kept), load(slots.first + at), nabla);
    store(slots.first + at, v);
    if (s.nesterov) v = fma(broadcast(s.first_kept), v, nabla);
    return fma(broadcast(s.q), v, theta);
  }
};

template <class T>
struct rmsprop {
  static BACKLIT_INLINE Vec<T> moved(const StepRule<T>& s, const Slots<T>& slots, long at, Vec<T> theta, Vec<T> nabla) {
    const Vec<T> v = fma(broadcast(s.first_added), nabla * nabla, s.first_kept * load(slots.first + at));
    store(slots.first + at, v);
    return fma(broadcast(s.q), over_root<T>(nabla, v, s.epsilon), theta);
  }
};

template <class T>
struct adam {
  static BACKLIT_INLINE Vec<T> moved(const StepRule<T>& s, const Slots<T>& slots, long at, Vec<T> theta, Vec<T> nabla) {
    const Vec<T> m = fma(broadcast(s.first_added), nabla, s.first_kept * load(slots.first + at));
    const Vec<T> v = fma(broadcast(s.second_added), nabla * nabla, s.second_kept * load(slots.second + at));
    store(slots.first + at, m);
    store(slots.second + at, v);
    if (s.keep != T(1)) theta = theta * s.keep;
    return fma(broadcast(s.q), over_root<T>(m, v, s.epsilon), theta);
  }
};

}  // namespace rule

// Takes a step for the `lanes` parameters at offset `at`, given the vector p∇.
template <template <class> class Which, bool may_have_l1 = true, class T>
BACKLIT_INLINE void step(const StepRule<T>& s, const Slots<T>& slots, long at, Vec<T> nabla) {
  const Vec<T> theta = load(slots.theta + at);
  if (s.has_penalty) {
    nabla = fma(broadcast(s.square), theta, nabla);
    if (may_have_l1 && s.l1 != T(0)) nabla = fma(broadcast(s.l1), sign<T>(theta), nabla);
  }
  store(slots.theta + at, Which<T>::moved(s, slots, at, theta, nabla));
}

// Takes the steps of n parameters from offset `at` on; nabla(k) are the gradients from at + k on.
template <class T, class F>
BACKLIT_INLINE void take_steps_by(const StepRule<T>& s, Slots<T> slots, long at, long n, F&& nabla) {
  switch (s.rule) {
#define BACKLIT_CASE(name, is_fused)                                                     \
  case Rule::name:                                                                       \
    for (long k = 0; k < n; k += lanes<T>) step<rule::name>(s, slots, at + k, nabla(k)); \
    return;
    BACKLIT_RULES(BACKLIT_CASE)
#undef BACKLIT_CASE
  }
}

template <class T>
__attribute__((noinline)) void take_steps(const StepRule<T>& s, Slots<T> slots, long at, long n, const T* nabla) {
  take_steps_by(s, slots, at, n, [&](long k) BACKLIT_INLINED { return load(nabla + k); });
}

}  // namespace backlit::BACKLIT_ISA
#endif
