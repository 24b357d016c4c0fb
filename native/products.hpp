// The register-tiled product c = start + Σ_k a_k ⊗ b_k behind the forward pass, BP2 and BP4.
//
// A tile of `height` rows by `width` vectors is accumulated in registers over the whole depth, always in the order
// k = 0, 1, …; so the bits of a row do not depend on the tile that holds it, nor on the rows beside it. The epilogue
// gives the start of each sum and takes its end: that is where bias, σ, σ′ and the optimizer's step are fused in.
#pragma once

#include <type_traits>

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

// BP4 asks for rows of a so far ahead, where there are enough of them to matter.
constexpr long rows_read_ahead = 16, rows_that_matter = 64;

// `a` is read as a[r][k], or as a[k][r] for BP4, which sums over examples.
template <class O, int height, int width, bool a_by_column, class Epilogue>
BACKLIT_INLINE void tile(Matrix<const O> a, long i, const O* b_row, long depth, long j, Epilogue& epilogue) {
  using T = typename SumOf<O>::type;
  constexpr long columns = width * lanes<T>;
  epilogue.tile_begins(i, height, j, columns);
  Vec<T> c[height][width];
  unroll<height>([&](auto r) { unroll<width>([&](auto v) { c[r][v] = epilogue.start(i + r, j + v * lanes<T>); }); });
  const O* a_tile = a_by_column ? a.data + i : a.row(i);
  const auto add = [&](long k) __attribute__((always_inline)) {
    decltype(load(b_row)) b_k[width];
    unroll<width>([&](auto v) { b_k[v] = load(b_row + v * lanes<T>); });
    unroll<height>([&](auto r) {
      const auto a_rk = broadcast(a_by_column ? a_tile[k * a.stride + r] : a_tile[r * a.stride + k]);
      unroll<width>([&](auto v) { c[r][v] = fma(a_rk, b_k[v], c[r][v]); });
    });
    b_row += columns;
  };
  long k = 0;
  // rows of a lie too far apart for the processor to see what will be read next
  if (a_by_column && depth >= rows_that_matter)
    for (; k + rows_read_ahead < depth; ++k) {
      __builtin_prefetch(a_tile + (k + rows_read_ahead) * a.stride);
      epilogue.tile_goes_on(k);
      add(k);
    }
  for (; k < depth; ++k) add(k);
  const Epilogue in_registers = epilogue;  // its own address is known elsewhere, so every store could have changed it
  unroll<height>(
      [&](auto r) { unroll<width>([&](auto v) { in_registers.finish(i + r, j + v * lanes<T>, c[r][v]); }); });
  epilogue.tile_done(i, height, j, columns);
}

// All rows of one panel of `width` vectors of columns.
template <class O, int width, bool a_by_column, class Epilogue>
inline void panel(Matrix<const O> a, long i, long i_end, const O* b, long depth, long j, Epilogue& epilogue) {
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
inline void panel_of(int width, Matrix<const O> a, long i, long i_end, const O* b, long depth, long j,
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

// Calls f(j, panel) for each panel: its first column, and the panel as a matrix.
template <class T, class F>
BACKLIT_INLINE void for_panels(Panels<T> m, F&& f) {
  constexpr int vector = lanes<std::remove_const_t<T>>;
  for (long j = 0; j < m.columns;) {
    const long columns = long(panel_width((m.columns - j) / vector)) * vector;
    f(j, Matrix<T>{m.data + j * m.n_rows, columns});
    j += columns;
  }
}

struct FullPrecision {
  // c[i][j] = start + Σ_k a[i][k] b[k][j] for rows [i_begin, i_end) and all columns.
  template <bool a_by_column, class T, class Epilogue>
  static void product(Matrix<const T> a, long i_begin, long i_end, Panels<const T> b, T*, Epilogue& epilogue) {
    for_panels(b, [&](long j, Matrix<const T> panel) {
      epilogue.panel_begins(j, panel.stride);
      panel_of<T, a_by_column>(int(panel.stride / lanes<T>), a, i_begin, i_end, panel.data, b.n_rows, j, epilogue);
    });
  }
};

}  // namespace backlit::BACKLIT_ISA
