// Elementary functions on vectors. NaN gives NaN; exp gives +∞ and 0 beyond its range.
//
// exp and expm1 share one reduction: x = n ln 2 + r with |r| ≤ ½ ln 2, e^r by its Taylor series, whose next term is
// below half a unit in the last place (r⁸/8! in float32, r¹⁴/14! in float64).
#pragma once

#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

template <class T>
struct ExpConstants;
template <>
struct ExpConstants<float> {
  static constexpr float round_by = 12582912.0f;  // 1.5·2²³: adding it rounds to an integer, kept in the low bits
  static constexpr float ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
  static constexpr float lowest = -104.0f, highest = 89.0f;  // e^x is 0 and ∞ from here on
  static constexpr int mantissa = 23, degree = 7;
};
template <>
struct ExpConstants<double> {
  static constexpr double round_by = 6755399441055744.0;  // 1.5·2⁵²
  static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
  static constexpr double lowest = -746.0, highest = 710.0;
  static constexpr int mantissa = 52, degree = 13;
};

constexpr double inverse_factorial[] = {
    1.0,        1.0,         1.0 / 2,      1.0 / 6,       1.0 / 24,       1.0 / 120,       1.0 / 720,
    1.0 / 5040, 1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800.0};

// 2^n for the integer that `rounded` = n + round_by holds in its low bits; n within the normal exponents
template <class T>
BACKLIT_INLINE Vec<T> power_of_two(Vec<T> rounded) {
  const Bits<T> one = (Bits<T>)broadcast(T(1));
  return (Vec<T>)((((Bits<T>)rounded) << ExpConstants<T>::mantissa) + one);
}

// x 2^n for whole n; in two factors, where there is no instruction for it, because 2^n alone may leave the normal
// exponents
template <class T>
BACKLIT_INLINE Vec<T> scaled(Vec<T> x, Vec<T> n) {
  constexpr T round_by = ExpConstants<T>::round_by;
  const Vec<T> half = n * T(0.5) + round_by, other_half = (n - (half - round_by)) + round_by;
  return x * power_of_two<T>(half) * power_of_two<T>(other_half);
}
#if defined(__AVX512F__)
template <>
BACKLIT_INLINE Vec<float> scaled<float>(Vec<float> x, Vec<float> n) {
  return (Vec<float>)_mm512_scalef_ps((__m512)x, (__m512)n);
}
template <>
BACKLIT_INLINE Vec<double> scaled<double>(Vec<double> x, Vec<double> n) {
  return (Vec<double>)_mm512_scalef_pd((__m512d)x, (__m512d)n);
}
#endif

// e^x = 2^n (1 + p): returns p = e^r − 1
template <class T>
BACKLIT_INLINE Vec<T> reduce_exp(Vec<T> x, Vec<T>& n) {
  using C = ExpConstants<T>;
  x = x < C::lowest ? broadcast(C::lowest) : x;
  x = x > C::highest ? broadcast(C::highest) : x;
  n = fma(x, broadcast(T(1.44269504088896340736)), broadcast(C::round_by)) - C::round_by;
  const Vec<T> r = fma(n, broadcast(-C::ln2_low), fma(n, broadcast(-C::ln2_high), x));
  Vec<T> p = broadcast(T(inverse_factorial[C::degree]));
#pragma GCC unroll 16
  for (int i = C::degree - 1; i >= 2; --i) p = fma(p, r, broadcast(T(inverse_factorial[i])));
  return fma(p, r * r, r);
}

template <class T>
BACKLIT_INLINE Vec<T> exp(Vec<T> x) {
  Vec<T> n;
  const Vec<T> p = reduce_exp<T>(x, n);
  return scaled<T>(p + T(1), n);
}

// e^x − 1 without cancellation near 0
template <class T>
BACKLIT_INLINE Vec<T> expm1(Vec<T> x) {
  Vec<T> n;
  const Vec<T> p = reduce_exp<T>(x, n), power = scaled<T>(broadcast(T(1)), n);
  return fma(p, power, power - T(1));
}

// log(1 + t) for t in [−½, 1], as 2 artanh(t / (2 + t)), by its series
template <class T>
BACKLIT_INLINE Vec<T> log1p_of_unit(Vec<T> t) {
  constexpr int terms = sizeof(T) == 4 ? 8 : 17;  // (1/9)^terms is below half a unit in the last place
  const Vec<T> s = t / (t + T(2));
  const Vec<T> s2 = s * s;
  Vec<T> series = broadcast(T(1) / T(2 * terms + 1));
#pragma GCC unroll 20
  for (int i = terms - 1; i >= 1; --i) series = fma(series, s2, broadcast(T(1) / T(2 * i + 1)));
  return T(2) * fma(series * s2, s, s);
}

