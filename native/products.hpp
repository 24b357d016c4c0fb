// The register-tiled product c = start + Σ_k a_k ⊗ b_k behind the forward pass, BP2 and BP4.
//
// A tile of `height` rows by `width` vectors is accumulated in registers over the whole depth, always in the order
// k = 0, 1, …; so the bits of a row do not depend on the tile that holds it, nor on the rows beside it. The epilogue
// gives the start of each sum and takes its end: that is where bias, σ, σ′ and the optimizer's step are fused in.
#pragma once

#include "kernels.hpp"
#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// Sums held in registers: AVX-512 and NEON have 32, of which b takes `width` and a takes one; others have 16.
#if defined(__AVX512F__) || defined(__aarch64__)
template <int width>
constexpr int tile_height = width == 1   ? 14
                            : width == 2 ? 12
                                         : 8;
#else
template <int width>
constexpr int tile_height = width == 1   ? 8
                            : width == 2 ? 6
                                         : 4;
#endif

// What sums of products of O are held in. An operand type other than float and double brings its own `load`,
// `broadcast` and `fma`, one O to a lane.
template <class O>
struct SumOf {
  using type = O;
};

// `a` is read as a[r][k], or as a[k][r] for BP4, which sums over examples.
template <class O, int height, int width, bool a_by_column, class Epilogue>
BACKLIT_INLINE void tile(Matrix<const O> a, long i, Matrix<const O> b, long depth, long j, Epilogue& epilogue) {
  using T = typename SumOf<O>::type;
  Vec<T> c[height][width];
  unroll<height>([&](auto r) { unroll<width>([&](auto v) { c[r][v] = epilogue.start(i + r, j + v * lanes<T>); }); });
  const O* a_tile = a_by_column ? a.data + i : a.row(i);
  const O* b_row = b.data;
  for (long k = 0; k < depth; ++k, b_row += b.stride) {
    decltype(load(b_row)) b_k[width];
    unroll<width>([&](auto v) { b_k[v] = load(b_row + v * lanes<T>); });
    unroll<height>([&](auto r) {
      const auto a_rk = broadcast(a_by_column ? a_tile[k * a.stride + r] : a_tile[r * a.stride + k]);
      unroll<width>([&](auto v) { c[r][v] = fma(a_rk, b_k[v], c[r][v]); });
    });
  }
  unroll<height>([&](auto r) { unroll<width>([&](auto v) { epilogue.finish(i + r, j + v * lanes<T>, c[r][v]); }); });
  epilogue.tile_done(i, height, j, width * lanes<T>);
}

// All rows of one panel of `width` vectors of columns.
template <class O, int width, bool a_by_column, class Epilogue>
inline void panel(Matrix<const O> a, long i, long i_end, Matrix<const O> b, long depth, long j, Epilogue& epilogue) {
  constexpr int height = tile_height<width>;
  for (; i + height <= i_end; i += height) tile<O, height, width, a_by_column>(a, i, b, depth, j, epilogue);
  if constexpr (height > 8)
    for (; i + 8 <= i_end; i += 8) tile<O, 8, width, a_by_column>(a, i, b, depth, j, epilogue);
  if constexpr (height > 4)
    for (; i + 4 <= i_end; i += 4) tile<O, 4, width, a_by_column>(a, i, b, depth, j, epilogue);
  for (; i + 2 <= i_end; i += 2) tile<O, 2, width, a_by_column>(a, i, b, depth, j, epilogue);
  for (; i < i_end; ++i) tile<O, 1, width, a_by_column>(a, i, b, depth, j, epilogue);
}

// Vectors of columns in the widest panel
constexpr int widest_panel = 3;

// Copying a panel of b side by side pays for itself from about this many rows on.
constexpr long rows_that_pay_for_packing = 48;

// c[i][j] = start + Σ_k a[i][k] b[k][j] for rows [i_begin, i_end) and all `columns` (a multiple of lanes) of b.
// `scratch` holds a packed panel of b.
template <class T, bool a_by_column, class Epilogue>
inline void product(Matrix<const T> a, long i_begin, long i_end, Matrix<const T> b, long depth, long columns,
                    T* scratch, Epilogue& epilogue) {
  constexpr int vector = lanes<T>;
  for (long j = 0; j < columns;) {
    const long vectors_left = (columns - j) / vector;
    const int width = vectors_left == 4 ? 2 : vectors_left > 3 ? 3 : int(vectors_left);  // 4 = 2 + 2 beats 3 + 1
    Matrix<const T> b_panel{b.data + j, b.stride};
    if (i_end - i_begin >= rows_that_pay_for_packing && b.stride > width * vector) {
      for (long k = 0; k < depth; ++k)
        for (int v = 0; v < width; ++v) store(scratch + (k * width + v) * vector, load(b_panel.row(k) + v * vector));
      b_panel = {scratch, long(width) * vector};
    }
    if (width == 3)
      panel<T, 3, a_by_column>(a, i_begin, i_end, b_panel, depth, j, epilogue);
    else if (width == 2)
      panel<T, 2, a_by_column>(a, i_begin, i_end, b_panel, depth, j, epilogue);
    else
      panel<T, 1, a_by_column>(a, i_begin, i_end, b_panel, depth, j, epilogue);
    j += long(width) * vector;
  }
}

}  // namespace backlit::BACKLIT_ISA
