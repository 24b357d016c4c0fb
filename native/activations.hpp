// Every activation function σ beside its derivative σ′: the twin of src/backlit/core/activations.py.
//
// To add one, name it in BACKLIT_ACTIVATIONS and write its struct. The second word says whether its derivative needs z;
// otherwise z is not kept, and only a = σ(z) is there.
#pragma once

// Each acts on every neuron alone. Softmax, which couples the neurons of a layer, stands apart at the end.
#define BACKLIT_ACTIVATIONS(X) \
  X(sigmoid, false)            \
  X(tanh, false)               \
  X(relu, false)               \
  X(leaky_relu, false)         \
  X(elu, false)                \
  X(selu, false)               \
  X(gelu, true)                \
  X(silu, true)                \
  X(mish, true)                \
  X(softplus, true)            \
  X(exp, false)                \
  X(identity, false)

namespace backlit {

enum class Activation {
#define BACKLIT_ENUMERATE(name, needs_z) name,
  BACKLIT_ACTIVATIONS(BACKLIT_ENUMERATE)
#undef BACKLIT_ENUMERATE
      softmax
};

constexpr const char* activation_names[] = {
#define BACKLIT_NAME(name, needs_z) #name,
    BACKLIT_ACTIVATIONS(BACKLIT_NAME)
#undef BACKLIT_NAME
        "softmax"};

constexpr bool activation_needs_z[] = {
#define BACKLIT_NEEDS_Z(name, needs_z) needs_z,
    BACKLIT_ACTIVATIONS(BACKLIT_NEEDS_Z)
#undef BACKLIT_NEEDS_Z
        false};

constexpr double leaky_relu_slope = 0.01;
constexpr double elu_alpha = 1.0;
// Klambauer et al. 2017, equation 14
constexpr double selu_alpha = 1.6732632423543772848170429916717;
constexpr double selu_lambda = 1.0507009873554804934193349852946;

}  // namespace backlit

#ifdef BACKLIT_ISA
#include "vector_math.hpp"

namespace backlit::BACKLIT_ISA::activation {

template <class T>
struct sigmoid {
  static BACKLIT_INLINE Vec<T> value(Vec<T> z) { return T(1) / (T(1) + BACKLIT_ISA::exp<T>(-z)); }
  static BACKLIT_INLINE Vec<T> derivative(Vec<T>, Vec<T> a) { return a * (T(1) - a); }
};

template <class T>
struct tanh {
  static BACKLIT_INLINE Vec<T> value(Vec<T> z) {
    constexpr T one_from = sizeof(T) == 4 ? T(10) : T(20);  // tanh rounds to 1 from here on
    Vec<T> size = magnitude<T>(z);
    size = size > one_from ? broadcast(one_from) : size;
    const Vec<T> e = expm1<T>(T(2) * size);
    const Vec<T> t = e / (e + T(2));
    return z < T(0) ? -t : t;
  }
  static BACKLIT_INLINE Vec<T> derivative(Vec<T>, Vec<T> a) { return (T(1) - a) * (T(1) + a); }
};

template <class T>
struct relu {
  static BACKLIT_INLINE Vec<T> value(Vec<T> z) { return z <= T(0) ? Vec<T>{} : z; }  // NaN stays NaN
  static BACKLIT_INLINE Vec<T> derivative(Vec<T>, Vec<T> a) { return a > T(0) ? broadcast(T(1)) : a * T(0); }
};

template <class T>
struct leaky_relu {
  static BACKLIT_INLINE Vec<T> value(Vec<T> z) { return z <= T(0) ? T(leaky_relu_slope) * z : z; }
  static BACKLIT_INLINE Vec<T> derivative(Vec<T>, Vec<T> a) {
    return a > T(0) ? broadcast(T(1)) : a * T(0) + T(leaky_relu_slope);
  }
};

template <class T>
struct elu {
  static BACKLIT_INLINE Vec<T> value(Vec<T> z) {
    return z < T(0) ? T(elu_alpha) * expm1<T>(z > T(0) ? Vec<T>{} : z) : z;
  }
  static BACKLIT_INLINE Vec<T> derivative(Vec<T>, Vec<T> a) {
    return a < T(0) ? a + T(elu_alpha) : a * T(0) + T(1);  // α e^z = a + α
  }
};

template <class T>
struct selu {
  static BACKLIT_INLINE Vec<T> value(Vec<T> z) {
    return z <= T(0) ? T(selu_lambda * selu_alpha) * expm1<T>(z > T(0) ? Vec<T>{} : z) : T(selu_lambda) * z;
  }
  static BACKLIT_INLINE Vec<T> derivative(Vec<T>, Vec<T> a) {
    return a > T(0) ? broadcast(T(selu_lambda)) : a + T(selu_lambda * selu_alpha);  // λ α e^z = a + λ α
  }
};

template <class T>
struct gelu {
  static BACKLIT_INLINE Vec<T> value(Vec<T> z) {
    Vec<T> bell;
    return z * normal_cdf<T>(z, bell);
  }
  static BACKLIT_INLINE Vec<T> derivative(Vec<T> z, Vec<T>) {
    Vec<T> bell;
    const Vec<T> cdf = normal_cdf<T>(z, bell);
    return fma(z * T(0.39894228040143267794), bell, cdf);  // 1/√(2π)
  }
};

template <class T>
struct silu {
  static BACKLIT_INLINE Vec<T> value(Vec<T> z) { return z * sigmoid<T>::value(z); }
  static BACKLIT_INLINE Vec<T> derivative(Vec<T> z, Vec<T>) {
    return sigmoid<T>::value(z) * (T(1) + z * sigmoid<T>::value(-z));
  }
};

template <class T>
struct softplus {
  static BACKLIT_INLINE Vec<T> value(Vec<T> z) {
    return (z < T(0) ? Vec<T>{} : z) + log1p_of_unit<T>(BACKLIT_ISA::exp<T>(-magnitude<T>(z)));
  }
  static BACKLIT_INLINE Vec<T> derivative(Vec<T> z, Vec<T>) { return sigmoid<T>::value(z); }
};

// t = tanh(log(1 + e^z)) is rational in q = e^{−|z|}, and so is 1 − t, which must not be taken from a t near 1.
template <class T>
struct mish {
  static BACKLIT_INLINE Vec<T> value(Vec<T> z) {
    Vec<T> q, rest;
    return z * tanh_of_softplus(z, q, rest);
  }
  static BACKLIT_INLINE Vec<T> derivative(Vec<T> z, Vec<T>) {
    Vec<T> q, rest;
    const Vec<T> t = tanh_of_softplus(z, q, rest);
    const Vec<T> sigmoid_of_z = (z < T(0) ? q : broadcast(T(1))) / (T(1) + q);
    return t + z * rest * (T(1) + t) * sigmoid_of_z;
  }

