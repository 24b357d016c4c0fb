// What a session is opened with, and what it is fed: the twins of the arguments of `Engine.open` in
// src/backlit/engine/protocol.py.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels.hpp"

namespace backlit {

// What the network looks like.
struct Shape {
  std::vector<long> sizes;              // L, the input included
  std::vector<Activation> activations;  // L − 1

  long n_in() const { return sizes.front(); }
  long n_out() const { return sizes.back(); }
};

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

struct Description {
  Shape shape;
  Objective objective;
  Optimizer optimizer;
  int max_threads = 1;
  Precision precision = Precision::full;
};

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

  bool is_sparse() const { return row_starts != nullptr; }
  double weight_of(long row) const { return sample_weight ? double(sample_weight[row]) : 1.0; }
};

}  // namespace backlit
