// The products of bfloat16 and bfloat16x3, for processors with AVX512_BF16. Weights, sums, steps and costs stay
// float32.
//
// bfloat16 rounds both operands to 8 significant bits, to nearest, and sums in float32. bfloat16x3 splits each operand
// into two parts of 8 bits, x ≈ x₁ + x₂, and sums x₁y₁ + x₁y₂ + x₂y₁, which is nearly float32's own precision; it is
// written as one product of three times the depth (Henry, Tang and Heinecke 2019, arXiv:1904.06376). Numbers below
// 2⁻¹²⁶ count as zero: the instruction knows no subnormals.
#include "equations.hpp"
#include "products.hpp"

namespace backlit::BACKLIT_ISA {

// Two neighbors along the depth of a product, which one lane multiplies and adds at once.
struct Pair {
  std::uint16_t even, odd;
};

struct Pairs {
  __m512bh values;
};

template <>
struct SumOf<Pair> {
  using type = float;
};

BACKLIT_INLINE Pairs load(const Pair* p) { return {(__m512bh)_mm512_loadu_si512(p)}; }
BACKLIT_INLINE Pairs broadcast(Pair p) { return {(__m512bh)_mm512_set1_epi32(__builtin_bit_cast(int, p))}; }
BACKLIT_INLINE Vec<float> fma(Pairs a, Pairs b, Vec<float> c) {
  return (Vec<float>)_mm512_dpbf16_ps((__m512)c, a.values, b.values);
}

namespace {

constexpr int lane_count = lanes<float>;

__mmask16 mask_of(long n) { return n >= lane_count ? 0xffff : __mmask16((1u << n) - 1); }

__m512 rounded(__m512 x) {
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

// Stores the parts of the vectors x and y, whose numbers `order` brings side by side, `distance` from one to the next.
template <int n_parts>
BACKLIT_INLINE void split(__m512 x, __m512 y, const int (&parts)[n_parts], __m512i order, Pair* to, long distance,
                          __mmask16 mask) {
  __m512i part[2];
  part[0] = _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(y, x));
  if (n_parts > 1)
    part[1] = _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(y - rounded(y), x - rounded(x)));
  for (int p = 0; p < n_parts; ++p) _mm512_mask_storeu_epi32(to + p * distance, mask, part[parts[p]]);
}

// Pairs along a row of n numbers.
template <int n_parts>
void pack_row(const float* row, long n, const int (&parts)[n_parts], Pair* to, long distance) {
  const __m512i as_they_are = _mm512_set_epi16(31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14,
                                               13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  for (long k = 0; k < n; k += 2 * lane_count) {
    const long left = n - k;
    const __m512 x = _mm512_maskz_loadu_ps(mask_of(left), row + k);
    const __m512 y = left > lane_count ? _mm512_maskz_loadu_ps(mask_of(left - lane_count), row + k + lane_count)
                                       : _mm512_setzero_ps();
    split<n_parts>(x, y, parts, as_they_are, to + k / 2, distance, mask_of((left + 1) / 2));
  }
}

// Pairs of the n columns of two rows; the second may be missing.
template <int n_parts>
void pack_columns(const float* even, const float* odd, long n, const int (&parts)[n_parts], Pair* to, long distance) {
  const __m512i alternating = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22,
                                               6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  for (long j = 0; j < n; j += lane_count) {
    const __mmask16 mask = mask_of(n - j);
    const __m512 x = _mm512_maskz_loadu_ps(mask, even + j);
    const __m512 y = odd ? _mm512_maskz_loadu_ps(mask, odd + j) : _mm512_setzero_ps();
    split<n_parts>(x, y, parts, alternating, to + j, distance, mask);
  }
}

// The scratch that n pointers take, in numbers, padded to whole cache lines.
long numbers_of_pointers(long n) { return padded(n * long(sizeof(const Pair*) / sizeof(float)), lane_count); }

// bfloat16 with one part an operand, bfloat16x3 with three products of two.
template <int n_parts>
struct InBfloat16 {
  // The product of FullPrecision, with both operands packed into scratch first.
  template <bool a_by_column, class Epilogue>
  static void product(Rows<float> a, long i_begin, long i_end, Panels<const float> b, float* scratch,
                      Epilogue& epilogue) {
    using P = Parts<n_parts>;
    const long depth = b.n_rows, part_depth = (depth + 1) / 2, all_depth = n_parts * part_depth;
    const long n_rows = a_by_column ? all_depth : i_end, stride = a_by_column ? padded(i_end, lane_count) : all_depth;
    const Pair** const rows_of_a = reinterpret_cast<const Pair**>(scratch);
    Pair* const panel_of_b = reinterpret_cast<Pair*>(scratch + numbers_of_pointers(n_rows));
    Pair* const packed_a = panel_of_b + all_depth * widest_panel * lane_count;

    for (long i = 0; i < n_rows; ++i) rows_of_a[i] = packed_a + i * stride;
    if (a_by_column) {
      for (long k = 0; k < part_depth; ++k)
        pack_columns<n_parts>(a.row(2 * k) + i_begin, 2 * k + 1 < depth ? a.row(2 * k + 1) + i_begin : nullptr,
                              i_end - i_begin, P::of_a, packed_a + k * stride + i_begin, part_depth * stride);
    } else {
      for (long i = i_begin; i < i_end; ++i)
        pack_row<n_parts>(a.row(i), depth, P::of_a, packed_a + i * stride, part_depth);
    }

    for_panels(b, [&](long j, Panel<const float> b_panel) {
      for (long k = 0; k < part_depth; ++k)
        pack_columns<n_parts>(b_panel.row(2 * k), 2 * k + 1 < depth ? b_panel.row(2 * k + 1) : nullptr, b_panel.stride,
                              P::of_b, panel_of_b + k * b_panel.stride, part_depth * b_panel.stride);
      panel<a_by_column, Pair>({rows_of_a}, i_begin, i_end, panel_of_b, b_panel.columns, all_depth, j, epilogue);
    });
  }
};

template <int n_parts>
long scratch_size(long n_rows, long widest) {
  const long depth = n_rows > widest ? n_rows : widest, rows = padded(depth, lane_count);
  const long part_depth = (depth + 1) / 2;
  return numbers_of_pointers(n_parts * part_depth + depth) + n_parts * part_depth * (widest_panel * lane_count + rows);
}

template <int n_parts>
Kernels<float> table(Kernels<float> full) {
  full.scratch_size = scratch_size<n_parts>;
  full.forward = forward<InBfloat16<n_parts>, float>;
  full.backward = backward<InBfloat16<n_parts>, float>;
  full.update_weights = update_weights<InBfloat16<n_parts>, float>;
  full.add_nabla_w = add_nabla_w<InBfloat16<n_parts>, float>;
  return full;
}

}  // namespace

// The kernels of full precision with their products replaced.
const Kernels<float>& kernels_bfloat16(const Kernels<float>& full) {
  static const Kernels<float> kernels = table<1>(full);
  return kernels;
}

const Kernels<float>& kernels_bfloat16x3(const Kernels<float>& full) {
  static const Kernels<float> kernels = table<3>(full);
  return kernels;
}

}  // namespace backlit::BACKLIT_ISA
