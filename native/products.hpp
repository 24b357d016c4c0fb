// The register-tiled product c = start + Σ_k a_k ⊗ b_k behind the forward pass, BP2 and BP4.
//
// A tile of `height` rows by `width` vectors is accumulated in registers over the whole depth, always in the order
// k = 0, 1, …; so the bits of a row do not depend on the tile that holds it, nor on the rows beside it. The epilogue
// gives the start of each sum and takes its end: that is where bias, σ, σ′ and the optimizer's step are fused in.
#pragma once

#include <cstdint>
#include <type_traits>

#include "kernels.hpp"
#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// Sums held in registers: AVX-512 and NEON have 32, of which b takes `width` and a takes one; others have 16.
// A panel is up to `widest_panel` vectors of columns.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr int widest_panel = 4;
constexpr int tile_heights[] = {0, 14, 14, 8, 6};
constexpr int largest_tile = 28;  // in vectors
#else
constexpr int widest_panel = 3;
constexpr int tile_heights[] = {0, 8, 6, 4};
constexpr int largest_tile = 12;
#endif

// What sums of products of O are held in. An operand type other than float and double brings its own `load`,
// `broadcast` and `fma`, one O to a lane.
template <class O>
struct SumOf {
  using type = O;
};

constexpr long line_bytes = 64;

// BP4 prefetches rows of a this many steps ahead, where there are enough of them to matter.
constexpr long rows_read_ahead = 16, rows_that_matter = 64;

// The panel of b that comes next, which tiles ask for while they are computed: some cache lines before every so many
// terms of their sums. The processor's own prefetching begins anew in each panel, and far memory is slower than that.
struct PanelAhead {
  static constexpr long terms = 32, least_tiles = 4;
  std::uintptr_t at = 0;  // which may well be behind the last panel, where nothing is read
  long bytes_a_tile = 0, bytes_at_once = 0;

  // Of a panel of `depth` rows, while so many tiles are computed; null for none.
  static PanelAhead of(const void* panel, long row_bytes, long depth, long tiles) {
    if (!panel || tiles < least_tiles) return {};
    const long times = (depth + terms - 1) / terms, lines = row_bytes * depth / line_bytes;
    const long at_once = (lines / (tiles * times) + 1) * line_bytes;
    return {reinterpret_cast<std::uintptr_t>(panel) - times * at_once, times * at_once, at_once};
  }
  BACKLIT_INLINE void tile_begins() { at += bytes_a_tile; }
  BACKLIT_INLINE void ask() {
    for (const std::uintptr_t end = at + bytes_at_once; at < end; at += line_bytes)
      __builtin_prefetch(reinterpret_cast<const void*>(at), 0, 2);
  }
};

// Columns of a once more, for BP4 by the widest tiles: `strip_height` of them at a time, from column `begin` on, so
// that a tile reads what stands on its left from one end to the other. See blocks.hpp.
constexpr int strip_height = tile_heights[3];
template <class O>
struct Strips {
  Rows<O> rows = {};  // of the first strip; the others stand `depth` rows apart
  long begin = 0;
  long at(long i, long depth) const { return (i - begin) * depth; }
};

// How wide a panel is: so many vectors, the last of them half where `is_narrow`, for the rest of it is padding.
template <int vectors, bool is_narrow>
struct Width {
  static constexpr int whole = is_narrow ? vectors - 1 : vectors;
  static constexpr bool has_half = is_narrow;
  static constexpr int height = tile_heights[vectors];
  using OfWholeVectors = Width<vectors, false>;
  template <class T>
  static constexpr long columns = vectors * lanes<T>;
};

// Where a vector of sums stands: in row i + r and from column j + c on, (i, j) being where its tile begins, and `width`
// the columns of its panel. What is known when the program is compiled is kept apart, so that addresses cost nothing.
struct Place {
  long i, j;
  int r, c;
  long width;

  template <class T>
  BACKLIT_INLINE T* in(Matrix<T> m) const {
    return m.row(i) + j + (r * m.stride + c);
  }
};

// Whether tiles are so low that several of them read the same cache lines of the rows of a, one after the other. Then
// the first of them asks for these; higher ones ask in each tile.
constexpr bool tiles_share_lines = tile_heights[3] < 8;

// Asks for what a tile from row i on will read of its rows, from term k on until the next time.
template <int height, class O>
BACKLIT_INLINE void ask_for_terms(Rows<O> a, long i, long k) {
  constexpr long line = line_bytes / long(sizeof(O));
  unroll<height>([&](auto r) BACKLIT_INLINED {
    for (long at = k; at < k + PanelAhead::terms; at += line) __builtin_prefetch(a.row(i + r) + at);
  });
}

