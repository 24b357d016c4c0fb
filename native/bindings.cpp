// All that knows Python, with bindings.hpp: it checks, converts and calls.
#include "bindings.hpp"

#include <nanobind/stl/function.h>
#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/variant.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "names.hpp"
#include "session.hpp"
#include "threads.hpp"

namespace backlit {
namespace {

template <class T>
class Binding {
 public:
  Binding(const Shape& shape, const Objective& objective, const Optimizer& optimizer, const LayerRates& layer_rates,
          int max_threads, const std::string& precision)
      : session_(checked({shape, objective, optimizer, layer_rates, max_threads,
                          Precision(index_of(precision, precision_names, "precision"))})) {}

  void set_weights(int layer, int slot, Array<const T> w) {
    check(layer, slot, w.shape(0), long(w.shape(1)));
    session_.layer(layer).set_weights(slot, w.data());
  }
  void get_weights(int layer, int slot, Array<T> w) const {
    check(layer, slot, w.shape(0), long(w.shape(1)));
    session_.layer(layer).get_weights(slot, w.data());
  }
  void set_biases(int layer, int slot, Vector<const T> b) {
    check(layer, slot, b.shape(0));
    session_.layer(layer).set_biases(slot, b.data());
  }
  void get_biases(int layer, int slot, Vector<T> b) const {
    check(layer, slot, b.shape(0));
    session_.layer(layer).get_biases(slot, b.data());
  }

  void set_scales(int slot, Vector<const T> s) {
    check_scales(slot, s.shape(0));
    session_.layer(0).set_scales(slot, s.data());
  }
  void get_scales(int slot, Vector<T> s) const {
    check_scales(slot, s.shape(0));
    session_.layer(0).get_scales(slot, s.data());
  }

  void set_embeddings(int slot, Vector<const T> theta) {
    check_embeddings(slot, theta.size());
    std::copy_n(theta.data(), theta.size(), session_.embedding().theta(slot));
  }
  void get_embeddings(int slot, Vector<T> theta) {
    check_embeddings(slot, theta.size());
    std::copy_n(session_.embedding().theta(slot), theta.size(), theta.data());
  }
  void get_nabla_of_embeddings(Vector<T> nabla) {
    require(has_gradient_, "there is no gradient yet");
    check_embeddings(-1, nabla.size());
    std::copy_n(session_.embedding().nabla(), nabla.size(), nabla.data());
  }

  int threads_for_steps(long batch_size, long n_rows) const {
    return session_.threads_for_steps(batch_size, n_rows, false);
  }

  long t() const { return session_.t; }
  void set_t(long t) {
    require(t >= 0, "t counts steps and cannot be negative");
    session_.t = t;
  }

  // Fills `out`; returns whether x holds neither NaN nor infinity.
  bool feedforward(Input<T> x, Array<T> out) {
    const Examples<T> examples = checked_examples<T>(session_.description().shape, x, std::nullopt, std::nullopt);
    check_columns(out.shape(1), sizes().back(), "out");
    require(out.shape(0) == rows_of<T>(x), "out must have a row for each row of x");
    double cost = 0, weight = 0;
    bool is_finite = true;
    nb::gil_scoped_release release;
    session_.evaluate(examples, long(rows_of<T>(x)), out.data(), &cost, &weight, &is_finite);
    return is_finite;
  }

  // Fills `out`; returns (Σ s C_x, Σ s), zeros without y.
  std::pair<double, double> evaluate(Input<T> x, Array<T> out, std::optional<Array<const T>> y,
                                     std::optional<Vector<const T>> sample_weight) {
    const Examples<T> examples = checked_examples<T>(session_.description().shape, x, y, sample_weight);
    check_columns(out.shape(1), sizes().back(), "out");
    require(out.shape(0) == rows_of<T>(x), "out must have a row for each row of x");
    double cost = 0, weight = 0;
    nb::gil_scoped_release release;
    session_.evaluate(examples, long(rows_of<T>(x)), out.data(), &cost, &weight);
    return {cost, weight};
  }

