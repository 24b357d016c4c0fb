// What becomes of the sums of a product: how each begins, and what is done with its end while it is still in registers
// or in the first cache. Shared by the products of every precision.
#pragma once

#include "kernels.hpp"
#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

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

// For epilogues that have nothing to do before their sums are taken.
struct EpilogueDefaults {
  BACKLIT_INLINE void panel_begins(long) const {}
  BACKLIT_INLINE void tile_begins(long, int, long) const {}
  BACKLIT_INLINE void term_begins(long) const {}
  BACKLIT_INLINE void tile_goes_on(long) const {}
};

// Forward: the sum starts at the bias and ends in z; a finished tile goes through σ while it is still in the first
// cache.
template <class T>
struct ForwardEpilogue : EpilogueDefaults {
  Activation activation;
  const T* b;
  Matrix<T> z, a;
  BACKLIT_INLINE Vec<T> start(Place at) const { return load(b + at.j + at.c); }
  BACKLIT_INLINE void finish(Place at, Vec<T> sum) const { store(at.in(z), sum); }
  BACKLIT_INLINE void tile_done(long i, int height, long j, long columns) const {
    if (activation == Activation::identity && z.data == a.data) return;
    sigma(i, height, j, columns);
  }
  __attribute__((noinline)) void sigma(long i, int height, long j, long columns) const {
    activation::with<T>(activation, [&](auto f) {
      for (long r = i; r < i + height; ++r)
        for (long c = j; c < j + columns; c += lanes<T>) store(a.row(r) + c, f.value(load(z.row(r) + c)));
    });
  }
};

