// What becomes of the sums of a product: how each begins, and what is done with its end while it is still in registers
// or in the L1 cache. Shared by the products of every precision.
#pragma once

#include <type_traits>

#include "kernels.hpp"
#include "products.hpp"
#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// ∂C/∂z from ∂C/∂a for rows of `columns` numbers: ⊙ σ′, where σ acts on every neuron alone.
template <class T>
BACKLIT_INLINE void times_sigma_prime(Activation activation, Matrix<const T> z, Matrix<const T> a, Matrix<T> delta,
                                      long n_rows, long columns) {
  activation::with<T>(activation, [&](auto f) {
    for (long r = 0; r < n_rows; ++r)
      for (long c = 0; c < columns; c += lanes<T>)
        store(delta.row(r) + c, load(delta.row(r) + c) * f.derivative(load(z.row(r) + c), load(a.row(r) + c)));
  });
}

// The same for any σ, and whole rows of n neurons: where σ couples them, it is Jᵀ.
template <class T>
void pull_back(Activation activation, Matrix<const T> z, Matrix<const T> a, Matrix<T> delta, long n_rows, long n) {
  if (activation != Activation::softmax) return times_sigma_prime(activation, z, a, delta, n_rows, n);
  for (long r = 0; r < n_rows; ++r) activation::softmax_pull_back_row(a.row(r), delta.row(r), n);
}

// Forward and BP2: sums begin at the bias or at zero, and end in z or δ; a finished tile goes through σ or ⊙ σ′ while
// it is still in the L1 cache. Which of the two is chosen as the program runs, so that there is one tile for both.
template <class T>
struct LayerEpilogue {
  Activation activation;
  void (*finish_tile)(const LayerEpilogue&, long i, int height, long j, long columns);  // may be null
  const T* b;                                                                           // null for zeros
  Matrix<T> sums;                                                                       // z, or δ
  Matrix<T> outputs;                                                                    // a, of the forward pass
  Matrix<const T> z, a;                                                                 // of BP2
  const T* start_of_panel = nullptr;
  PanelAhead ahead{};

  LayerEpilogue& of_any_height() { return *this; }
  BACKLIT_INLINE void panel_begins(long j) {
    static constexpr T zeros[widest_panel * lanes<T>] = {};
    start_of_panel = b ? b + j : zeros;
  }
  BACKLIT_INLINE void tile_begins(long, int, long) { ahead.tile_begins(); }
  BACKLIT_INLINE void terms_begin() { ahead.ask(); }
  BACKLIT_INLINE Vec<T> start(Place at) const { return load(start_of_panel + at.c); }
  BACKLIT_INLINE void finish(Place at, Vec<T> sum) const { store(at.in(sums), sum); }
  BACKLIT_INLINE void tile_done(long i, int height, long j, long columns) const {
    if (finish_tile) finish_tile(*this, i, height, j, columns);
  }
};

template <class T>
void sigma_of_tile(const LayerEpilogue<T>& layer, long i, int height, long j, long columns) {
  activation::with<T>(layer.activation, [&](auto f) {
    for (long r = i; r < i + height; ++r)
      for (long c = j; c < j + columns; c += lanes<T>)
        store(layer.outputs.row(r) + c, f.value(load(layer.sums.row(r) + c)));
  });
}

template <class T>
void sigma_prime_of_tile(const LayerEpilogue<T>& layer, long i, int height, long j, long columns) {
  times_sigma_prime<T>(layer.activation, {layer.z.row(i) + j, layer.z.stride}, {layer.a.row(i) + j, layer.a.stride},
                       {layer.sums.row(i) + j, layer.sums.stride}, height, columns);
}

// Fetches the rows of the next batch while BP4 sums over those of this one: a tile asks for one cache line of each row,
// one at each term of its sums, so that requests never fill the queue that the work needs too. A few rows are fetched
// whole, as far as there are tiles, but of many only the beginnings. The processor fetches the rest when it sees them
// being read, and fetching them all would drive out of the L2 cache what is needed sooner.
struct Fetcher {
  static constexpr long line = 64, most_lines = 1024, beginning = 2;
  RowsAhead ahead;
  long n_bytes;       // of each row that are fetched
  long byte = -line;  // where this tile's line begins
  long n_rows = 0;    // of which this tile fetches a line
  BACKLIT_INLINE explicit Fetcher(RowsAhead rows) : ahead(rows) {
    if (ahead.n_rows > most_lines / beginning) ahead.n_rows = most_lines / beginning;
    const long n_lines = ahead.n_rows > 0 ? most_lines / ahead.n_rows : 0;
    n_bytes = n_lines * line < ahead.row_bytes ? n_lines * line : ahead.row_bytes;
  }
  BACKLIT_INLINE void tile_begins() {
    byte += line;
    n_rows = byte < n_bytes ? ahead.n_rows : 0;
  }
  BACKLIT_INLINE void fetch_line_of(long k) const {
    if (k < n_rows) __builtin_prefetch(ahead.x + (ahead.rows[k] * ahead.row_bytes + byte), 0, 2);
  }
};

