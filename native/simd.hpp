// Vectors of the instruction set this file is compiled for. Arithmetic, comparison and selection (mask ? a : b) are the
// compiler's own vector operators; only what they lack is written here.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define BACKLIT_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define BACKLIT_VECTOR_BYTES 32
#else
#define BACKLIT_VECTOR_BYTES 16
#endif

#define BACKLIT_INLINED __attribute__((always_inline))
#define BACKLIT_INLINE inline BACKLIT_INLINED

namespace backlit::BACKLIT_ISA {

template <class T>
struct VectorOf;
template <>
struct VectorOf<float> {
  typedef float type __attribute__((vector_size(BACKLIT_VECTOR_BYTES)));
  typedef float half __attribute__((vector_size(BACKLIT_VECTOR_BYTES / 2)));
  typedef std::int32_t bit;
  typedef bit bits __attribute__((vector_size(BACKLIT_VECTOR_BYTES)));
};
template <>
struct VectorOf<double> {
  typedef double type __attribute__((vector_size(BACKLIT_VECTOR_BYTES)));
  typedef double half __attribute__((vector_size(BACKLIT_VECTOR_BYTES / 2)));
  typedef std::int64_t bit;
  typedef bit bits __attribute__((vector_size(BACKLIT_VECTOR_BYTES)));
};

template <class T>
using Vec = typename VectorOf<T>::type;
template <class T>
using Bits = typename VectorOf<T>::bits;
template <class T>
constexpr int lanes = BACKLIT_VECTOR_BYTES / sizeof(T);

template <class T>
BACKLIT_INLINE Vec<T> load(const T* p) {
  Vec<T> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <class T>
BACKLIT_INLINE void store(T* p, Vec<T> v) {
  std::memcpy(p, &v, sizeof v);
}

template <class T>
BACKLIT_INLINE Vec<T> broadcast(T x) {
  return x - Vec<T>{};  // minus, because −0 + 0 would lose the sign
}

// a·b + c, rounded once where the processor can. Baseline x86 cannot, and rounds twice.
#if defined(__AVX512F__)
BACKLIT_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return (Vec<float>)_mm512_fmadd_ps(a, b, c); }
BACKLIT_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
  return (Vec<double>)_mm512_fmadd_pd(a, b, c);
}
BACKLIT_INLINE Vec<float> sqrt(Vec<float> x) { return (Vec<float>)_mm512_sqrt_ps(x); }
BACKLIT_INLINE Vec<double> sqrt(Vec<double> x) { return (Vec<double>)_mm512_sqrt_pd(x); }
#elif defined(__AVX2__)
BACKLIT_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return (Vec<float>)_mm256_fmadd_ps(a, b, c); }
BACKLIT_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
  return (Vec<double>)_mm256_fmadd_pd(a, b, c);
}
BACKLIT_INLINE Vec<float> sqrt(Vec<float> x) { return (Vec<float>)_mm256_sqrt_ps(x); }
BACKLIT_INLINE Vec<double> sqrt(Vec<double> x) { return (Vec<double>)_mm256_sqrt_pd(x); }
#elif defined(__aarch64__)
BACKLIT_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) {
  return (Vec<float>)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
BACKLIT_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
  return (Vec<double>)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
}
BACKLIT_INLINE Vec<float> sqrt(Vec<float> x) { return (Vec<float>)vsqrtq_f32((float32x4_t)x); }
BACKLIT_INLINE Vec<double> sqrt(Vec<double> x) { return (Vec<double>)vsqrtq_f64((float64x2_t)x); }
#elif defined(__SSE2__)
BACKLIT_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return a * b + c; }
BACKLIT_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return a * b + c; }
BACKLIT_INLINE Vec<float> sqrt(Vec<float> x) { return (Vec<float>)_mm_sqrt_ps(x); }
BACKLIT_INLINE Vec<double> sqrt(Vec<double> x) { return (Vec<double>)_mm_sqrt_pd(x); }
#else
BACKLIT_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) { return a * b + c; }
BACKLIT_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) { return a * b + c; }
template <class V>
BACKLIT_INLINE V sqrt(V x) {
  for (unsigned i = 0; i < sizeof(V) / sizeof(x[0]); ++i) x[i] = __builtin_sqrt(x[i]);
  return x;
}
#endif

