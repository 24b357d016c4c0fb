// Every cost C_x of one example beside its gradient ∇_a C, and the short cuts for canonical pairs: the twin of
// src/backlit/core/losses.py.
//
// Outputs are few, so these work on one row and one number at a time.
#pragma once

#include <cstddef>

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
BACKLIT_INLINE float exp(float x) { return __builtin_expf(x); }
BACKLIT_INLINE double exp(double x) { return __builtin_exp(x); }
BACKLIT_INLINE float log1p(float x) { return __builtin_log1pf(x); }
BACKLIT_INLINE double log1p(double x) { return __builtin_log1p(x); }
BACKLIT_INLINE float sinh(float x) { return __builtin_sinhf(x); }
BACKLIT_INLINE double sinh(double x) { return __builtin_sinh(x); }
BACKLIT_INLINE float tanh(float x) { return __builtin_tanhf(x); }
BACKLIT_INLINE double tanh(double x) { return __builtin_tanh(x); }

template <class T>
BACKLIT_INLINE T magnitude(T r) {
  return r < 0 ? -r : r;
}

template <class T>
BACKLIT_INLINE T softplus(T z) {
  return (z < 0 ? T(0) : z) + loss::log1p(loss::exp(-magnitude(z)));
}

template <class T>
BACKLIT_INLINE T sigmoid(T z) {
  return T(1) / (T(1) + loss::exp(-z));
}

template <class T>
BACKLIT_INLINE T log_cosh(T r) {
  const T size = magnitude(r);
  if (size < T(1)) {
    const T sinh_half = loss::sinh(T(0.5) * size);  // cosh r − 1 = 2 sinh²(r/2) keeps the digits of a small r
    return loss::log1p(T(2) * sinh_half * sinh_half);
  }
  return size + loss::log1p(loss::exp(T(-2) * size)) - T(0.69314718055994530942);
}

// `parameter` is δ of huber and q of quantile.
template <class T>
BACKLIT_INLINE T value(Loss which, T parameter, T a, T y) {
  const T r = a - y;
  switch (which) {
    case Loss::quadratic:
      return T(0.5) * r * r;
    case Loss::huber:
      return magnitude(r) > parameter ? parameter * (magnitude(r) - T(0.5) * parameter) : T(0.5) * r * r;
    case Loss::log_cosh:
      return log_cosh(r);
    case Loss::quantile:
      return r > 0 ? (T(1) - parameter) * r : -parameter * r;
    default:  // absolute
      return magnitude(r);
  }
}

template <class T>
BACKLIT_INLINE T sign(T r) {
  return r > 0 ? T(1) : r < 0 ? T(-1) : r;  // NaN stays NaN
}

template <class T>
BACKLIT_INLINE T nabla_a(Loss which, T parameter, T a, T y) {
  const T r = a - y;
  switch (which) {
    case Loss::quadratic:
      return r;
    case Loss::huber:
      return magnitude(r) > parameter ? parameter * sign(r) : r;
    case Loss::log_cosh:
      return loss::tanh(r);
    case Loss::quantile:
      return (r > 0 ? T(1) - parameter : parameter) * sign(r);
    default:  // absolute
      return sign(r);
  }
}

// log σ(z) for the activations whose values are positive; `log_sum` is log Σ e^z of the row, for softmax
template <class T>
BACKLIT_INLINE T log_activation(Activation activation, T z, T a, T log_sum) {
  switch (activation) {
    case Activation::sigmoid:
      return -softplus(-z);
    case Activation::softplus:
      return z < T(-40) ? z : loss::log(a);
    case Activation::exp:
      return z;
    default:  // softmax
      return z - log_sum;
  }
}

// C_x of one row of n outputs
template <class T>
inline T cost_row(Loss which, T parameter, Activation activation, const T* z, const T* a, T log_sum, const T* y,
                  std::ptrdiff_t n) {
  T cost = 0;
  if (which == Loss::cross_entropy && activation == Activation::sigmoid) {
    for (std::ptrdiff_t j = 0; j < n; ++j) cost += y[j] * softplus(-z[j]) + (T(1) - y[j]) * softplus(z[j]);
  } else if (which == Loss::cross_entropy) {
    for (std::ptrdiff_t j = 0; j < n; ++j) cost -= y[j] * (z[j] - log_sum);
  } else if (which == Loss::poisson) {
    for (std::ptrdiff_t j = 0; j < n; ++j) {
      const T constant = (y[j] == 0 ? T(0) : y[j] * loss::log(y[j])) - y[j];
      cost += a[j] - y[j] * log_activation(activation, z[j], a[j], log_sum) + constant;
    }
  } else {
    for (std::ptrdiff_t j = 0; j < n; ++j) cost += value(which, parameter, a[j], y[j]);
  }
  return cost;
}

// Writes δ^L of one row where the pair has a short cut for BP1, and says whether it has.
template <class T>
inline bool short_cut_row(Loss which, Activation activation, const T* z, const T* a, const T* y, T* delta,
                          std::ptrdiff_t n) {
  if (!loss_needs_z(which)) return false;
  switch (activation) {
    case Activation::softmax: {  // a Σy − y, which is a − y for targets that sum to one
      T sum = 0;
      for (std::ptrdiff_t j = 0; j < n; ++j) sum += y[j];
      for (std::ptrdiff_t j = 0; j < n; ++j) delta[j] = a[j] * sum - y[j];
      return true;
    }
    case Activation::sigmoid:
      for (std::ptrdiff_t j = 0; j < n; ++j)
        delta[j] = which == Loss::poisson ? (a[j] - y[j]) * sigmoid(-z[j]) : a[j] - y[j];
      return true;
    case Activation::exp:
      for (std::ptrdiff_t j = 0; j < n; ++j) delta[j] = a[j] - y[j];
      return true;
    default:  // softplus: σ′ − y σ′/a, where σ′/a tends to 1 as both underflow
      for (std::ptrdiff_t j = 0; j < n; ++j) {
        const T slope = sigmoid(z[j]);
        delta[j] = slope - y[j] * (z[j] < T(-40) ? T(1) : slope / a[j]);
      }
      return true;
  }
}

}  // namespace backlit::BACKLIT_ISA::loss
#endif