// BP4: sums are added to the gradient so far, or a finished tile of them, in the L1 cache, goes into its step.
template <class T>
struct NablaEpilogue {
  T* nabla;                 // the gradient, or room for a tile of it
  const StepRule<T>* rule;  // null where no step is taken
  Slots<T> slots;
  long n_rows;  // of the weights
  bool is_far;  // the weights and their state are more than the L2 cache holds
  Fetcher fetcher;
  long panel = 0, tile = 0;    // where they begin
  long next = 0, vectors = 0;  // of this tile's weights, which are asked for while their gradient is summed
  const T* starts = nullptr;   // of this tile's sums
  T* sums = nullptr;

  NablaEpilogue& of_any_height() { return *this; }
  BACKLIT_INLINE void panel_begins(long j) { panel = j * n_rows; }
  BACKLIT_INLINE void weights_begin(long k, int height, long width) {
    fetcher.tile_begins();
    next = tile = panel + k * width;
    vectors = height * width / lanes<T>;
  }
  BACKLIT_INLINE void tile_begins(long k, int height, long width) {
    static constexpr T zeros[largest_tile * lanes<T>] = {};
    weights_begin(k, height, width);
    if (!rule) vectors = 0;
    sums = rule ? nabla : nabla + tile;
    starts = rule ? zeros : sums;
  }
  BACKLIT_INLINE void term_begins(long k) {
    fetcher.fetch_line_of(k);
    ask_for_weights(k);
  }
  // Up to where a tile asks for something at its terms, apart from rows of a; for weights where terms are many.
  BACKLIT_INLINE long busy_terms(long depth) {
    if (depth < rows_that_matter) vectors = 0;
    const long busy = fetcher.n_rows > vectors ? fetcher.n_rows : vectors;
    return busy < depth ? busy : depth;
  }
  BACKLIT_INLINE void ask_for_weights(long k) {
    if (k >= vectors) return;
    if (is_far) {
      __builtin_prefetch(slots.theta + next, 1);
      if (slots.first) __builtin_prefetch(slots.first + next, 1);
      if (slots.second) __builtin_prefetch(slots.second + next, 1);
    } else {
      // Other threads may have read these weights, and then every store waits until their caches give them up. One that
      // changes nothing has that done now; a request for writing (prefetchw) was seen not to.
      volatile T* const mine = slots.theta + next;
      *mine = *mine;
    }
    next += lanes<T>;
  }
  BACKLIT_INLINE Vec<T> start(Place at) const { return load(starts + (at.r * at.width + at.c)); }
  BACKLIT_INLINE void finish(Place at, Vec<T> sum) const { store(sums + (at.r * at.width + at.c), sum); }
  BACKLIT_INLINE void tile_done(long, int height, long, long width) const {
    if (rule) take_steps(*rule, slots, tile, height * width, sums);
  }
};

// The same where the rule is known when the program is compiled, and there is no L1 penalty: sums go from registers
// into the step. For tiles of full height, of the rules that gain by it.
template <class T, template <class> class Which>
struct StepEpilogue : NablaEpilogue<T> {
  StepRule<T> known;
  NablaEpilogue<T>& of_any_height() { return *this; }
  BACKLIT_INLINE void tile_begins(long k, int height, long width) { this->weights_begin(k, height, width); }
  BACKLIT_INLINE Vec<T> start(Place) const { return Vec<T>{}; }
  BACKLIT_INLINE void finish(Place at, Vec<T> nabla) const {
    step<Which, false>(known, this->slots, this->tile + (at.r * at.width + at.c), nabla);
  }
  BACKLIT_INLINE void tile_done(long, int, long, long) const {}
};

// Calls f with the epilogue for the step of the weights from n_k of all neurons.
template <class T, class F>
BACKLIT_INLINE void with_step(const StepRule<T>& s, Panels<T> wt, Panels<T> first, Panels<T> second, long n_k,
                              RowsAhead ahead, F&& f) {
  constexpr long second_cache = 1 << 20;
  const long numbers_a_weight = 1 + (first.data != nullptr) + (second.data != nullptr);
  const bool is_far = n_k * wt.columns * numbers_a_weight * long(sizeof(T)) > second_cache / 2;
  alignas(BACKLIT_VECTOR_BYTES) T nabla_of_tile[largest_tile * lanes<T>];
  const Slots<T> slots{wt.data, first.data, second.data};
  NablaEpilogue<T> epilogue{nabla_of_tile, &s, slots, wt.n_rows, is_far, Fetcher(ahead)};
  if (s.l1 != T(0)) return f(epilogue);
  switch (s.rule) {
#define BACKLIT_CASE(name, is_fused)                         \
  case Rule::name:                                           \
    if constexpr (is_fused) {                                \
      StepEpilogue<T, rule::name> in_registers{epilogue, s}; \
      return f(in_registers);                                \
    }                                                        \
    break;
    BACKLIT_RULES(BACKLIT_CASE)
#undef BACKLIT_CASE
  }
  f(epilogue);
}

}  // namespace backlit::BACKLIT_ISA
