// The products of full precision, in blocks that caches hold: which rows are taken at a time, and in BP4 copied into
// strips first. The products of less precision pack both operands, and need neither.
#pragma once

#include "products.hpp"

namespace backlit::BACKLIT_ISA {

// What is read again and again fits into the second cache, with room for what passes through it: so many bytes. Few of
// the processors with AVX2 alone have a large one.
constexpr long second_cache_block = widest_panel == 3 ? 1 << 19 : 1 << 20;

// The scratch that n pointers take, in numbers, padded to whole vectors.
template <class T>
long numbers_of_pointers(long n) {
  return padded(n * long(sizeof(const T*) / sizeof(T)), lanes<T>);
}

// Columns [begin, end) of a in strips, as far as they fill them. Where the rows of a lie a power of two apart, as those
// of layers of 512 neurons do, they share a few places of each cache, and drive each other out of them: BP4, which
// takes a few numbers of every row, would wait for far memory at each. Other rows gain no more by strips than these
// cost.
template <class T>
Strips<T> into_strips(Rows<T> a, long begin, long end, long depth, T* scratch) {
  constexpr long at_once = 8 * strip_height;
  const T** const rows = reinterpret_cast<const T**>(scratch);
  T* const strips = scratch + numbers_of_pointers<T>(depth);
  for (long k = 0; k < depth; ++k) rows[k] = strips + k * strip_height;
  const auto copy = [&](long i, auto columns) BACKLIT_INLINED {
    for (long k = 0; k < depth; ++k)
      unroll<columns() / strip_height>([&](auto s) BACKLIT_INLINED {
        T* const to = strips + (i - begin + s * strip_height) * depth + k * strip_height;
        __builtin_memcpy(to, a.row(k) + i + s * strip_height, strip_height * sizeof(T));
      });
  };
  long i = begin;
  for (; i + at_once <= end; i += at_once) copy(i, std::integral_constant<long, at_once>{});
  for (; i + strip_height <= end; i += strip_height) copy(i, std::integral_constant<long, strip_height>{});
  return {{rows}, begin};
}

struct FullPrecision {
  // c[i][j] = start + Σ_k a[i][k] b[k][j] for rows [i_begin, i_end) and all columns; so many rows at a time as the
  // second cache holds, while b passes through.
  template <bool a_by_column, class T, class Epilogue>
  static void product(Rows<T> a, long i_begin, long i_end, Panels<const T> b, T* scratch, Epilogue& epilogue) {
    const long depth = b.n_rows, at_a_time = rows_at_a_time<T>(depth, i_end - i_begin);
    const T* const end_of_b = b.data + padded(b.columns, lanes<T>) * depth;
    const bool is_far = depth * b.columns * long(sizeof(T)) > second_cache_block / 2;
    const bool has_strips = a_by_column && is_large<T>(depth, i_end - i_begin) && is_crowded(a, depth);
    for (long i = i_begin; i < i_end; i += at_a_time) {
      const long end = i_end - i < at_a_time ? i_end : i + at_a_time;
      const Strips<T> strips = has_strips ? into_strips(a, i, end, depth, scratch) : Strips<T>{};
      for_panels(b, [&](long j, Panel<const T> p) {
        const T* const next = p.row(depth) < end_of_b ? p.row(depth) : b.data;
        panel<a_by_column>(a, i, end, p.data, p.columns, depth, j, epilogue, is_far ? next : nullptr, strips);
      });
    }
  }

  // For up to n_rows rows of layers up to `widest` wide.
  template <class T>
  static long scratch_size(long n_rows, long widest) {
    if (!is_large<T>(n_rows, widest)) return 0;
    const long block = second_cache_block / long(sizeof(T)), least = n_rows * least_rows, most = n_rows * widest;
    const long needed = block > least ? block : least;
    return numbers_of_pointers<T>(n_rows) + (needed < most ? needed : most);
  }

 private:
  template <class T>
  static bool is_large(long depth, long n_rows) {
    return depth * n_rows * long(sizeof(T)) > second_cache_block / 4;
  }

  // Whether the beginnings of rows share few places of the caches; of a shuffled batch two neighbors may by chance.
  template <class T>
  static bool is_crowded(Rows<T> a, long n) {
    constexpr long places = 1024;
    const auto meets_next = [&](long i) { return (a.row(i + 1) - a.row(i)) * long(sizeof(T)) % places == 0; };
    return n > 2 && meets_next(0) && meets_next(1);
  }

  template <class T>
  static long most_rows_at_a_time(long depth) {
    const long n = second_cache_block / (depth * long(sizeof(T))) / whole_tiles * whole_tiles;
    return n > least_rows ? n : least_rows;
  }

  // All n rows in equal parts, so that none of them has so few that the work on b is less than reading it.
  template <class T>
  static long rows_at_a_time(long depth, long n) {
    const long most = most_rows_at_a_time<T>(depth), parts = (n + most - 1) / most;
    return parts < 2 ? n : ((n + parts - 1) / parts + whole_tiles - 1) / whole_tiles * whole_tiles;
  }
  static constexpr long whole_tiles = 8, least_rows = 64;
};

}  // namespace backlit::BACKLIT_ISA
