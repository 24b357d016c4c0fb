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
// A panel is up to `widest_panel` vectors of columns.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int widest_panel = 4;
constexpr int tile_heights[] = {0, 14, 12, 8, 6};
#else
constexpr int widest_panel = 3;
constexpr int tile_heights[] = {0, 8, 6, 4};
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
  epilogue.tile_begins(i, height, j, width * lanes<T>);
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
  constexpr int height = tile_heights[width];
  for (; i + height <= i_end; i += height) tile<O, height, width, a_by_column>(a, i, b, depth, j, epilogue);
  if (i == i_end) return;
  // what is left is cut into tiles of even height, and one of a single row
  const auto left = [&](auto rows) {
    if constexpr (rows() < height)
      if (i + rows() <= i_end) tile<O, rows(), width, a_by_column>(a, i, b, depth, j, epilogue), i += rows();
  };
  left(std::integral_constant<int, 10>{});
  left(std::integral_constant<int, 8>{});
  left(std::integral_constant<int, 6>{});
  left(std::integral_constant<int, 4>{});
  left(std::integral_constant<int, 2>{});
  left(std::integral_constant<int, 1>{});
}

// Vectors of columns in the next panel where so many are left: tiles of three need the least of the second cache, and
// nothing is to end in a lonely vector.
inline int panel_width(long vectors_left) {
  return vectors_left <= widest_panel ? int(vectors_left) : vectors_left == 4 ? 2 : 3;
}

// `panel` for a width that is only known now.
template <class O, bool a_by_column, class Epilogue>
inline void panel_of(int width, Matrix<const O> a, long i, long i_end, Matrix<const O> b, long depth, long j,
                     Epilogue& epilogue) {
  if (widest_panel == 4 && width == 4)
    panel<O, widest_panel, a_by_column>(a, i, i_end, b, depth, j, epilogue);
  else if (width == 3)
    panel<O, 3, a_by_column>(a, i, i_end, b, depth, j, epilogue);
  else if (width == 2)
    panel<O, 2, a_by_column>(a, i, i_end, b, depth, j, epilogue);
  else
    panel<O, 1, a_by_column>(a, i, i_end, b, depth, j, epilogue);
}

// Copying a panel of b side by side pays for itself from about this many rows on.
constexpr long rows_that_pay_for_packing = 48;

struct FullPrecision {
  // c[i][j] = start + Σ_k a[i][k] b[k][j] for rows [i_begin, i_end) and all `columns` (a multiple of lanes) of b.
  // `scratch` holds a packed panel of b.
  template <bool a_by_column, class T, class Epilogue>
  static void product(Matrix<const T> a, long i_begin, long i_end, Matrix<const T> b, long depth, long columns,
                      T* scratch, Epilogue& epilogue) {
    constexpr int vector = lanes<T>;
    for (long j = 0; j < columns;) {
      const int width = panel_width((columns - j) / vector);
      Matrix<const T> b_panel{b.data + j, b.stride};
      if (i_end - i_begin >= rows_that_pay_for_packing && b.stride > width * vector) {
        for (long k = 0; k < depth; ++k)
          for (int v = 0; v < width; ++v) store(scratch + (k * width + v) * vector, load(b_panel.row(k) + v * vector));
        b_panel = {scratch, long(width) * vector};
      }
      panel_of<T, a_by_column>(width, a, i_begin, i_end, b_panel, depth, j, epilogue);
      j += long(width) * vector;
    }
  }
};

}  // namespace backlit::BACKLIT_ISA
