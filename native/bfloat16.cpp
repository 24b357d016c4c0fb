// The products of bfloat16 and bfloat16x3, for processors with AVX512_BF16. Weights, sums, steps and costs stay
// float32; bfloat16_numbers.hpp says how they are rounded.
#include "bfloat16_numbers.hpp"
#include "products.hpp"

namespace backlit::BACKLIT_ISA {

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

// The scratch that n pointers take, in numbers, padded to whole cache lines.
long numbers_of_pointers(long n) { return padded(n * long(sizeof(const Pair*) / sizeof(float)), lane_count); }

// bfloat16 with one part an operand, bfloat16x3 with three products of two.
template <int n_parts>
struct InBfloat16 {
  // For the products of up to n_rows rows of layers up to `widest` wide.
  static long scratch_size(long n_rows, long widest) {
    const long depth = n_rows > widest ? n_rows : widest, rows = padded(depth, lane_count);
    const long part_depth = (depth + 1) / 2;
    return numbers_of_pointers(n_parts * part_depth + depth) +
           n_parts * part_depth * (widest_panel * lane_count + rows);
  }

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

}  // namespace

const Kernels<float>& kernels_bfloat16(const Kernels<float>& full) {
  static const Kernels<float> kernels = with_products<InBfloat16<1>>(full);
  return kernels;
}

const Kernels<float>& kernels_bfloat16x3(const Kernels<float>& full) {
  static const Kernels<float> kernels = with_products<InBfloat16<3>>(full);
  return kernels;
}

}  // namespace backlit::BACKLIT_ISA
