// What each piece of a training step takes: the engine with a clock around each of its kernels, on one thread.
//
// Arguments: sizes, activations, loss, batch size, adam or sgd, rows; lists separated by commas. Answers with a name
// and its microseconds per step on each line: of each piece the least of many epochs, and of whole steps without the
// clocks.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <numeric>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "names.hpp"
#include "session.hpp"

namespace {

using namespace backlit;

enum Piece { forward, output_error, backward, update, n_pieces };
const char* const piece_names[] = {"forward", "costs and BP1", "BP2, with the copy of wᵀ", "BP4, BP3 and the step"};
double spent[n_pieces];  // in ticks

#if defined(__x86_64__)
double ticks() { return double(__builtin_ia32_rdtsc()); }
#else
double ticks() { return double(std::chrono::steady_clock::now().time_since_epoch().count()); }
#endif

// A kernel with the clock around it.
template <auto kernel, Piece piece>
struct Timed;
template <class... A, void (*Kernels<float>::*kernel)(A...), Piece piece>
struct Timed<kernel, piece> {
  static void call(A... arguments) {
    const double began = ticks();
    (kernels<float>().*kernel)(arguments...);
    spent[piece] += ticks() - began;
  }
};

const Kernels<float>& timed_kernels() {
  using K = Kernels<float>;
  static K timed = kernels<float>();
  timed.forward = Timed<&K::forward, forward>::call;
  timed.forward_one = Timed<&K::forward_one, forward>::call;
  timed.output_error = Timed<&K::output_error, output_error>::call;
  timed.backward = Timed<&K::backward, backward>::call;
  timed.backward_few = Timed<&K::backward_few, backward>::call;
  timed.pull_back = Timed<&K::pull_back, backward>::call;
  timed.transpose = Timed<&K::transpose, backward>::call;
  timed.update_weights = Timed<&K::update_weights, update>::call;
  timed.backward_and_update_few = Timed<&K::backward_and_update_few, update>::call;
  timed.update_one = Timed<&K::update_one, update>::call;
  timed.update_biases = Timed<&K::update_biases, update>::call;
  return timed;
}

std::vector<std::string> words(const char* list) {
  std::vector<std::string> found;
  std::stringstream stream(list);
  for (std::string word; std::getline(stream, word, ',');) found.push_back(word);
  return found;
}

struct Work {
  Description description;
  long batch_size, n_rows;
  Buffer<float> x, y;  // in large pages, as NumPy's arrays are
};

// Whole epochs for some seconds; calls after_epoch(processor seconds) after each.
void train(const Work& work, const Kernels<float>& kernels, const std::function<void(double)>& after_epoch) {
  const std::vector<long>& sizes = work.description.shape.sizes;
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  Session<float> session(work.description, kernels);
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
    std::vector<float> w(sizes[l] * sizes[l + 1]);
    for (float& weight : w) weight = normal(random) / std::sqrt(float(sizes[l]));
    session.layer(int(l)).set_weights(-1, w.data());
  }
  std::vector<std::int64_t> order(work.n_rows);
  std::iota(order.begin(), order.end(), 0);
  const long n_steps = work.n_rows / work.batch_size;
  std::vector<double> rates(n_steps, 1e-3), costs(n_steps), weights(n_steps);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  while (std::chrono::steady_clock::now() < end) {
    std::shuffle(order.begin(), order.end(), random);
    const std::clock_t began = std::clock();
    session.run_steps({work.x.data(), work.y.data(), nullptr}, order.data(), work.n_rows, work.batch_size, rates.data(),
                      nullptr, costs.data(), weights.data(), [] { return false; });
    after_epoch(double(std::clock() - began) / CLOCKS_PER_SEC);
  }
}

double ticks_a_microsecond() {
  const auto began = std::chrono::steady_clock::now();
  const double first = ticks();
  while (std::chrono::steady_clock::now() - began < std::chrono::milliseconds(200)) {
  }
  return (ticks() - first) / 2e5;
}

}  // namespace

int main(int n_arguments, char** arguments) {
  if (n_arguments != 7) {
    std::fprintf(stderr, "pieces: wants sizes, activations, loss, batch size, optimizer and rows\n");
    return 1;
  }
  Work work;
  Description& d = work.description;
  for (const std::string& size : words(arguments[1])) d.shape.sizes.push_back(std::stol(size));
  for (const std::string& name : words(arguments[2]))
    d.shape.activations.push_back(Activation(index_of(name, activation_names, "activation")));
  d.objective.loss = Loss(index_of(arguments[3], loss_names, "loss"));
  work.batch_size = std::stol(arguments[4]);
  if (std::string(arguments[5]) == "adam")
    d.optimizer =
        Optimizer("adam", Arguments({{"beta_1", 0.9}, {"beta_2", 0.999}, {"epsilon", 1e-8}, {"clip_norm", 0}}));
  work.n_rows = std::stol(arguments[6]) / work.batch_size * work.batch_size;

  std::mt19937 random(0);
  std::uniform_real_distribution<float> uniform;
  work.x = Buffer<float>(work.n_rows * d.shape.n_in());
  for (long i = 0; i < work.x.size(); ++i) work.x.data()[i] = uniform(random);
  work.y = Buffer<float>(work.n_rows * d.shape.n_out());
  for (long i = 0; i < work.n_rows; ++i) work.y.data()[i * d.shape.n_out() + i % d.shape.n_out()] = 1;

  const double n_steps = double(work.n_rows / work.batch_size);
  std::vector<double> least(n_pieces, 1e300);
  train(work, timed_kernels(), [&](double) {
    for (int piece = 0; piece < n_pieces; ++piece)
      least[piece] = std::min(least[piece], spent[piece]), spent[piece] = 0;
  });
  double whole = 1e300;
  train(work, kernels<float>(), [&](double seconds) { whole = std::min(whole, seconds); });
  const double a_microsecond = ticks_a_microsecond();
  for (int piece = 0; piece < n_pieces; ++piece)
    std::printf("%s\t%.4f\n", piece_names[piece], least[piece] / n_steps / a_microsecond);
  std::printf("whole step\t%.4f\n", 1e6 * whole / n_steps);
}
