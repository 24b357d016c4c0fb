// Examples as Python hands them in: dense or sparse, checked against the network, and as the engine takes them. What a
// session is opened with. And how processes that step together are served.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "description.hpp"
#include "names.hpp"
#include "session.hpp"
#include "threads.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace backlit {

template <class T>
using Vector = nb::ndarray<T, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Array = nb::ndarray<T, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

// A sparse matrix by rows: where each begins, columns, values, and the number of columns.
template <class T>
using Sparse = std::tuple<Vector<const std::int64_t>, Vector<const std::int32_t>, Vector<const T>, long>;
// Rows of a matrix that stay where they are, and which they are.
template <class T>
using Picked = std::tuple<Array<const T>, Vector<const std::int64_t>>;
// Bytes, what each is divided by, and which of their rows in which order.
template <class T>
using Bytes = std::tuple<Array<const std::uint8_t>, T, std::optional<Vector<const std::int64_t>>>;
template <class T>
using Input = std::variant<Array<const T>, Sparse<T>, Picked<T>, Bytes<T>>;

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
  if (const auto* sparse = std::get_if<Sparse<T>>(&x)) return std::get<0>(*sparse).shape(0) - 1;
  if (const auto* picked = std::get_if<Picked<T>>(&x)) return std::get<1>(*picked).shape(0);
  if (const auto* bytes = std::get_if<Bytes<T>>(&x))
    return std::get<2>(*bytes) ? std::get<2>(*bytes)->shape(0) : std::get<0>(*bytes).shape(0);
  return std::get<0>(x).shape(0);
}