 private:
  static BACKLIT_INLINE Vec<T> tanh_of_softplus(Vec<T> z, Vec<T>& q, Vec<T>& rest) {
    q = BACKLIT_ISA::exp<T>(-magnitude<T>(z));
    const Vec<T> numerator = z < T(0) ? q * (q + T(2)) : T(1) + T(2) * q;
    rest = z < T(0) ? broadcast(T(2)) : T(2) * q * q;
    const Vec<T> denominator = numerator + rest;
    rest /= denominator;
    return numerator / denominator;
  }
};

template <class T>
struct exp {
  static BACKLIT_INLINE Vec<T> value(Vec<T> z) { return BACKLIT_ISA::exp<T>(z); }
  static BACKLIT_INLINE Vec<T> derivative(Vec<T>, Vec<T> a) { return a; }
};

template <class T>
struct identity {
  static BACKLIT_INLINE Vec<T> value(Vec<T> z) { return z; }
  static BACKLIT_INLINE Vec<T> derivative(Vec<T>, Vec<T> a) { return a * T(0) + T(1); }
};

// Calls f with the struct of an elementwise activation.
template <class T, class F>
BACKLIT_INLINE void with(Activation which, F&& f) {
  switch (which) {
#define BACKLIT_CASE(name, needs_z) \
  case Activation::name:            \
    return f(activation::name<T>{});
    BACKLIT_ACTIVATIONS(BACKLIT_CASE)
#undef BACKLIT_CASE
    case Activation::softmax:
      return;
  }
}

// a = softmax(z) of one row of n neurons, and zeros in its padding: e^{z − top} of what stands there may be ∞.
template <class T>
inline void softmax_row(const T* z, T* a, long n) {
  const T top = largest_of(z, n);
  Vec<T> sums{};
  for (long j = 0; j < n; j += lanes<T>) {
    const Vec<T> e = first_lanes<T>(n - j) ? BACKLIT_ISA::exp<T>(load(z + j) - top) : Vec<T>{};
    store(a + j, e);
    sums += e;
  }
  const T sum = sum_of_lanes<T>(sums);
  for (long j = 0; j < n; j += lanes<T>) store(a + j, load(a + j) / sum);
}

// delta = Jᵀ delta = a ⊙ (delta − a · delta) of one row. Its padding stays zero, as that of a is.
template <class T>
inline void softmax_pull_back_row(const T* a, T* delta, long n) {
  Vec<T> dots{};
  for (long j = 0; j < n; j += lanes<T>) dots = fma(load(a + j), load(delta + j), dots);
  const T dot = sum_of_lanes<T>(dots);
  for (long j = 0; j < n; j += lanes<T>) store(delta + j, load(a + j) * (load(delta + j) - dot));
}

}  // namespace backlit::BACKLIT_ISA::activation
#endif