// log x of positive normal numbers: x = m 2^e with m from √½ to √2, so that nothing cancels near x = 1. NaN stays NaN.
template <class T>
BACKLIT_INLINE Vec<T> log_of_positive(Vec<T> x) {
  constexpr int mantissa_bits = sizeof(T) == 4 ? 23 : 52, bias = sizeof(T) == 4 ? 127 : 1023;
  const Bits<T> e = ((Bits<T>)(x * T(1.41421356237309504880)) >> mantissa_bits) - bias;
  const Vec<T> m = (Vec<T>)((Bits<T>)x - (e << mantissa_bits));
  return fma(__builtin_convertvector(e, Vec<T>), broadcast(T(0.69314718055994530942)), log1p_of_unit<T>(m - T(1))) +
         (x - x);
}

template <class T>
BACKLIT_INLINE Vec<T> magnitude(Vec<T> x) {
  return x < T(0) ? -x : x;
}

template <class T>
BACKLIT_INLINE Vec<T> sign(Vec<T> x) {
  return x > T(0) ? broadcast(T(1)) : x < T(0) ? broadcast(T(-1)) : x;
}

// (z + 4) e^{z²/2} (1 − Φ(z)), Φ the normal distribution function, as a polynomial in (z − 4)/(z + 4): interpolated at
// Chebyshev's points of the range in which e^{−z²/2} is not yet 0, in 60 digits; relative error 1.3e-8 and 1.1e-16.
template <class T>
struct NormalTail;
template <>
struct NormalTail<float> {
  static constexpr float end = 14.5f;
  static constexpr float coefficients[] = {0.7552851385103706f,     -0.6078966060738091f,   0.3871366797947066f,
                                           -0.18652300589738766f,   0.06040646974830364f,   -0.007527212911679855f,
                                           -0.003523574056351906f,  0.0015693136450922462f, 0.00019480185114246543f,
                                           -0.00012298315700526609f};
};
template <>
struct NormalTail<double> {
  static constexpr double end = 39.0;
  static constexpr double coefficients[] = {
      0.7552851304157515,     -0.6078966419718917,     0.38713740074221886,     -0.18652185795969417,
      0.06039657489069947,    -0.007540188965593059,   -0.0034796923622425332,  0.0016308184418903596,
      0.00013334425401904912, -0.0002310948183193762,  -1.9078665316613576e-06, 3.5144181157760973e-05,
      7.150055959216099e-07,  -5.918892731763236e-06,  -6.25132104047868e-07,   1.0198048518135172e-06,
      2.6368248576407624e-07, -1.5426320536771075e-07, -7.63808205349045e-08,   1.457859334703646e-08,
      1.392402399350171e-08,  7.26954547902669e-11,    -9.653425420228504e-10};
};

// The coefficient of z²ᵏ in (Φ(z) − ½)/z
constexpr double normal_center(int k) {
  double c = 0.39894228040143267794;  // 1/√(2π)
  for (int i = 1; i <= k; ++i) c *= -0.5 / i;
  return c / (2 * k + 1);
}

// Φ(z), and e^{−z²/2} with it. Near 0, where ½ would hide the last digits of the tail, from Φ's own series.
template <class T>
BACKLIT_INLINE Vec<T> normal_cdf(Vec<T> z, Vec<T>& bell) {
  using Tail = NormalTail<T>;
  constexpr int degree = sizeof(Tail::coefficients) / sizeof(T) - 1;
  Vec<T> size = magnitude<T>(z);
  size = size > Tail::end ? broadcast(Tail::end) : size;
  const Vec<T> square = size * size, rounding = fma(size, size, -square);
  bell = BACKLIT_ISA::exp<T>(T(-0.5) * square);
  bell = fma(bell, T(-0.5) * rounding, bell);
  const Vec<T> inverse = T(1) / (size + T(4)), t = (size - T(4)) * inverse;
  Vec<T> series = broadcast(Tail::coefficients[degree]);
#pragma GCC unroll 24
  for (int i = degree - 1; i >= 0; --i) series = fma(series, t, broadcast(Tail::coefficients[i]));
  const Vec<T> tail = bell * (series * inverse);
  constexpr int terms = sizeof(T) == 4 ? 6 : 11;  // for |z| < ½
  Vec<T> center = broadcast(T(normal_center(terms - 1)));
#pragma GCC unroll 12
  for (int k = terms - 2; k >= 0; --k) center = fma(center, square, broadcast(T(normal_center(k))));
  return size < T(0.5) ? fma(z, center, broadcast(T(0.5))) : z < T(0) ? tail : T(1) - tail;
}

}  // namespace backlit::BACKLIT_ISA