  // Leaves the gradient for get_nabla, or in `packed`; returns (C, Σ s). Tells `finished` each layer that is there
  // early.
  std::pair<double, double> gradient(Input<T> x, Array<const T> y, std::optional<Vector<const T>> sample_weight,
                                     long first_row, std::optional<Vector<const std::int64_t>> rows,
                                     std::optional<Vector<T>> packed, const std::function<void(int)>& finished) {
    const Examples<T> examples = checked_examples<T>(session_.description().shape, x, std::optional(y), sample_weight);
    require(first_row >= 0, "first_row cannot be negative");
    if (rows) check_rows(*rows, rows_of<T>(x));
    if (packed) check_packed(session_, *packed);
    double cost = 0, weight = 0;
    has_gradient_ = !packed;
    {
      nb::gil_scoped_release release;
      session_.gradient(examples, rows ? rows->data() : nullptr, long(rows ? rows->shape(0) : rows_of<T>(x)), &cost,
                        &weight, first_row, packed ? packed->data() : nullptr, finished);
    }
    return {cost, weight};
  }
  void get_nabla(int layer, Array<T> nabla_w, Vector<T> nabla_b) const {
    require(has_gradient_, "there is no gradient yet");
    check(layer, -1, nabla_w.shape(0), long(nabla_w.shape(1)));
    check(layer, -1, nabla_b.shape(0));
    session_.layer(layer).get_nabla(nabla_w.data(), nabla_b.data());
  }

  void apply_gradient(const std::vector<Array<const T>>& nabla_w, const std::vector<Vector<const T>>& nabla_b,
                      double rate, double decay, std::optional<Vector<const T>> nabla_of_embeddings) {
    require(nabla_w.size() == sizes().size() - 1 && nabla_b.size() == nabla_w.size(),
            "one gradient per layer is needed");
    std::vector<const T*> w, b;
    for (std::size_t l = 0; l < nabla_w.size(); ++l) {
      check(int(l), -1, nabla_w[l].shape(0), long(nabla_w[l].shape(1)));
      check(int(l), -1, nabla_b[l].shape(0));
      w.push_back(nabla_w[l].data());
      b.push_back(nabla_b[l].data());
    }
    require(nabla_of_embeddings.has_value() == session_.embedding().any(), "embeddings need a gradient");
    if (nabla_of_embeddings) check_embeddings(-1, nabla_of_embeddings->size());
    has_gradient_ = false;  // a step takes its place
    nb::gil_scoped_release release;
    session_.apply_gradient(w, b, rate, decay, nabla_of_embeddings ? nabla_of_embeddings->data() : nullptr);
  }

  Session<T>& session() { return session_; }
  void forget_gradient() { has_gradient_ = false; }

  // Members that share layers. Their steps are those of `run_steps`, with an order of each, one after the other.
  void share_among(const std::vector<std::uint64_t>& dropout_seeds, double rate_of_scales) {
    require(dropout_seeds.size() >= 1 && !session_.embedding().any(), "members share a network without embeddings");
    session_.share_among(dropout_seeds, rate_of_scales);
  }
  void set_member(long member, int slot, Array<const T> w, Vector<const T> b, Vector<const T> scales) {
    check_member(member, slot, w.shape(0), long(w.shape(1)), b.shape(0), scales.shape(0));
    session_.set_head(member, slot, w.data(), b.data());
    std::copy_n(scales.data(), scales.shape(0), session_.member_scales(member, slot));
  }
  void get_member(long member, int slot, Array<T> w, Vector<T> b, Vector<T> scales) {
    check_member(member, slot, w.shape(0), long(w.shape(1)), b.shape(0), scales.shape(0));
    session_.get_head(member, slot, w.data(), b.data());
    std::copy_n(session_.member_scales(member, slot), scales.shape(0), scales.data());
  }