// The lower half of a vector. Processors with two units for half vectors and one for whole ones take half the time.
template <class T>
using Half = typename VectorOf<T>::half;
#if defined(__AVX512F__)
constexpr bool halves_pay = true;
BACKLIT_INLINE Half<float> fma(Half<float> a, Half<float> b, Half<float> c) {
  return (Half<float>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
}
BACKLIT_INLINE Half<double> fma(Half<double> a, Half<double> b, Half<double> c) {
  return (Half<double>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
}
#else
constexpr bool halves_pay = false;
#endif

template <class T>
BACKLIT_INLINE Half<T> lower_half(Vec<T> v) {
  Half<T> half;
  std::memcpy(&half, &v, sizeof half);
  return half;
}

template <class T>
BACKLIT_INLINE Half<T> load_half(const T* p) {
  Half<T> half;
  std::memcpy(&half, p, sizeof half);
  return half;
}

// The upper half becomes zero.
template <class T>
BACKLIT_INLINE Vec<T> widened(Half<T> half) {
  Vec<T> v{};
  std::memcpy(&v, &half, sizeof half);
  return v;
}

// m / (√v + ε), for steps that are divided by the root of a second moment.
template <class T>
BACKLIT_INLINE Vec<T> over_root(Vec<T> m, Vec<T> v, T epsilon) {
  return m / (sqrt(v) + epsilon);
}
#if defined(__AVX512F__)
// The root runs beside the other arithmetic; a division would queue behind it. An estimate of 14 bits, brought to the
// precision of a float32 by a step of Newton's, takes a third of the time.
template <>
BACKLIT_INLINE Vec<float> over_root<float>(Vec<float> m, Vec<float> v, float epsilon) {
  const Vec<float> denominator = sqrt(v) + epsilon;
  const Vec<float> inverse = (Vec<float>)_mm512_rcp14_ps((__m512)denominator);
  return m * fma(fma(-denominator, inverse, broadcast(1.0f)), inverse, inverse);
}
#endif

// A mask for the last n columns of a row: all ones in lanes that hold a real column, zeros in the padding.
template <class T>
BACKLIT_INLINE Bits<T> first_lanes(long n) {
  Bits<T> lane;
  for (int i = 0; i < lanes<T>; ++i) lane[i] = i;
  return lane < typename VectorOf<T>::bit(n < lanes<T> ? n : lanes<T>);
}

// The first n numbers at p, then zeros; what follows them in memory is not read.
template <class T>
BACKLIT_INLINE Vec<T> load_first(const T* p, long n) {
  if (n >= lanes<T>) return load(p);
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), p);
  if constexpr (sizeof(T) == 8) return (Vec<T>)_mm512_maskz_loadu_pd(__mmask8((1u << n) - 1), p);
#endif
  Vec<T> v{};
  for (int lane = 0; lane < n; ++lane) v[lane] = p[lane];
  return v;
}

// Each lane's partner, `half` lanes away.
template <class T, int half, int... lane>
BACKLIT_INLINE Vec<T> partners(Vec<T> v, std::integer_sequence<int, lane...>) {
  return __builtin_shufflevector(v, v, (lane ^ half)...);
}

// All lanes taken together by f, halves by halves.
template <class T, int half = lanes<T> / 2, class F>
BACKLIT_INLINE T fold(Vec<T> v, F&& f) {
  v = f(v, partners<T, half>(v, std::make_integer_sequence<int, lanes<T>>{}));
  if constexpr (half > 1) return fold<T, half / 2>(v, f);
  return v[0];
}

template <class T>
BACKLIT_INLINE T sum_of_lanes(Vec<T> v) {
  return fold<T>(v, [](Vec<T> a, Vec<T> b) { return a + b; });
}

// The largest of n numbers, or NaN where all are.
template <class T>
BACKLIT_INLINE T largest_of(const T* p, long n) {
  const auto larger = [](Vec<T> a, Vec<T> b) { return a > b ? a : b; };
  Vec<T> largest = broadcast(p[0]);
  for (long j = 0; j < n; j += lanes<T>) largest = larger(first_lanes<T>(n - j) ? load(p + j) : largest, largest);
  return fold<T>(largest, larger);
}

// f(0), f(1), … f(n − 1). Tiles must be unrolled fully, or they are kept in memory. The numbers are constants once f is
// inlined; as types they would make a function of every one, and the compiler take twice as long.
template <int n, class F>
BACKLIT_INLINE void unroll(F&& f) {
  [&]<int... i>(std::integer_sequence<int, i...>)
      __attribute__((always_inline)) { (f(i), ...); }(std::make_integer_sequence<int, n>{});
}

}  // namespace backlit::BACKLIT_ISA
