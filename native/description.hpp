// What a session is opened with, and what it is fed: the twins of the arguments of `Engine.open` in
// src/backlit/engine/protocol.py.
#pragma once

#include <cstdint>
#include <set>
#include <stdexcept>
#include <vector>

#include "buffer.hpp"
#include "kernels.hpp"

namespace backlit {

// A category that has an embedding: the columns of x of its values.
struct Category {
  long begin, end;
};

// What the network looks like.
struct Shape {
  std::vector<long> sizes;                // L, the input included
  std::vector<Activation> activations;    // L − 1
  std::vector<long> embedded = {};        // columns of x that have an embedding, whose numbers come before x in layer 1
  std::vector<Category> categories = {};  // which layer 1 has in place of the columns of their values
  long n_replaced = 0;                    // so many columns, each counted once
  bool parametric = false;                // whether each hidden neuron has an α; see parametric.hpp

  long n_in() const { return sizes.front(); }
  long n_e() const {  // numbers that embeddings give
    return EmbeddingLayout::n_out * long(embedded.size()) + EmbeddingLayout::of_category * long(categories.size());
  }
  long n_given() const { return n_in() - n_e() + n_replaced; }  // columns of x
  long n_out() const { return sizes.back(); }
};

// Gives a shape its categories, of each the first column of x and the one behind the last.
inline void set_categories(Shape& shape, const std::vector<long>& bounds) {
  std::set<long> replaced;
  for (std::size_t i = 0; i + 1 < bounds.size(); i += 2) {
    const Category category{bounds[i], bounds[i + 1]};
    for (long k = category.begin; k < category.end; ++k) replaced.insert(k);
    shape.categories.push_back(category);
  }
  shape.n_replaced = long(replaced.size());
  for (const Category& category : shape.categories)
    if (category.begin < 0 || category.begin >= category.end || category.end > shape.n_given())
      throw std::invalid_argument("the values of an embedded category must be columns of x");
}

struct Penalty {
  double l2 = 0, l1 = 0, alpha = 0;
  bool any() const { return l2 != 0 || l1 != 0 || alpha != 0; }
};

// Shares of neurons that are dropped in training; see native/dropout.hpp.
struct Dropout {
  std::vector<double> rates;  // of layers 1 (the input) to L − 1; 0 drops nothing, and so does an empty list
  std::uint64_t seed = 0;
};

// What is minimized.
struct Objective {
  Loss loss = Loss::quadratic;
  double loss_parameter = 0;  // of a loss that takes one
  Penalty penalty;
  Dropout dropout;
};

// What the learning rate of each layer but the input is multiplied by; none at all leaves it. Only rules with p = 1 can
// go with it, for they take the length of a step from q alone.
struct LayerRates {
  std::vector<double> weights, biases;
  double scales = 0;  // of a scale for each input; 0 for none
  double embeddings = 1;

  template <class T>
  StepRule<T> of_weights(StepRule<T> rule, int l) const {
    if (weights.empty()) return rule;
    rule.q *= T(weights[l]);
    rule.keep = T(1 - weights[l] * (1 - double(rule.keep)));
    return rule;
  }
  template <class T>
  StepRule<T> of_biases(StepRule<T> rule, int l) const {
    if (!biases.empty()) rule.q *= T(biases[l]);
    return rule_of_biases(rule);
  }
  template <class T>
  StepRule<T> of_scales(StepRule<T> rule) const {
    rule.q *= T(scales);
    return rule_of_biases(rule);
  }
  template <class T>
  StepRule<T> of_embeddings(StepRule<T> rule) const {
    rule.q *= T(embeddings);
    return rule_of_biases(rule);
  }
};

struct Description {
  Shape shape;
  Objective objective;
  Optimizer optimizer;
  LayerRates layer_rates;
  int max_threads = 1;
  Precision precision = Precision::full;
};

// Throws where there is not one number for each layer, or a dropout rate is none.
inline void check_rates(const Description& description) {
  const auto require = [](bool condition, const char* message) {
    if (!condition) throw std::invalid_argument(message);
  };
  const std::size_t n_layers = description.shape.activations.size();
  for (const std::vector<double>& rates : {description.layer_rates.weights, description.layer_rates.biases})
    require(rates.empty() || rates.size() == n_layers, "one factor of the rate for each layer but the input is needed");
  require(description.layer_rates.scales >= 0, "a factor of the rate cannot be negative");
  const std::vector<double>& dropout = description.objective.dropout.rates;
  require(dropout.empty() || dropout.size() == n_layers, "one dropout rate for each layer but the output is needed");
  for (double rate : dropout) require(rate >= 0 && rate < 1, "a dropout rate must lie in [0, 1)");
}

// Rows of a batch as they come from Python: row-major, `n_columns` numbers per row.
template <class T>
struct Examples {
  const T* x;
  const T* y;              // may be null where only a^L is asked for
  const T* sample_weight;  // may be null

  // Where x is sparse it is null, and row i has the values and columns from row_starts[i] up to row_starts[i + 1].
  const std::int64_t* row_starts = nullptr;
  const std::int32_t* columns = nullptr;
  const T* values = nullptr;

  // Where x is whole numbers up to 255, each divided by the same number, it is null as well.
  const std::uint8_t* bytes = nullptr;
  T divisor = 1;

  // Where examples are some rows of a dense x, in whatever order, row i is that at places[i].
  const std::int64_t* places = nullptr;

  bool is_sparse() const { return row_starts != nullptr; }
  const T* x_of(long row, long n_in) const { return x + place_of(row) * n_in; }
  const std::uint8_t* bytes_of(long row, long n_in) const { return bytes + place_of(row) * n_in; }
  long place_of(long row) const { return places ? long(places[row]) : row; }
  RowsAhead ahead(const std::int64_t* rows, long n_rows, long n_in, std::int64_t* room) const {
    return {bytes ? reinterpret_cast<const char*>(bytes) : reinterpret_cast<const char*>(x),
            places_of(rows, n_rows, room), n_rows, n_in * long(bytes ? 1 : sizeof(T))};
  }
  // Where some rows stand in x, in `room` if need be.
  const std::int64_t* places_of(const std::int64_t* rows, long n_rows, std::int64_t* room) const {
    if (!places) return rows;
    for (long i = 0; i < n_rows; ++i) room[i] = places[rows[i]];
    return room;
  }
  bool are_finite(long row, long n_rows, long n_in) const {
    if (bytes) return true;
    if (is_sparse()) return all_finite(values + row_starts[row], row_starts[row + n_rows] - row_starts[row]);
    if (!places) return all_finite(x + row * n_in, n_rows * n_in);
    for (long i = row; i < row + n_rows; ++i)
      if (!all_finite(x_of(i, n_in), n_in)) return false;
    return true;
  }
  double weight_of(long row) const { return sample_weight ? double(sample_weight[row]) : 1.0; }
};

}  // namespace backlit
