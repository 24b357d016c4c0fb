// The engine without Python: one operation of a session, read from standard input and answered on standard output.
//
// Tests drive this program where the extension cannot be loaded: built for another processor and run by an emulator, or
// built with a sanitizer. Words and numbers are separated by white space; numbers are hexadecimal floats, so that no
// bit is lost. tests/engine/replay.py is the other end.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "names.hpp"
#include "session.hpp"

namespace backlit {
namespace {

std::string word() {
  std::string text;
  if (!(std::cin >> text)) throw std::runtime_error("the input ends too early");
  return text;
}

double number() {
  const std::string text = word();
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (*end) throw std::runtime_error("'" + text + "' is not a number");
  return value;
}

// As many numbers as the input says, which may be none.
template <class T>
std::vector<T> numbers() {
  std::vector<T> values(static_cast<std::size_t>(number()));
  for (T& value : values) value = T(number());
  return values;
}

template <class T>
void answer(const T* values, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) std::printf("%a\n", double(values[i]));
}

Optimizer optimizer() {
  const std::string name = word();
  std::map<std::string, double> arguments;
  for (int n = int(number()); n > 0; --n) {
    const std::string argument = word();
    arguments[argument] = number();
  }
  return Optimizer(name, Arguments(arguments));
}

Description description() {
  Description d;
  d.shape.sizes = numbers<long>();
  for (std::size_t l = 1; l < d.shape.sizes.size(); ++l)
    d.shape.activations.push_back(Activation(index_of(word(), activation_names, "activation")));
  d.shape.embedded = numbers<long>();
  set_categories(d.shape, numbers<long>());
  d.shape.parametric = number() != 0;
  d.objective.loss = Loss(index_of(word(), loss_names, "loss"));
  d.objective.loss_parameter = number();
  d.objective.penalty = {number(), number(), number()};
  d.objective.dropout.rates = numbers<double>();
  d.objective.dropout.seed = static_cast<std::uint64_t>(number());  // below 2⁵³ here
  d.optimizer = optimizer();
  d.layer_rates = {numbers<double>(), numbers<double>(), number(), number()};
  d.max_threads = int(number());
  d.precision = Precision(index_of(word(), precision_names, "precision"));
  return d;
}

template <class T>
void replay(const std::string& operation) {
  const Description d = description();
  Session<T> session(d);
  const std::vector<long>& sizes = d.shape.sizes;
  const int n_layers = int(d.shape.activations.size()), n_slots = d.optimizer.n_slots();
  session.t = long(number());
  for (int slot = -1; slot < n_slots; ++slot)
    for (int l = 0; l < n_layers; ++l) {
      session.layer(l).set_weights(slot, numbers<T>().data());
      session.layer(l).set_biases(slot, numbers<T>().data());
    }
  const bool has_scales = d.layer_rates.scales != 0;
  for (int slot = -1; slot < n_slots && has_scales; ++slot) session.layer(0).set_scales(slot, numbers<T>().data());
  Embedding<T>& embeddings = session.embedding();
  const std::size_t n_of_embeddings = embeddings.size();
  for (int slot = -1; slot < n_slots && embeddings.any(); ++slot)
    std::copy_n(numbers<T>().data(), n_of_embeddings, embeddings.theta(slot));
  // a sparse x has values where another has x, and more than none of the rest
  const std::vector<T> x = numbers<T>(), y = numbers<T>(), sample_weight = numbers<T>();
  const std::vector<std::int64_t> row_starts = numbers<std::int64_t>();
  const std::vector<std::int32_t> columns = numbers<std::int32_t>();
  const bool is_sparse = !row_starts.empty();
  const long n_rows = is_sparse ? long(row_starts.size()) - 1 : long(x.size()) / d.shape.n_given();
  Examples<T> examples{x.data(), y.empty() ? nullptr : y.data(),
                       sample_weight.empty() ? nullptr : sample_weight.data()};
  examples.divisor = T(number());  // of bytes, else 0
  const std::vector<std::uint8_t> bytes(examples.divisor != T(0) ? x.begin() : x.end(), x.end());
  if (!bytes.empty()) {
    examples.x = nullptr;
    examples.bytes = bytes.data();
  }
  if (is_sparse) {
    examples.x = nullptr;
    examples.values = x.data();
    examples.row_starts = row_starts.data();
    examples.columns = columns.data();
  }
  double result[2] = {0, 0};
  std::vector<T> w, b;
  auto room_for = [&](int l) {
    w.resize(sizes[l] * sizes[l + 1]);
    b.resize(sizes[l + 1]);
  };
  auto answer_state = [&] {
    const double t = double(session.t);
    answer(&t, 1);
    for (int slot = -1; slot < n_slots; ++slot)
      for (int l = 0; l < n_layers; ++l) {
        room_for(l);
        session.layer(l).get_weights(slot, w.data());
        session.layer(l).get_biases(slot, b.data());
        answer(w.data(), w.size());
        answer(b.data(), b.size());
      }
    std::vector<T> s(sizes.front());
    for (int slot = -1; slot < n_slots && has_scales; ++slot) {
      session.layer(0).get_scales(slot, s.data());
      answer(s.data(), s.size());
    }
    for (int slot = -1; slot < n_slots && embeddings.any(); ++slot) answer(embeddings.theta(slot), n_of_embeddings);
  };
  if (operation == "evaluate") {
    std::vector<T> out(n_rows * sizes.back());
    session.evaluate(examples, n_rows, out.data(), &result[0], &result[1]);
    answer(result, 2);
    answer(out.data(), out.size());
  } else if (operation == "gradient") {
    session.gradient(examples, nullptr, n_rows, &result[0], &result[1]);
    answer(result, 2);
    for (int l = 0; l < n_layers; ++l) {
      room_for(l);
      session.layer(l).get_nabla(w.data(), b.data());
      answer(w.data(), w.size());
      answer(b.data(), b.size());
    }
    answer(embeddings.nabla(), n_of_embeddings);
  } else if (operation == "steps") {
    const std::vector<std::int64_t> order = numbers<std::int64_t>();
    const long batch_size = long(number());
    const std::vector<double> rates = numbers<double>(), decays = numbers<double>();  // which may be none
    std::vector<double> costs(rates.size()), batch_weights(rates.size());
    result[0] = session.run_steps(examples, order.data(), long(order.size()), batch_size, rates.data(),
                                  decays.empty() ? nullptr : decays.data(), costs.data(), batch_weights.data(),
                                  [] { return false; });
    answer(result, 1);
    answer(costs.data(), costs.size());
    answer(batch_weights.data(), batch_weights.size());
    answer_state();
  } else if (operation == "apply") {
    std::vector<std::vector<T>> nablas;
    std::vector<const T*> nabla_w, nabla_b;
    for (int l = 0; l < n_layers; ++l) {
      nabla_w.push_back(nablas.emplace_back(numbers<T>()).data());
      nabla_b.push_back(nablas.emplace_back(numbers<T>()).data());
    }
    const std::vector<T> of_embeddings = numbers<T>();
    const double rate = number(), decay = number();
    session.apply_gradient(nabla_w, nabla_b, rate, decay, of_embeddings.data());
    answer_state();
  } else {
    throw std::runtime_error("there is no operation '" + operation + "'");
  }
}

}  // namespace
}  // namespace backlit

int main() try {
  std::ios::sync_with_stdio(false);
  const std::string operation = backlit::word(), dtype = backlit::word();
  std::printf("%s\n", backlit::kernels<float>().isa);
  dtype == "float32" ? backlit::replay<float>(operation) : backlit::replay<double>(operation);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "replay: %s\n", error.what());
  return 1;
}
