// What members that share all layers but the last have each for themselves: scales of the inputs and an output layer.
// The twin of src/backlit/core/shared_members.py; its steps are in shared_members.cpp.
#pragma once

#include <cstdint>
#include <vector>

#include "layer.hpp"

namespace backlit {

// An array of parameters of all members, one member after the other, with what the optimizer remembers of it.
template <class T>
struct OfMembers {
  long n = 0;  // numbers of a member, padding and all
  Buffer<T> theta, slots[2], nabla;

  OfMembers() = default;
  OfMembers(long n_members, long n, int n_slots) : n(n), theta(n_members * n), nabla(n_members * n) {
    for (int slot = 0; slot < n_slots; ++slot) slots[slot] = Buffer<T>(n_members * n);
  }
  Buffer<T>& kept(int slot) { return slot < 0 ? theta : slots[slot]; }
  T* of(Buffer<T>& values, long member) { return values.data() + member * n; }

  void apply(const Kernels<T>& kernels, const StepRule<T>& rule, T factor) {
    const auto row = [&](Buffer<T>& values) { return Panels<T>{values.data(), 1, values.size()}; };
    kernels.apply(rule, factor, row(nabla), row(theta), row(slots[0]), row(slots[1]), 0, 1);
  }
};

template <class T>
struct SharedMembers {
  std::vector<std::uint64_t> dropout_seeds;  // one for each member
  double rate_of_scales = 1;                 // beside that of weights
  OfMembers<T> scales, head_w, head_b;       // as layers store them; scales (n_members, n_in)

  // While steps are taken: the gradient of v, of which a member's is the layer's own; a member's ∂C/∂r ⊙ r and scales,
  // (n_in, lanes) of which the first are used; its rows of x ⊙ r.
  Buffer<T> nabla_v, nabla_s, ones, first_scales, scaled_x;

  long n_members() const { return long(dropout_seeds.size()); }
};

}  // namespace backlit
