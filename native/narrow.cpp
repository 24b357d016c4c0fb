#include "narrow.hpp"

#include <algorithm>

namespace backlit {

namespace {
// That go through all layers before the next ones do, so that what they leave is still in the L1 cache.
constexpr long groups_at_a_time = 8;
constexpr long most_lanes = 16;  // float32 in vectors of 64 bytes
}  // namespace

template <class T>
Narrow<T>::Narrow(const Description& description, const Kernels<T>& kernels, std::vector<Layer<T>>& layers)
    : description_(description),
      kernels_(kernels),
      layers_(layers),
      a_(layers.size() + 1),
      z_(layers.size()),
      delta_(layers.size()) {}

template <class T>
bool Narrow<T>::serves(long batch_size, bool is_sparse) const {
  long widest = 0;
  bool are_single_panels = true;
  for (const Layer<T>& layer : layers_) {
    widest = std::max(widest, layer.n_out);
    are_single_panels = are_single_panels && layer.is_one_panel();
  }
  const std::vector<double>& dropped = description_.objective.dropout.rates;
  // fewer examples than neurons, or than half the lanes, are better left to vectors along neurons
  const bool is_long = batch_size >= widest && 2 * batch_size >= kernels_.lanes;
  return is_long && !is_sparse && description_.shape.n_e() == 0 && !description_.shape.parametric &&
         description_.shape.n_in() <= widest_narrow_input && widest <= widest_narrow_layer && are_single_panels &&
         std::all_of(dropped.begin(), dropped.end(), [](double rate) { return rate == 0; }) &&
         description_.precision == Precision::full && !description_.optimizer.clips() &&
         description_.layer_rates.scales == 0;
}

template <class T>
void Narrow<T>::reserve(long n_rows, const Examples<T>& examples) {
  const long n_x = examples.bytes ? n_rows * description_.shape.n_in() : 0;
  if (widened_.size() < n_x) widened_ = Buffer<T>(n_x);
  if (n_rows <= n_rows_) return;
  n_rows_ = n_rows;
  const long lanes = kernels_.lanes, n_examples = n_groups(n_rows) * lanes;
  // some kernels read up to `lanes` neurons more than there are
  const auto room = [&](long n) { return Buffer<T>(n_examples * n + lanes * lanes); };
  a_[0] = room(description_.shape.n_in());
  for (int l = 0; l < n_layers(); ++l) {
    const bool is_output = l + 1 == n_layers();
    a_[l + 1] = room(layers_[l].n_out);
    delta_[l] = room(layers_[l].n_out);
    if (activation_needs_z[int(layers_[l].activation)] || (is_output && loss_needs_z(description_.objective.loss)))
      z_[l] = room(layers_[l].n_out);
  }
  y_ = room(description_.shape.n_out());
  share_ = Buffer<T>(n_examples);
  cost_ = Buffer<T>(n_examples);
}

template <class T>
NarrowLayer<T> Narrow<T>::described(int l) const {
  Layer<T>& layer = layers_[l];
  return {layer.activation, layer.n_in, layer.n_out, layer.is_row ? 1 : layer.stride, layer.wt().data, layer.b()};
}

template <class T>
void Narrow<T>::take_x(const Examples<T>& examples, const std::int64_t* rows, long n_rows, long first) {
  const long n_in = description_.shape.n_in(), group = first / kernels_.lanes;
  std::int64_t room[groups_at_a_time * most_lanes];
  if (!examples.bytes)
    return kernels_.into_groups(examples.x, examples.places_of(rows, n_rows, room), n_rows, n_in, a(0, group));
  for (long i = 0; i < n_rows; ++i) {
    kernels_.widen(examples.bytes_of(rows[i], n_in), examples.divisor, widened_.data() + (first + i) * n_in, n_in);
    room[i] = first + i;
  }
  kernels_.into_groups(widened_.data(), room, n_rows, n_in, a(0, group));
}

template <class T>
void Narrow<T>::train(const Examples<T>& examples, const std::int64_t* batch, long n_rows, double factor, Part groups) {
  const long lanes = kernels_.lanes, last = n_layers() - 1;
  const Shape& shape = description_.shape;
  const Objective& objective = description_.objective;
  for (long g = groups.begin; g < groups.end; g += groups_at_a_time) {
    const long n = std::min(groups_at_a_time, groups.end - g), first = g * lanes;
    const long n_here = std::min(n * lanes, n_rows - first);  // examples
    take_x(examples, batch + first, n_here, first);
    kernels_.into_groups(examples.y, batch + first, n_here, shape.n_out(), y_.data() + first * shape.n_out());
    T* const share = share_.data() + first;
    std::fill(share, share + n_here, T(factor));
    if (examples.sample_weight)
      for (long i = 0; i < n_here; ++i) share[i] = T(examples.weight_of(batch[first + i]) * factor);
    std::fill(share + n_here, share + n * lanes, T(0));
    for (int l = 0; l <= last; ++l) kernels_.forward_groups(described(l), a(l, g), z(l, g), a(l + 1, g), n);
    kernels_.output_error_groups(objective.loss, T(objective.loss_parameter), layers_[last].activation, z(last, g),
                                 a(last + 1, g), y_.data() + first * shape.n_out(), share, delta(last, g),
                                 cost_.data() + first, shape.n_out(), n);
    for (int l = last - 1; l >= 0; --l)
      kernels_.backward_groups(described(l + 1), layers_[l].activation, delta(l + 1, g), z(l, g), a(l + 1, g),
                               delta(l, g), n);
  }
}

template <class T>
void Narrow<T>::take(const StepRule<T>& rule, long n_rows, int thread, int n_threads) {
  const LayerRates& rates = description_.layer_rates;
  const long n = n_groups(n_rows);
  for (int l = 0; l < n_layers(); ++l) {
    Layer<T>& layer = layers_[l];
    update_weights(l, rule_times_p(rates.of_weights(rule, l)), n, Part(layer.weight_rows(), thread, n_threads));
    if (thread == l % n_threads)
      kernels_.update_biases_of_groups(rates.of_biases(rule, l), delta(l, 0), layer.n_out, n, layer.b(),
                                       layer.slot_b(0), layer.slot_b(1));
  }
}

template <class T>
void Narrow<T>::update_weights(int l, const StepRule<T>& rule, long n_groups, Part part) {
  Layer<T>& layer = layers_[l];
  if (part.size() == 0) return;
  const Part k = layer.is_row ? Part(0, layer.n_in) : part;
  kernels_.update_weights_of_groups(rule, a(l, 0), layer.n_in, delta(l, 0), layer.n_out, n_groups, described(l).stride,
                                    k.begin, k.end, layer.wt().data, layer.slot_wt(0).data, layer.slot_wt(1).data);
}

template <class T>
int Narrow<T>::first_layer_not_finite(long n_rows) const {
  const long n = n_groups(n_rows) * kernels_.lanes;
  for (int l = 0; l < n_layers(); ++l) {
    const bool z_is_finite = z_[l].size() == 0 || all_finite(z_[l].data(), n * layers_[l].n_out);
    if (!z_is_finite || !all_finite(a_[l + 1].data(), n * layers_[l].n_out)) return l + 2;
  }
  return n_layers() + 1;  // all activations are finite, so it was the cost of the output layer
}

template class Narrow<float>;
template class Narrow<double>;

}  // namespace backlit
