#include "step.hpp"

namespace backlit {

template <class T>
void Passes<T>::forward(Part rows, T* scratch) {
  for (int l = 0; l < work_.n_layers(); ++l) layer_forward(l, work_.input(l), rows, all_neurons(l), scratch);
}

template <class T>
void Passes<T>::forward_in_training(Part rows, long step, long position, T* scratch) {
  for (int l = 0; l < work_.n_layers(); ++l) {
    if (work_.drops(l)) drop(l, rows, step, position);
    layer_forward(l, work_.fed(l), rows, all_neurons(l), scratch);
  }
}

template <class T>
void Passes<T>::layer_forward(int l, Rows<T> input, Part rows, Part neurons, T* scratch) {
  const Layer<T>& layer = work_.layers[l];
  const T* const b = work_.layers[l].b();
  const Matrix<T> z = from_row(work_.z(l), rows.begin), a = from_row(work_.a(l + 1), rows.begin);
  if (l == 0 && work_.is_sparse())
    return work_.kernels.forward_sparse(layer.activation, work_.sparse(rows.begin), layer.wt(), b, z, a, rows.size());
  const long j = neurons.begin;
  if (layer.is_row)
    work_.kernels.forward_one(layer.activation, input.from(rows.begin), layer.wt(), b, z, a, rows.size());
  else
    work_.kernels.forward(layer.activation, input.from(rows.begin), columns_of(layer.wt(), neurons), b + j,
                          from_column(z, j), from_column(a, j), rows.size(), scratch);
  if (const T* const alpha = work_.alpha(l)) work_.kernels.mix(alpha, z, a, rows.size(), layer.n_out);
}

template <class T>
void Passes<T>::drop(int l, Part rows, long step, long position) {
  const Dropout& dropout = work_.description.objective.dropout;
  const DropoutDraw draw{dropout.seed, std::uint64_t(step), std::uint32_t(l + 1), dropout.rates[l]};
  if (l == 0 && work_.is_sparse()) return drop_sparse_rows(rows, draw, position);
  work_.kernels.drop(draw, work_.input(l).from(rows.begin), from_row(work_.mask(l), rows.begin),
                     from_row(work_.dropped(l), rows.begin), rows.size(), position, work_.layers[l].n_in);
}

template <class T>
void Passes<T>::drop_sparse_rows(Part rows, const DropoutDraw& draw, long position) {
  for (long i = rows.begin; i < rows.end; ++i) {
    SparseRow<T>& row = *work_.sparse(i);
    std::vector<T>& dropped = work_.sparse_dropped(i);
    dropped.resize(row.n);
    work_.kernels.drop_sparse(draw, row, dropped.data(), position + i - rows.begin);
    row.values = dropped.data();
  }
}

template <class T>
void Passes<T>::output(Part rows, bool with_delta) {
  const int last = work_.n_layers() - 1;
  const Objective& objective = work_.description.objective;
  const Matrix<T> delta = with_delta ? from_row(work_.delta(last), rows.begin) : Matrix<T>{nullptr, 0};
  work_.kernels.output_error(objective.loss, T(objective.loss_parameter), work_.layers[last].activation,
                             from_row(work_.z(last), rows.begin), from_row(work_.a(last + 1), rows.begin),
                             work_.y(rows.begin), work_.share(rows.begin), delta, work_.cost(rows.begin), rows.size(),
                             work_.layers[last].n_out);
}

template <class T>
void Passes<T>::backward(Part rows, long n_rows, T* scratch) {
  for (int l = work_.n_layers() - 2; l >= 0; --l) layer_backward(l, n_rows, rows, all_neurons(l), scratch);
  for (int l = 0; l < work_.n_layers(); ++l) into_panels(l, n_rows, rows, all_neurons(l));
}

template <class T>
void Passes<T>::layer_backward(int l, long n_rows, Part rows, Part neurons, T* scratch) {
  const Activation activation = work_.layers[l].activation;
  const bool drop = work_.drops(l + 1);
  const T* const alpha = work_.alpha(l);
  const auto mine = [&](Matrix<T> m) { return from_column(from_row(m, rows.begin), neurons.begin); };
  const Matrix<T> z = mine(work_.z(l)), a = mine(work_.a(l + 1)), delta = mine(work_.delta(l));
  const Activation undropped = drop || alpha ? Activation::identity : activation;
  const Layer<T>& next = work_.layers[l + 1];
  const Rows<T> delta_next = work_.delta_rows(l + 1).from(rows.begin);
  if (work_.needs_w(l + 1, n_rows) || next.is_row)
    work_.kernels.backward(undropped, delta_next, columns_of(next.w(), neurons), z, a, delta, rows.size(), scratch);
  else
    work_.kernels.backward_few(undropped, delta_next, next.wt(), z, a, delta, rows.size(), neurons.begin, neurons.end);
  if (drop)
    work_.kernels.pull_back_dropped(alpha ? Activation::identity : activation, mine(work_.mask(l + 1)), z, a, delta,
                                    rows.size(), neurons.size());
  if (alpha)
    work_.kernels.pull_back_mixed(activation, alpha, z, delta, mine(work_.of_alpha(l)), rows.size(), neurons.size());
}

template <class T>
void Passes<T>::pull_back(int l, Part rows, Part neurons) {
  const auto mine = [&](Matrix<T> m) { return from_column(from_row(m, rows.begin), neurons.begin); };
  work_.kernels.pull_back(work_.layers[l].activation, mine(work_.z(l)), mine(work_.a(l + 1)), mine(work_.delta(l)),
                          rows.size(), neurons.size());
}

template <class T>
void Passes<T>::into_panels(int l, long n_rows, Part rows, Part neurons) {
  if (work_.layers[l].is_one_panel()) return;
  work_.kernels.into_panels(from_column(work_.delta(l), neurons.begin),
                            columns_of(work_.delta_panels(l, n_rows), neurons), rows.begin, rows.end);
}

template class Passes<float>;
template class Passes<double>;

}  // namespace backlit
