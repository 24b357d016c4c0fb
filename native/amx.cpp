// The products of bfloat16 and bfloat16x3 for processors with AMX, which multiply tiles of 16 rows by 16 columns over a
// depth of 32 in one instruction. All else is bfloat16.cpp's, and so are the roundings.
//
// A chunk is a depth of 32: 16 pairs, a tile's whole row. The last is filled up with zeros, and chunks follow one
// another in the order of the depth, so that the bits of a row depend neither on the rows beside it nor on how many
// there are. a is packed tile by tile, and its last tile may hold rows of which nobody asks the sums.
#include "bfloat16_numbers.hpp"
#include "products.hpp"
#include "transpose.hpp"

namespace backlit::BACKLIT_ISA {

namespace {

constexpr int tile_rows = 16, pairs_of_chunk = 16, tile_size = tile_rows * pairs_of_chunk;

long chunks_of(long depth) { return (depth + 2 * pairs_of_chunk - 1) / (2 * pairs_of_chunk); }

// What the tile registers hold: all of them 16 rows of 64 bytes.
struct alignas(64) TileShapes {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t bytes_of_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileShapes) == 64);

// The registers are in use while it lives, so that at other times the system need not save them.
class TilesInUse {
 public:
  TilesInUse() {
    static constexpr TileShapes shapes;
    _tile_loadconfig(&shapes);
  }
  ~TilesInUse() { _tile_release(); }
  TilesInUse(const TilesInUse&) = delete;
  TilesInUse& operator=(const TilesInUse&) = delete;
};

// sums = a b for `rows` (1 or 2) tiles of a, one after the other, and `columns` (1 or 2) of b, side by side; b and sums
// have rows of `stride` numbers. The registers are 0 to 3 for the sums, 4 and 5 for a, 6 and 7 for b.
template <int rows, int columns>
__attribute__((noinline)) void tiles(const Pair* a, const Pair* b, long n_chunks, long stride, float* sums) {
  const long row_bytes = stride * long(sizeof(float)), a_row_bytes = 64;
  asm volatile("" ::: "memory");  // what is read here has been written
  _tile_zero(0);
  if constexpr (columns == 2) _tile_zero(1);
  if constexpr (rows == 2) _tile_zero(2);
  if constexpr (rows == 2 && columns == 2) _tile_zero(3);
  for (long chunk = 0; chunk < n_chunks; ++chunk) {
    const Pair *a_chunk = a + chunk * tile_size, *b_chunk = b + chunk * pairs_of_chunk * stride;
    _tile_loadd(6, b_chunk, row_bytes);
    _tile_loadd(4, a_chunk, a_row_bytes);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (columns == 2) {
      _tile_loadd(7, b_chunk + lane_count, row_bytes);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (rows == 2) {
      _tile_loadd(5, a_chunk + n_chunks * tile_size, a_row_bytes);
      _tile_dpbf16ps(2, 5, 6);
      if constexpr (columns == 2) _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, sums, row_bytes);
  if constexpr (columns == 2) _tile_stored(1, sums + lane_count, row_bytes);
  if constexpr (rows == 2) _tile_stored(2, sums + tile_rows * stride, row_bytes);
  if constexpr (rows == 2 && columns == 2) _tile_stored(3, sums + tile_rows * stride + lane_count, row_bytes);
}

// The tile of a whose first row is a[i], along the depth, chunk by chunk.
template <int n_parts>
void pack_rows(Rows<float> a, long i, long i_end, long depth, Pair* to) {
  const long n_chunks = chunks_of(depth);
  for (long r = 0; r < tile_rows && i + r < i_end; ++r)
    for (long chunk = 0; chunk < n_chunks; ++chunk) {
      const long k = chunk * 2 * pairs_of_chunk, left = depth - k;
      const float* from = a.row(i + r) + k;
      const __m512 x = _mm512_maskz_loadu_ps(mask_of(left), from);
      const __m512 y = left > lane_count ? _mm512_maskz_loadu_ps(mask_of(left - lane_count), from + lane_count)
                                         : _mm512_setzero_ps();
      split<n_parts>(x, y, Parts<n_parts>::of_a, as_they_are(), to + chunk * tile_size + r * pairs_of_chunk,
                     n_chunks * tile_size, 0xffff);
    }
}

// The same where its rows are columns of a: BP4 sums over examples.
template <int n_part, class Store>
BACKLIT_INLINE void pack_columns_as_rows(Rows<float> a, long k, long depth, long i, long n_rows, Store&& store_row) {
  const __mmask16 mask = mask_of(n_rows);
  Vec<float> block[pairs_of_chunk];
  for (int pair = 0; pair < pairs_of_chunk; ++pair) {
    const long even = k + 2 * pair, odd = even + 1;
    const __m512 x = even < depth ? _mm512_maskz_loadu_ps(mask, a.row(even) + i) : _mm512_setzero_ps();
    const __m512 y = odd < depth ? _mm512_maskz_loadu_ps(mask, a.row(odd) + i) : _mm512_setzero_ps();
    block[pair] = (Vec<float>)part_of<n_part>(x, y, alternating());
  }
  exchange_all<float>(block);
  unroll<pairs_of_chunk>([&](auto r) BACKLIT_INLINED { store_row(r, block[r]); });
}

template <int n_parts>
void pack_columns_as_rows(Rows<float> a, long i, long i_end, long depth, Pair* to) {
  const long n_chunks = chunks_of(depth);
  const auto pack = [&](auto part, long chunk) BACKLIT_INLINED {
    pack_columns_as_rows<part()>(a, chunk * 2 * pairs_of_chunk, depth, i, i_end - i, [&](int r, Vec<float> row) {
      for (int p = 0; p < n_parts; ++p)
        if (Parts<n_parts>::of_a[p] == part())
          store(reinterpret_cast<float*>(to + (p * n_chunks + chunk) * tile_size + r * pairs_of_chunk), row);
    });
  };
  for (long chunk = 0; chunk < n_chunks; ++chunk) {
    pack(std::integral_constant<int, 0>{}, chunk);
    if constexpr (n_parts > 1) pack(std::integral_constant<int, 1>{}, chunk);
  }
}

// Hands the sums of `height` rows from row i on to the epilogue, a few rows at a time, as it likes them.
template <class Epilogue>
BACKLIT_INLINE void finish(Epilogue& epilogue, const float* sums, long i, long height, long j, long columns) {
  constexpr int rows_at_a_time = 4;
  static_assert(rows_at_a_time * widest_panel <= largest_tile);
  for (long first = 0; first < height; first += rows_at_a_time) {
    const int n = int(height - first < rows_at_a_time ? height - first : rows_at_a_time);
    epilogue.tile_begins(i + first, n, columns);
    Epilogue here = epilogue;
    for (int r = 0; r < n; ++r)
      for (int c = 0; c < columns; c += lane_count) {
        const Place place{i + first, j, r, c, columns};
        here.finish(place, load(sums + (first + r) * columns + c) + here.start(place));
      }
    epilogue.tile_done(i + first, n, j, columns);
  }
}

// All columns of one panel for `rows` tiles of a.
template <int rows>
BACKLIT_INLINE void row_of_tiles(const Pair* a, const Pair* b, long n_chunks, long columns, float* sums) {
  long c = 0;
  for (; c + 2 * lane_count <= columns; c += 2 * lane_count) tiles<rows, 2>(a, b + c, n_chunks, columns, sums + c);
  if (c < columns) tiles<rows, 1>(a, b + c, n_chunks, columns, sums + c);
}

template <int n_parts>
struct InTiles {
  // For the products of up to n_rows rows of layers up to `widest` wide.
  static long scratch_size(long n_rows, long widest) {
    // BP4 has as many rows as neurons, and a depth of the batch
    const long most = n_rows > widest ? n_rows : widest, n_chunks = n_parts * chunks_of(most);
    const long n_tiles = (most + tile_rows - 1) / tile_rows;
    return n_chunks * (pairs_of_chunk * widest_panel * lane_count + n_tiles * tile_size);
  }

  // The product of FullPrecision, with both operands packed into scratch first.
  template <bool a_by_column, class Epilogue>
  static void product(Rows<float> a, long i_begin, long i_end, Panels<const float> b, float* scratch,
                      Epilogue& epilogue) {
    const TilesInUse while_multiplying;
    const long depth = b.n_rows, part_chunks = chunks_of(depth), n_chunks = n_parts * part_chunks;
    alignas(64) float sums[2 * tile_rows * widest_panel * lane_count];
    Pair* const packed_b = reinterpret_cast<Pair*>(scratch);
    Pair* const packed_a = packed_b + n_chunks * pairs_of_chunk * widest_panel * lane_count;

    for (long i = i_begin; i < i_end; i += tile_rows) {
      Pair* const to = packed_a + (i - i_begin) / tile_rows * n_chunks * tile_size;
      if (a_by_column)
        pack_columns_as_rows<n_parts>(a, i, i_end, depth, to);
      else
        pack_rows<n_parts>(a, i, i_end, depth, to);
    }
    for_panels(b, [&](long j, Panel<const float> from) {
      const long columns = from.stride, distance = part_chunks * pairs_of_chunk * columns;
      for (long k = 0; k < part_chunks * pairs_of_chunk; ++k) {
        Pair* const to = packed_b + k * columns;
        if (2 * k < depth)
          pack_columns<n_parts>(from.row(2 * k), 2 * k + 1 < depth ? from.row(2 * k + 1) : nullptr, columns,
                                Parts<n_parts>::of_b, to, distance);
        else
          for (int p = 0; p < n_parts; ++p) std::memset(to + p * distance, 0, columns * sizeof(Pair));
      }
      epilogue.panel_begins(j);
      for (long i = i_begin; i < i_end; i += 2 * tile_rows) {
        const Pair* const a_tiles = packed_a + (i - i_begin) / tile_rows * n_chunks * tile_size;
        const long height = i_end - i < 2 * tile_rows ? i_end - i : 2 * tile_rows;
        if (height > tile_rows)
          row_of_tiles<2>(a_tiles, packed_b, n_chunks, columns, sums);
        else
          row_of_tiles<1>(a_tiles, packed_b, n_chunks, columns, sums);
        finish(epilogue, sums, i, height, j, columns);
      }
    });
  }
};

}  // namespace

const Kernels<float>& kernels_bfloat16(const Kernels<float>& full) {
  static const Kernels<float> kernels = with_products<InTiles<1>>(full);
  return kernels;
}

const Kernels<float>& kernels_bfloat16x3(const Kernels<float>& full) {
  static const Kernels<float> kernels = with_products<InTiles<3>>(full);
  return kernels;
}

}  // namespace backlit::BACKLIT_ISA
