// Examples as Python hands them in: dense or sparse, checked against the network, and as the engine takes them.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "description.hpp"

namespace nb = nanobind;

namespace backlit {

template <class T>
using Vector = nb::ndarray<T, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Array = nb::ndarray<T, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// A sparse matrix by rows: where each begins, columns, values, and the number of columns.
template <class T>
using Sparse = std::tuple<Vector<const std::int64_t>, Vector<const std::int32_t>, Vector<const T>, long>;
template <class T>
using Input = std::variant<Array<const T>, Sparse<T>>;

inline void require(bool condition, const char* message) {
  if (!condition) throw std::invalid_argument(message);
}

inline void check_columns(std::size_t columns, long wanted, const char* name) {
  if (long(columns) != wanted)
    throw std::invalid_argument(std::string(name) + " has " + std::to_string(columns) + " columns, but the layer has " +
                                std::to_string(wanted) + " neurons");
}

template <class T>
std::size_t rows_of(const Input<T>& x) {
  const auto* sparse = std::get_if<Sparse<T>>(&x);
  return sparse ? std::get<0>(*sparse).shape(0) - 1 : std::get<0>(x).shape(0);
}

template <class T>
void check_sparse(const Sparse<T>& x) {
  const auto& [row_starts, columns, values, n_columns] = x;
  const std::size_t n_starts = row_starts.shape(0);
  require(n_starts >= 1 && row_starts.data()[0] == 0 && columns.shape(0) == values.shape(0) &&
              row_starts.data()[n_starts - 1] == std::int64_t(values.shape(0)),
          "the rows of a sparse x must hold all its values");
  for (std::size_t i = 1; i < n_starts; ++i)
    require(row_starts.data()[i] >= row_starts.data()[i - 1], "the rows of a sparse x must follow one another");
  for (std::size_t at = 0; at < columns.shape(0); ++at)
    require(columns.data()[at] >= 0 && columns.data()[at] < n_columns, "a sparse x has a value in no column");
}

template <class T>
Examples<T> checked_examples(const Shape& shape, const Input<T>& x, const std::optional<Array<const T>>& y,
                             const std::optional<Vector<const T>>& sample_weight) {
  Examples<T> examples{};
  if (const auto* sparse = std::get_if<Sparse<T>>(&x)) {
    require(shape.embedded.empty(), "a sparse x cannot be embedded");
    check_columns(std::size_t(std::get<3>(*sparse)), shape.n_in(), "x");
    check_sparse<T>(*sparse);
    examples.row_starts = std::get<0>(*sparse).data();
    examples.columns = std::get<1>(*sparse).data();
    examples.values = std::get<2>(*sparse).data();
  } else {
    check_columns(std::get<0>(x).shape(1), shape.n_given(), "x");
    examples.x = std::get<0>(x).data();
  }
  if (y) {
    check_columns(y->shape(1), shape.n_out(), "y");
    require(y->shape(0) == rows_of<T>(x), "y must have a row for each row of x");
  }
  require(!sample_weight || sample_weight->shape(0) == rows_of<T>(x),
          "sample_weight must have a number for each row of x");
  examples.y = y ? y->data() : nullptr;
  examples.sample_weight = sample_weight ? sample_weight->data() : nullptr;
  return examples;
}

}  // namespace backlit
