// How matrices lie in memory.
//
// Weights are kept transposed, wt (n_in, n_out), because each of the three products then reads and writes whole vectors
// of neighboring outputs. Columns are padded to whole vectors, so no kernel needs a mask; what stands in the padding
// never reaches a real column. Only BP2 needs w itself, (n_out, n_in), of which there is a copy. Where a hidden layer
// leads to one neuron, w is all there is; see one_neuron.hpp.
//
// What stands on the right of a product, wt, w or δ, is kept in panels, so that a product reads it from one end to the
// other. What stands on the left is read row by row, and its rows may lie anywhere: those of a batch stay where they
// are in X.
#pragma once

namespace backlit {

// Columns that n neurons take with their padding. Static, so that the linker does not share it between instruction
// sets.
static constexpr long padded(long n, int lanes) { return (n + lanes - 1) / lanes * lanes; }

// A matrix of rows of `stride` numbers.
template <class T>
struct Matrix {
  T* data;
  long stride;
  T* row(long i) const { return data + i * stride; }
  operator Matrix<const T>() const { return {data, stride}; }
};

// Rows that may lie anywhere: row i begins at starts[i].
template <class T>
struct Rows {
  const T* const* starts;
  const T* row(long i) const { return starts[i]; }
  Rows from(long i) const { return {starts + i}; }
};

// A matrix cut into panels of up to `panel_columns` columns, one after the other and the last one padded: the panel
// whose first column is j is a matrix at data + j·n_rows. A matrix that is no wider than a panel lies as any other.
template <class T>
struct Panels {
  T* data;
  long n_rows, columns;
  operator Panels<const T>() const { return {data, n_rows, columns}; }
};

// Where panels of so many columns (padded) surely end, the last ones aside: at every `unit` up to `last`, which is 0
// where there is none. panel_width in products.hpp cuts them.
struct PanelEnds {
  long unit, last;
  PanelEnds(long stride, int lanes) : unit(3 * lanes), last((stride - 2 * lanes) / unit * unit) {}
};

// A range of rows or neurons, such as the part of [0, n) that belongs to one of several threads.
struct Part {
  long begin, end;
  Part(long begin, long end) : begin(begin), end(end) {}
  Part(long n, int thread, int n_threads) : begin(n * thread / n_threads), end(n * (thread + 1) / n_threads) {}
  long size() const { return end - begin; }
};

}  // namespace backlit