// ∂C/∂z from ∂C/∂a for rows of `columns` numbers: ⊙ σ′, where σ acts on every neuron alone.
template <class T>
void times_sigma_prime(Activation activation, Matrix<const T> z, Matrix<const T> a, Matrix<T> delta, long n_rows,
                       long columns) {
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

// BP2: the sum (w^{l+1})ᵀ δ^{l+1} goes through ⊙ σ′(z^l).
template <class T>
struct BackwardEpilogue : EpilogueDefaults {
  Activation activation;
  Matrix<const T> z, a;
  Matrix<T> delta;
  BACKLIT_INLINE Vec<T> start(Place) const { return Vec<T>{}; }
  BACKLIT_INLINE void finish(Place at, Vec<T> sum) const { store(at.in(delta), sum); }
  BACKLIT_INLINE void tile_done(long i, int height, long j, long columns) const {
    if (activation == Activation::softmax) return;  // needs whole rows
    times_sigma_prime<T>(activation, {z.row(i) + j, z.stride}, {a.row(i) + j, a.stride},
                         {delta.row(i) + j, delta.stride}, height, columns);
  }
};

// Fetches the rows of the next batch while BP4 sums over those of this one: a tile asks for one cache line of each row,
// one at each term of its sums, so that requests never fill the queue that the work needs too. A few rows are fetched
// whole, as far as there are tiles, but of many only the beginnings. The processor fetches the rest when it sees them
// being read, and fetching them all would drive out of the second cache what is needed sooner.
template <class T>
struct Fetcher {
  static constexpr long line = 64 / sizeof(T), most_lines = 1024, beginning = 2;
  RowsAhead<T> ahead;
  long n_columns;       // of each row that are fetched
  long column = -line;  // where this tile's line begins
  long n_rows = 0;      // of which this tile fetches a line
  BACKLIT_INLINE explicit Fetcher(RowsAhead<T> rows) : ahead(rows) {
    if (ahead.n_rows > most_lines / beginning) ahead.n_rows = most_lines / beginning;
    const long n_lines = ahead.n_rows > 0 ? most_lines / ahead.n_rows : 0;
    n_columns = n_lines * line < ahead.n_in ? n_lines * line : ahead.n_in;
  }
  BACKLIT_INLINE void tile_begins() {
    column += line;
    n_rows = column < n_columns ? ahead.n_rows : 0;
  }
  BACKLIT_INLINE void fetch_line_of(long k) const {
    if (k < n_rows) __builtin_prefetch(ahead.x + (ahead.rows[k] * ahead.n_in + column), 0, 2);
  }
};

// BP4: the sum is the gradient of a weight and goes into its step.
template <class T, Rule which>
struct StepEpilogue {
  StepRule<T> rule;
  Slots<T> slots;
  long n_in;
  bool is_far;  // the weights and their state are more than the second cache holds
  Fetcher<T> fetcher;
  long panel = 0, tile = 0;    // where they begin
  long next = 0, vectors = 0;  // of this tile's weights, which are asked for while their gradient is summed

  BACKLIT_INLINE void panel_begins(long j) { panel = j * n_in; }
  BACKLIT_INLINE void tile_begins(long k, int height, long width) {
    fetcher.tile_begins();
    next = tile = panel + k * width;
    vectors = height * width / lanes<T>;
  }
  BACKLIT_INLINE void term_begins(long k) const { fetcher.fetch_line_of(k); }
  BACKLIT_INLINE void tile_goes_on(long k) {
    if (k >= vectors) return;
    if (is_far) {
      __builtin_prefetch(slots.theta + next, 1);
      if constexpr (which != Rule::sgd) __builtin_prefetch(slots.first + next, 1);
      if constexpr (which == Rule::adam) __builtin_prefetch(slots.second + next, 1);
    } else {
      // Other threads may have read these weights, and then every store waits until their caches give them up. One that
      // changes nothing has that done now; a request for writing (prefetchw) was seen not to.
      volatile T* const mine = slots.theta + next;
      *mine = *mine;
    }
    next += lanes<T>;
  }
  BACKLIT_INLINE Vec<T> start(Place) const { return Vec<T>{}; }
  BACKLIT_INLINE void finish(Place at, Vec<T> nabla) const {
    step<T, which>(rule, slots, tile + (at.r * at.width + at.c), nabla);
  }
  BACKLIT_INLINE void tile_done(long, int, long, long) const {}
};

// Calls f with the rule as a constant.
template <class F>
BACKLIT_INLINE void with_rule(Rule rule, F&& f) {
  switch (rule) {
    case Rule::sgd:
      return f(std::integral_constant<Rule, Rule::sgd>{});
    case Rule::momentum:
      return f(std::integral_constant<Rule, Rule::momentum>{});
    case Rule::rmsprop:
      return f(std::integral_constant<Rule, Rule::rmsprop>{});
    case Rule::adam:
      return f(std::integral_constant<Rule, Rule::adam>{});
  }
}

// Calls f with the epilogue for the step of the weights from n_k of all neurons.
template <class T, class F>
BACKLIT_INLINE void with_step(const StepRule<T>& rule, Panels<T> wt, Panels<T> first, Panels<T> second, long n_k,
                              RowsAhead<T> ahead, F&& f) {
  constexpr long second_cache = 1 << 20;
  with_rule(rule.rule, [&](auto which) {
    const long numbers_a_weight = which() == Rule::adam ? 3 : which() == Rule::sgd ? 1 : 2;
    const bool is_far = n_k * wt.columns * numbers_a_weight * long(sizeof(T)) > second_cache / 2;
    StepEpilogue<T, which()> epilogue{rule, {wt.data, first.data, second.data}, wt.n_rows, is_far, Fetcher<T>(ahead)};
    f(epilogue);
  });
}

// BP4 without a step: the sum is added to the gradient so far.
template <class T>
struct AddEpilogue : EpilogueDefaults {
  Panels<T> nabla;
  T *panel = nullptr, *tile = nullptr;  // where they begin
  explicit AddEpilogue(Panels<T> nabla) : nabla(nabla) {}
  BACKLIT_INLINE void panel_begins(long j) { panel = nabla.data + j * nabla.n_rows; }
  BACKLIT_INLINE void tile_begins(long k, int, long width) { tile = panel + k * width; }
  BACKLIT_INLINE Vec<T> start(Place at) const { return load(tile + (at.r * at.width + at.c)); }
  BACKLIT_INLINE void finish(Place at, Vec<T> sum) const { store(tile + (at.r * at.width + at.c), sum); }
  BACKLIT_INLINE void tile_done(long, int, long, long) const {}
};

}  // namespace backlit::BACKLIT_ISA