inline void check_rows(const Vector<const std::int64_t>& rows, std::size_t n_rows) {
  for (std::size_t i = 0; i < rows.shape(0); ++i)
    require(rows.data()[i] >= 0 && rows.data()[i] < std::int64_t(n_rows), "order names a row that x lacks");
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
    require(shape.n_e() == 0, "a sparse x cannot be embedded");
    check_columns(std::size_t(std::get<3>(*sparse)), shape.n_in(), "x");
    check_sparse<T>(*sparse);
    examples.row_starts = std::get<0>(*sparse).data();
    examples.columns = std::get<1>(*sparse).data();
    examples.values = std::get<2>(*sparse).data();
  } else if (const auto* bytes = std::get_if<Bytes<T>>(&x)) {
    const auto& [all, divisor, rows] = *bytes;
    check_columns(all.shape(1), shape.n_given(), "x");
    require(divisor > 0, "bytes are divided by a number above zero");
    examples.bytes = all.data();
    examples.divisor = divisor;
    if (rows) {
      check_rows(*rows, all.shape(0));
      examples.places = rows->data();
    }
  } else {
    const auto* picked = std::get_if<Picked<T>>(&x);
    const Array<const T>& all = picked ? std::get<0>(*picked) : std::get<0>(x);
    check_columns(all.shape(1), shape.n_given(), "x");
    examples.x = all.data();
    if (picked) {
      check_rows(std::get<1>(*picked), all.shape(0));
      examples.places = std::get<1>(*picked).data();
    }
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

// What a session is opened with. Each is made in one call and never changes.
inline void bind_descriptions(nb::module_& m) {
  nb::class_<Shape>(m, "Shape")
      .def(
          "__init__",
          [](Shape* self, const std::vector<long>& sizes, const std::vector<std::string>& names,
             const std::vector<long>& embedded, const std::vector<std::pair<long, long>>& categories, bool parametric) {
            require(sizes.size() >= 2 && names.size() == sizes.size() - 1,
                    "one activation per layer but the input is needed");
            for (long size : sizes) require(size >= 1, "every layer needs a neuron");
            std::vector<Activation> activations;
            for (const std::string& name : names)
              activations.push_back(Activation(index_of(name, activation_names, "activation")));
            Shape shape{sizes, activations, embedded};
            shape.parametric = parametric;
            std::vector<long> bounds;
            for (const auto& [begin, end] : categories) bounds.insert(bounds.end(), {begin, end});
            set_categories(shape, bounds);
            for (long column : embedded)
              require(column >= 0 && column < shape.n_given(), "what is embedded must be a column of x");
            new (self) Shape(std::move(shape));
          },
          "sizes"_a, "activations"_a, "embedded"_a = std::vector<long>{},
          "categories"_a = std::vector<std::pair<long, long>>{}, "parametric"_a = false);
  nb::class_<Penalty>(m, "Penalty").def(nb::init<double, double, double>(), nb::kw_only(), "l2"_a, "l1"_a, "alpha"_a);
  nb::class_<LayerRates>(m, "LayerRates")
      .def(nb::init<const std::vector<double>&, const std::vector<double>&, double, double>(), "weights"_a, "biases"_a,
           "scales"_a = 0.0, "embeddings"_a = 1.0);
  nb::class_<Dropout>(m, "Dropout").def(nb::init<const std::vector<double>&, std::uint64_t>(), "rates"_a, "seed"_a);
  nb::class_<Objective>(m, "Objective")
      .def(
          "__init__",
          [](Objective* self, const std::string& loss, double parameter, const Penalty& penalty,
             const Dropout& dropout) {
            new (self) Objective{Loss(index_of(loss, loss_names, "loss")), parameter, penalty, dropout};
          },
          "loss"_a, "loss_parameter"_a, "penalty"_a, "dropout"_a);
  nb::class_<Optimizer>(m, "Optimizer")
      .def(
          "__init__",
          [](Optimizer* self, const std::string& name, const std::map<std::string, double>& arguments) {
            new (self) Optimizer(name, Arguments(arguments));
          },
          "name"_a, "arguments"_a);
}

// For tests, which say what the clocks show and where threads meet.
inline void bind_threads(nb::module_& m) {
  nb::class_<Pace>(m, "Pace")
      .def(nb::init<>())
      .def("threads_of", &Pace::threads_of, "most"_a)
      .def(
          "begins",
          [](Pace& pace, double seconds, double processor_seconds) { pace.begins({seconds, processor_seconds}); },
          "seconds"_a, "processor_seconds"_a)
      .def(
          "look",
          [](Pace& pace, double n_rows, int n_threads, int most, double seconds, double processor_seconds) {
            return pace.look(n_rows, n_threads, most, {seconds, processor_seconds});
          },
          "n_rows"_a, "n_threads"_a, "most"_a, "seconds"_a, "processor_seconds"_a);
  nb::class_<Barrier>(m, "Barrier")
      .def(nb::init<int>(), "n_threads"_a)
      .def(
          "wait",
          [](Barrier& barrier) {
            const nb::gil_scoped_release others_may_arrive;
            const int before = current_processor();
            barrier.wait();
            return std::pair(before, current_processor());
          },
          "Returns the processors of this thread, before and after.");
}

template <class T, class U>
void check_packed(const Session<T>& session, const Vector<U>& packed) {
  require(long(packed.shape(0)) == session.packed_size(), "the size is not this network's");
}

inline void check_process(std::pair<int, int> process) {
  require(process.first >= 0 && process.first < process.second, "there is no such process");
}

template <class T>
void check_slot(const Session<T>& session, int slot) {
  require(slot >= -1 && slot < session.description().optimizer.n_slots(), "no such slot");
}

// A process is which it is, and how many there are. A step takes the place of the gradient that was there.
template <class T, class B>
void bind_shares(nb::class_<B>& session) {
  using Process = std::pair<int, int>;
  session.def_prop_ro("packed_size", [](B& self) { return self.session().packed_size(); })
      .def(
          "add_up_share",
          [](B& self, Process process, Vector<T> own, const std::vector<Vector<const T>>& others,
             const std::vector<double>& shares, double square, double l1) {
            require(shares.size() == others.size() + 1, "one share per gradient is needed");
            check_process(process), check_packed(self.session(), own);
            std::vector<const T*> packed;
            for (const Vector<const T>& gradient : others) {
              check_packed(self.session(), gradient);
              packed.push_back(gradient.data());
            }
            self.forget_gradient();
            nb::gil_scoped_release release;
            return self.session().add_up_share({process.first, process.second}, own.data(), packed, shares, square, l1);
          },
          "process"_a, "own"_a.noconvert(), "others"_a, "shares"_a, "square"_a, "l1"_a)
      .def(
          "step_share",
          [](B& self, Process process, Vector<T> own, double squares, double rate, double decay) {
            check_process(process), check_packed(self.session(), own);
            self.forget_gradient();
            nb::gil_scoped_release release;
            self.session().step_share({process.first, process.second}, own.data(), squares, rate, decay);
          },
          "process"_a, "own"_a.noconvert(), "squares"_a, "rate"_a, "decay"_a = 1.0)
      .def(
          "show_share",
          [](B& self, Process process, int slot, Vector<T> packed) {
            check_process(process), check_packed(self.session(), packed), check_slot(self.session(), slot);
            self.session().show_share({process.first, process.second}, slot, packed.data());
          },
          "process"_a, "slot"_a, "packed"_a.noconvert())
      .def(
          "take_shares",
          [](B& self, Process process, int slot, Vector<const T> packed) {
            check_process(process), check_packed(self.session(), packed), check_slot(self.session(), slot);
            self.session().take_shares({process.first, process.second}, slot, packed.data());
          },
          "process"_a, "slot"_a, "packed"_a.noconvert())
      .def(
          "penalty_of", [](B& self, double square, double l1) { return self.session().penalty_of(square, l1); },
          "square"_a, "l1"_a);
}

}  // namespace backlit