// `a` is read as a[r][k], or, from column `at` on, as a[k][r] for BP4, which sums over examples and asks for rows of a.
template <class O, int height, class Width, bool a_by_column, class Epilogue>
BACKLIT_INLINE void tile(Rows<O> a, long at, long i, const O* b_row, long depth, long j, Epilogue& epilogue,
                         bool asks_for_rows) {
  using T = typename SumOf<O>::type;
  constexpr int whole = Width::whole, halves = Width::has_half, with_room = whole + !whole;
  constexpr long columns = Width::template columns<T>;
  [[maybe_unused]] constexpr long half_at = whole * lanes<T>;
  const auto place = [&](int r, int v) BACKLIT_INLINED { return Place{i, j, r, v * lanes<T>, columns}; };
  epilogue.tile_begins(i, height, columns);
  Epilogue here = epilogue;  // its own address is known nowhere, so no store can change it
  Vec<T> c[height][with_room];
  Half<T> c_half[height];
  unroll<height>([&](auto r) BACKLIT_INLINED {
    unroll<whole>([&](auto v) BACKLIT_INLINED { c[r][v] = here.start(place(r, v)); });
    if constexpr (halves) c_half[r] = lower_half<T>(here.start(place(r, whole)));
  });
  const O* a_row[height];
  if constexpr (!a_by_column) unroll<height>([&](auto r) BACKLIT_INLINED { a_row[r] = a.row(i + r); });
  // rows of a lie too far apart for the processor's own prefetching
  const long end_of_reading_ahead = a_by_column && asks_for_rows ? depth - rows_read_ahead : 0;
  long k = 0;
  const auto terms_until = [&](long end, auto is_busy) BACKLIT_INLINED {
    for (; k < end; ++k) {
      if ((is_busy() || !tiles_share_lines) && a_by_column && k < end_of_reading_ahead) {
        __builtin_prefetch(a.row(k + rows_read_ahead) + at);
        // and the line that follows, which may have to come from far memory or another core's cache
        if constexpr (tiles_share_lines) __builtin_prefetch(a.row(k) + at + line_bytes / long(sizeof(O)), 0, 2);
      }
      if constexpr (is_busy()) here.term_begins(k);
      decltype(load(b_row)) b_k[with_room];
      Half<T> b_k_half;
      unroll<whole>([&](auto v) BACKLIT_INLINED { b_k[v] = load(b_row + v * lanes<T>); });
      if constexpr (halves) b_k_half = load_half(b_row + half_at);
      const O* const a_k = a_by_column ? a.row(k) + at : nullptr;
      unroll<height>([&](auto r) BACKLIT_INLINED {
        const auto a_rk = broadcast(a_by_column ? a_k[r] : a_row[r][k]);
        unroll<whole>([&](auto v) BACKLIT_INLINED { c[r][v] = fma(a_rk, b_k[v], c[r][v]); });
        if constexpr (halves) c_half[r] = fma(lower_half<T>(a_rk), b_k_half, c_half[r]);
      });
      b_row += columns;
    }
  };
  if constexpr (a_by_column) {
    // what is not asked at every term leaves its registers to the product
    const long busy = here.busy_terms(depth);
    terms_until(tiles_share_lines && busy < end_of_reading_ahead ? end_of_reading_ahead : busy, std::true_type{});
    terms_until(depth, std::false_type{});
  } else {
    while (k < depth) {
      here.terms_begin();
      if (asks_for_rows) ask_for_terms<height>(a, i + height, k);
      terms_until(depth - k < PanelAhead::terms ? depth : k + PanelAhead::terms, std::false_type{});
    }
  }
  unroll<height>([&](auto r) BACKLIT_INLINED {
    unroll<whole>([&](auto v) BACKLIT_INLINED { here.finish(place(r, v), c[r][v]); });
    if constexpr (halves) here.finish(place(r, whole), widened<T>(c_half[r]));
  });
  epilogue.tile_done(i, height, j, columns);
}

// Rows of one panel that are too few for a tile of full height: cut into tiles of even height, and one of a single row.
// In the forward pass and BP2 they may be the whole batch. In BP4 they are the remainder of n_in, seldom much of the
// work, so only heights that are powers of two are compiled for it, of whole vectors.
template <class O, class Width, bool a_by_column, class Epilogue>
__attribute__((noinline)) void rows_left(Rows<O> a, long i, long i_end, const O* b, long depth, long j,
                                         Epilogue& epilogue) {
  constexpr bool has_every_height = !a_by_column;
  const auto left = [&](auto rows) BACKLIT_INLINED {
    if constexpr (rows() < Width::height && (has_every_height || (rows() & (rows() - 1)) == 0))
      if (i + rows() <= i_end)
        tile<O, rows(), Width, a_by_column>(a, i, i, b, depth, j, epilogue, a_by_column && depth >= rows_that_matter),
            i += rows();
  };
  left(std::integral_constant<int, 12>{});
  left(std::integral_constant<int, 10>{});
  left(std::integral_constant<int, 8>{});
  left(std::integral_constant<int, 6>{});
  left(std::integral_constant<int, 4>{});
  left(std::integral_constant<int, 2>{});
  left(std::integral_constant<int, 1>{});
}