  // Fills costs and batch_weights; returns the first layer that is not finite, or 0.
  int run_steps(Input<T> x, Array<const T> y, Vector<const std::int64_t> order, long batch_size,
                Vector<const double> rates, Vector<double> costs, Vector<double> batch_weights,
                std::optional<Vector<const T>> sample_weight, std::optional<Vector<const double>> decays) {
    const Examples<T> examples = checked_examples<T>(session_.description().shape, x, std::optional(y), sample_weight);
    require(batch_size >= 1, "batch_size must be at least 1");
    const long n_members = std::max(1L, session_.n_members()), n_order = long(order.shape(0)) / n_members;
    require(long(order.shape(0)) == n_order * n_members, "every member needs an order of the same length");
    const std::size_t n_steps = std::size_t((n_order + batch_size - 1) / batch_size);
    require(rates.shape(0) == n_steps && costs.shape(0) == n_steps && batch_weights.shape(0) == n_steps,
            "rates, costs and batch_weights must have one number per batch");
    require(!decays || decays->shape(0) == n_steps, "decays must have one number per batch");
    check_rows(order, rows_of<T>(x));
    has_gradient_ = false;
    bool was_interrupted = false;
    int diverged_layer = 0;
    {
      nb::gil_scoped_release release;
      const auto run = session_.n_members() ? &Session<T>::run_steps_of_members : &Session<T>::run_steps;
      diverged_layer = (session_.*run)(examples, order.data(), n_order, batch_size, rates.data(),
                                       decays ? decays->data() : nullptr, costs.data(), batch_weights.data(), [&] {
                                         nb::gil_scoped_acquire acquire;
                                         was_interrupted = PyErr_CheckSignals() != 0;
                                         return was_interrupted;
                                       });
    }
    if (was_interrupted) throw nb::python_error();
    return diverged_layer;
  }

 private:
  static Description checked(Description description) {
    if (description.max_threads <= 0) description.max_threads = available_processors();
    check_rates(description);
    return description;
  }

  const std::vector<long>& sizes() const { return session_.description().shape.sizes; }

  void check(int layer, int slot, std::size_t n_out, long n_in = -1) const {
    require(layer >= 0 && layer + 1 < int(sizes().size()), "no such layer");
    require(slot >= -1 && slot < session_.description().optimizer.n_slots(), "the optimizer has no such slot");
    require(long(n_out) == sizes()[layer + 1] && (n_in < 0 || n_in == sizes()[layer]), "the shape is not this layer's");
  }

  void check_member(long member, int slot, std::size_t n_out, long n_in, std::size_t n_biases, std::size_t n_scales) {
    require(member >= 0 && member < session_.n_members(), "there is no such member");
    check(int(sizes().size()) - 2, slot, n_out, n_in);
    require(n_biases == n_out && long(n_scales) == sizes().front(), "one bias an output, one scale an input");
  }

  void check_scales(int slot, std::size_t n_in) const {
    require(session_.layer(0).has_scales, "the inputs have no scales");
    require(slot >= -1 && slot < session_.description().optimizer.n_slots(), "the optimizer has no such slot");
    require(long(n_in) == sizes().front(), "there is one scale for each input");
  }

  void check_embeddings(int slot, std::size_t size) {
    require(session_.embedding().any(), "no input is embedded");
    require(slot >= -1 && slot < session_.description().optimizer.n_slots(), "the optimizer has no such slot");
    require(long(size) == session_.embedding().size(), "all parameters of embeddings belong together");
  }

