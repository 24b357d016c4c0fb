// Every cost C_x of one example beside its gradient ∇_a C, and the short cuts for canonical pairs: the twin of
// src/backlit/core/losses.py.
//
// All work on vectors of outputs. Where the processor has no vectors of a function, a lane is taken at a time.
#pragma once

#include "activations.hpp"

namespace backlit {

enum class Loss { quadratic, cross_entropy, huber, absolute, log_cosh, quantile, poisson };
constexpr const char* loss_names[] = {"quadratic", "cross_entropy", "huber",  "absolute",
                                      "log_cosh",  "quantile",      "poisson"};

// Whether the cost, or BP1's short cut, is worked out from z rather than from a.
constexpr bool loss_needs_z(Loss loss) { return loss == Loss::cross_entropy || loss == Loss::poisson; }

}  // namespace backlit

#ifdef BACKLIT_ISA

namespace backlit::BACKLIT_ISA::loss {

// The compiler's own functions, because those of <cmath> are templates that the linker may take from elsewhere.
BACKLIT_INLINE float log(float x) { return __builtin_logf(x); }
BACKLIT_INLINE double log(double x) { return __builtin_log(x); }
BACKLIT_INLINE float log1p(float x) { return __builtin_log1pf(x); }
BACKLIT_INLINE double log1p(double x) { return __builtin_log1p(x); }
BACKLIT_INLINE float sinh(float x) { return __builtin_sinhf(x); }
BACKLIT_INLINE double sinh(double x) { return __builtin_sinh(x); }

// f of every lane
template <class T, class F>
BACKLIT_INLINE Vec<T> each(Vec<T> x, F&& f) {
  for (int lane = 0; lane < lanes<T>; ++lane) x[lane] = f(x[lane]);
  return x;
}

template <class T>
BACKLIT_INLINE Vec<T> log_cosh(Vec<T> r) {
  const Vec<T> size = magnitude<T>(r);
  // cosh r − 1 = 2 sinh²(r/2) keeps the digits of a small r
  const Vec<T> near = each<T>(size, [](T s) {
    const T sinh_half = s < T(1) ? loss::sinh(T(0.5) * s) : T(0);
    return loss::log1p(T(2) * sinh_half * sinh_half);
  });
  const Vec<T> far = size + log1p_of_unit<T>(BACKLIT_ISA::exp<T>(T(-2) * size)) - T(0.69314718055994530942);
  return size < T(1) ? near : far;
}

// `parameter` is δ of huber and q of quantile.
template <class T>
BACKLIT_INLINE Vec<T> value(Loss which, T parameter, Vec<T> a, Vec<T> y) {
  const Vec<T> r = a - y, size = magnitude<T>(r);
  switch (which) {
    case Loss::quadratic:
      return T(0.5) * r * r;
    case Loss::huber:
      return size > parameter ? parameter * (size - T(0.5) * parameter) : T(0.5) * r * r;
    case Loss::log_cosh:
      return log_cosh<T>(r);
    case Loss::quantile:
      return r > T(0) ? (T(1) - parameter) * r : -parameter * r;
    default:  // absolute
      return size;
  }
}

template <class T>
BACKLIT_INLINE Vec<T> nabla_a(Loss which, T parameter, Vec<T> a, Vec<T> y) {
  const Vec<T> r = a - y;
  switch (which) {
    case Loss::quadratic:
      return r;
    case Loss::huber:
      return magnitude<T>(r) > parameter ? parameter * sign<T>(r) : r;
    case Loss::log_cosh:
      return activation::tanh<T>::value(r);
    case Loss::quantile:
      return (r > T(0) ? broadcast(T(1) - parameter) : broadcast(parameter)) * sign<T>(r);
    default:  // absolute
      return sign<T>(r);
  }
}

// log σ(z) for the activations whose values are positive; `log_sum` is log Σ e^z, for softmax: of the row that z is of,
// or of each lane's own example
template <class T, class Sum>
BACKLIT_INLINE Vec<T> log_activation(Activation activation, Vec<T> z, Vec<T> a, Sum log_sum) {
  switch (activation) {
    case Activation::sigmoid:
      return -activation::softplus<T>::value(-z);
    case Activation::softplus:
      return z < T(-40) ? z : each<T>(a, [](T a_j) { return loss::log(a_j); });
    case Activation::exp:
      return z;
    default:  // softmax
      return z - log_sum;
  }
}

// What each output adds to C_x
template <class T, class Sum>
BACKLIT_INLINE Vec<T> cost(Loss which, T parameter, Activation activation, Vec<T> z, Vec<T> a, Sum log_sum, Vec<T> y) {
  if (which == Loss::cross_entropy && activation == Activation::sigmoid)
    return y * activation::softplus<T>::value(-z) + (T(1) - y) * activation::softplus<T>::value(z);
  if (which == Loss::cross_entropy) return -y * (z - log_sum);
  if (which == Loss::poisson) {
    const Vec<T> constant = each<T>(y, [](T y_j) { return (y_j == 0 ? T(0) : y_j * loss::log(y_j)) - y_j; });
    return a - y * log_activation<T>(activation, z, a, log_sum) + constant;
  }
  return value<T>(which, parameter, a, y);
}

// δ^L where the pair has a short cut for BP1; `sum_of_y` is of the row, or of each lane's own example.
template <class T, class Sum>
BACKLIT_INLINE Vec<T> short_cut(Loss which, Activation activation, Vec<T> z, Vec<T> a, Vec<T> y, Sum sum_of_y) {
  switch (activation) {
    case Activation::softmax:  // a − y for targets that sum to one
      return a * sum_of_y - y;
    case Activation::sigmoid:
      return which == Loss::poisson ? (a - y) * activation::sigmoid<T>::value(-z) : a - y;
    case Activation::exp:
      return a - y;
    default: {  // softplus: σ′ − y σ′/a, where σ′/a tends to 1 as both underflow
      const Vec<T> slope = activation::sigmoid<T>::value(z);
      return slope - y * (z < T(-40) ? broadcast(T(1)) : slope / a);
    }
  }
}

}  // namespace backlit::BACKLIT_ISA::loss
#endif