// All rows of one panel.
template <class O, class Width, bool a_by_column, class Epilogue>
inline void panel_rows(Rows<O> a, Strips<O> strips, long i, long i_end, const O* b, long depth, long j,
                       Epilogue& epilogue) {
  constexpr int height = Width::height;
  constexpr long line = line_bytes / long(sizeof(O));
  const bool in_strips = a_by_column && height == strip_height && strips.rows.starts;
  // Rows one after the other are those of a whole X, which come from far memory; a shuffled batch has been fetched.
  const bool in_line = !a_by_column && j == 0 && i < i_end && a.row(i_end - 1) == a.row(i) + (i_end - 1 - i) * depth;
  const auto asks_for_rows = [&](long i) {
    if constexpr (!a_by_column) return in_line && i + 2 * height <= i_end;
    return depth >= rows_that_matter && (!tiles_share_lines || (!in_strips && i % line < height));
  };
  const Rows<O> left = in_strips ? strips.rows : a;
  for (; i + height <= i_end; i += height)
    tile<O, height, Width, a_by_column>(left, in_strips ? strips.at(i, depth) : i, i, b, depth, j, epilogue,
                                        asks_for_rows(i));
  using Left = std::conditional_t<a_by_column, typename Width::OfWholeVectors, Width>;
  if (i < i_end) rows_left<O, Left, a_by_column>(a, i, i_end, b, depth, j, epilogue.of_any_height());
}

// How many vectors of columns the next panel has, where so many are left: tiles of three read the least from the L2
// cache, and no panel at the end should be a single vector.
inline int panel_width(long vectors_left) {
  return vectors_left <= widest_panel ? int(vectors_left) : vectors_left == 4 ? 2 : 3;
}

template <class T>
struct Panel : Matrix<T> {
  long columns;  // without padding
};

// Calls f(j, panel) for each panel: its first column, and the panel as a matrix.
template <class T, class F>
BACKLIT_INLINE void for_panels(Panels<T> m, F&& f) {
  constexpr int vector = lanes<std::remove_const_t<T>>;
  for (long j = 0; j < m.columns;) {
    const long left = m.columns - j, wide = panel_width((left + vector - 1) / vector) * vector;
    f(j, Panel<T>{{m.data + j * m.n_rows, wide}, left < wide ? left : wide});
    j += wide;
  }
}

// Calls f with the Width of a panel of so many columns.
template <class T, class O, class F>
BACKLIT_INLINE void with_width(long columns, F&& f) {
  const long vectors = (columns + lanes<T> - 1) / lanes<T>;
  const bool is_narrow = 2 * (columns - (vectors - 1) * lanes<T>) <= lanes<T>;
  const auto of = [&](auto n) {
    // a single vector waits for the numbers of a, and gains nothing
    if constexpr (halves_pay && std::is_same_v<T, O> && n() > 1)
      if (is_narrow) return f(Width<n(), true>{});
    return f(Width<n(), false>{});
  };
  if (widest_panel == 4 && vectors == 4) return of(std::integral_constant<int, widest_panel>{});
  if (vectors == 3) return of(std::integral_constant<int, 3>{});
  if (vectors == 2) return of(std::integral_constant<int, 2>{});
  return of(std::integral_constant<int, 1>{});
}

// All rows of the panel of b that begins at column j and has so many. Where it is `next` that comes after it, that is
// asked for meanwhile.
template <bool a_by_column, class O, class Epilogue>
inline void panel(Rows<O> a, long i, long i_end, const O* b, long columns, long depth, long j, Epilogue& epilogue,
                  const O* next = nullptr, Strips<O> strips = {}) {
  using T = typename SumOf<O>::type;
  with_width<T, O>(columns, [&](auto width) {
    using Width = decltype(width);
    if constexpr (!a_by_column)
      epilogue.ahead =
          PanelAhead::of(next, Width::template columns<T> * long(sizeof(O)), depth, (i_end - i) / Width::height);
    epilogue.panel_begins(j);
    panel_rows<O, Width, a_by_column>(a, strips, i, i_end, b, depth, j, epilogue);
  });
}

}  // namespace backlit::BACKLIT_ISA