  Session<T> session_;
  bool has_gradient_ = false;
};

template <class T>
void bind(nb::module_& m, const char* name) {
  using B = Binding<T>;
  nb::class_<B> session(m, name);
  session
      .def(nb::init<const Shape&, const Objective&, const Optimizer&, const LayerRates&, int, const std::string&>(),
           nb::kw_only(), "shape"_a, "objective"_a, "optimizer"_a, "layer_rates"_a = LayerRates{}, "max_threads"_a,
           "precision"_a)
      .def("set_weights", &B::set_weights, "layer"_a, "slot"_a, "w"_a.noconvert())
      .def("get_weights", &B::get_weights, "layer"_a, "slot"_a, "w"_a.noconvert())
      .def("set_biases", &B::set_biases, "layer"_a, "slot"_a, "b"_a.noconvert())
      .def("get_biases", &B::get_biases, "layer"_a, "slot"_a, "b"_a.noconvert())
      .def("set_scales", &B::set_scales, "slot"_a, "s"_a.noconvert())
      .def("get_scales", &B::get_scales, "slot"_a, "s"_a.noconvert())
      .def("set_embeddings", &B::set_embeddings, "slot"_a, "theta"_a.noconvert())
      .def("get_embeddings", &B::get_embeddings, "slot"_a, "theta"_a.noconvert())
      .def("get_nabla_of_embeddings", &B::get_nabla_of_embeddings, "nabla"_a.noconvert())
      .def("share_among", &B::share_among, "dropout_seeds"_a, "rate_of_scales"_a)
      .def("set_member", &B::set_member, "member"_a, "slot"_a, "w"_a.noconvert(), "b"_a.noconvert(),
           "scales"_a.noconvert())
      .def("get_member", &B::get_member, "member"_a, "slot"_a, "w"_a.noconvert(), "b"_a.noconvert(),
           "scales"_a.noconvert())
      .def_prop_rw("t", &B::t, &B::set_t)
      .def("threads_for_steps", &B::threads_for_steps, "batch_size"_a, "n_rows"_a)
      .def("feedforward", &B::feedforward, "x"_a.noconvert(), "out"_a.noconvert())
      .def("evaluate", &B::evaluate, "x"_a.noconvert(), "out"_a.noconvert(), "y"_a.noconvert() = nb::none(),
           "sample_weight"_a.noconvert() = nb::none())
      .def("gradient", &B::gradient, "x"_a.noconvert(), "y"_a.noconvert(), "sample_weight"_a.noconvert() = nb::none(),
           "first_row"_a = 0, "rows"_a.noconvert() = nb::none(), "packed"_a.noconvert() = nb::none(),
           "finished"_a = nb::none())
      .def("get_nabla", &B::get_nabla, "layer"_a, "nabla_w"_a.noconvert(), "nabla_b"_a.noconvert())
      .def("apply_gradient", &B::apply_gradient, "nabla_w"_a, "nabla_b"_a, "rate"_a, "decay"_a = 1.0,
           "nabla_of_embeddings"_a.noconvert() = nb::none())
      .def("run_steps", &B::run_steps, "x"_a.noconvert(), "y"_a.noconvert(), "order"_a.noconvert(), "batch_size"_a,
           "rates"_a.noconvert(), "costs"_a.noconvert(), "batch_weights"_a.noconvert(),
           "sample_weight"_a.noconvert() = nb::none(), "decays"_a.noconvert() = nb::none());
  bind_shares<T>(session);
}

}  // namespace

NB_MODULE(_native, m) {
  m.doc() = "The compiled engine. Use backlit.engine.native, which wraps it.";
  bind_descriptions(m);
  bind_threads(m);
  bind<float>(m, "SessionFloat32");
  bind<double>(m, "SessionFloat64");
  m.def("activations", [] { return list_of(activation_names); }, "Names of the activations this engine knows.");
  m.def("losses", [] { return list_of(loss_names); }, "Names of the losses this engine knows.");
  m.def("optimizers", optimizer_names, "Names of the optimizers this engine knows.");
  m.def("has_bfloat16", has_bfloat16, "Whether precisions below full can be had here.");
  m.def("available_processors", available_processors, "How many processors this process may use.");
  m.def("processors_of_groups", processors_of_groups, "list"_a, "mount"_a,
        "Processors that the control groups listed in a file grant; 0 where they set no limit.");
  m.def(
      "instruction_set", [] { return std::string(kernels<float>().isa); },
      "Instruction set of the kernels in use: avx512, avx2 or baseline.");
}

}  // namespace backlit
