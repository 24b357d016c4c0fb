// Numbers of bfloat16, two by two, for products of less than full precision: shared by bfloat16.cpp and amx.cpp.
//
// bfloat16 rounds both operands to 8 significant bits, to nearest, and sums in float32. bfloat16x3 splits each operand
// into two parts of 8 bits, x ≈ x₁ + x₂, and sums x₁y₁ + x₁y₂ + x₂y₁, which is nearly float32's own precision; it is
// written as one product of three times the depth (Henry, Tang and Heinecke 2019, arXiv:1904.06376). Numbers below
// 2⁻¹²⁶ count as zero: the instructions know no subnormals.
#pragma once

#include "equations.hpp"
#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// Two neighbors along the depth of a product, which one lane multiplies and adds at once.
struct Pair {
  std::uint16_t even, odd;
};

constexpr int lane_count = lanes<float>;

static inline __mmask16 mask_of(long n) { return n >= lane_count ? 0xffff : __mmask16((1u << n) - 1); }

static inline __m512 rounded(__m512 x) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(x)), 16));
}

// Which parts of the operands meet: all of a's first, then all of the next.
template <int n_parts>
struct Parts;
template <>
struct Parts<1> {
  static constexpr int of_a[] = {0}, of_b[] = {0};
};
template <>
struct Parts<3> {
  static constexpr int of_a[] = {0, 0, 1}, of_b[] = {0, 1, 0};
};

// The n-th part of the vectors x and y, whose numbers `order` brings side by side.
template <int n>
BACKLIT_INLINE __m512i part_of(__m512 x, __m512 y, __m512i order) {
  if constexpr (n == 1) return part_of<0>(x - rounded(x), y - rounded(y), order);
  return _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(y, x));
}

// Stores the parts `distance` from one to the next.
template <int n_parts>
BACKLIT_INLINE void split(__m512 x, __m512 y, const int (&parts)[n_parts], __m512i order, Pair* to, long distance,
                          __mmask16 mask) {
  __m512i part[2];
  part[0] = part_of<0>(x, y, order);
  if (n_parts > 1) part[1] = part_of<1>(x, y, order);
  for (int p = 0; p < n_parts; ++p) _mm512_mask_storeu_epi32(to + p * distance, mask, part[parts[p]]);
}

BACKLIT_INLINE __m512i as_they_are() {
  return _mm512_set_epi16(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8,
                          7, 6, 5, 4, 3, 2, 1, 0);
}

BACKLIT_INLINE __m512i alternating() {
  return _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19,
                          3, 18, 2, 17, 1, 16, 0);
}

// Pairs along a row of n numbers.
template <int n_parts>
void pack_row(const float* row, long n, const int (&parts)[n_parts], Pair* to, long distance) {
  for (long k = 0; k < n; k += 2 * lane_count) {
    const long left = n - k;
    const __m512 x = _mm512_maskz_loadu_ps(mask_of(left), row + k);
    const __m512 y = left > lane_count ? _mm512_maskz_loadu_ps(mask_of(left - lane_count), row + k + lane_count)
                                       : _mm512_setzero_ps();
    split<n_parts>(x, y, parts, as_they_are(), to + k / 2, distance, mask_of((left + 1) / 2));
  }
}

// Pairs of the n columns of two rows; the second may be missing.
template <int n_parts>
void pack_columns(const float* even, const float* odd, long n, const int (&parts)[n_parts], Pair* to, long distance) {
  for (long j = 0; j < n; j += lane_count) {
    const __mmask16 mask = mask_of(n - j);
    const __m512 x = _mm512_maskz_loadu_ps(mask, even + j);
    const __m512 y = odd ? _mm512_maskz_loadu_ps(mask, odd + j) : _mm512_setzero_ps();
    split<n_parts>(x, y, parts, alternating(), to + j, distance, mask);
  }
}

// The kernels of full precision with their products replaced.
template <class Product>
Kernels<float> with_products(Kernels<float> full) {
  full.scratch_size = Product::scratch_size;
  full.forward = forward<Product, float>;
  full.backward = backward<Product, float>;
  full.update_weights = update_weights<Product, float>;
  full.add_nabla_w = add_nabla_w<Product, float>;
  return full;
}

}  // namespace backlit::BACKLIT_ISA
