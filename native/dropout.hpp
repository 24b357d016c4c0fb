// Dropout: the twin of src/backlit/core/dropout.py. Which neurons are dropped is a function of the seed and of where
// the neuron stands (step, row of the batch, layer, number), so that it depends neither on threads nor on chunks.
#pragma once

#include "kernels.hpp"
#include "simd.hpp"

namespace backlit::BACKLIT_ISA {

// Philox4x32-10 (Salmon et al. 2011): the four numbers at one counter.
BACKLIT_INLINE void philox(std::uint32_t (&c)[4], std::uint64_t seed) {
  std::uint32_t key_0 = std::uint32_t(seed), key_1 = std::uint32_t(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t left = std::uint64_t(0xD2511F53) * c[0], right = std::uint64_t(0xCD9E8D57) * c[2];
    c[0] = std::uint32_t(right >> 32) ^ c[1] ^ key_0;
    c[1] = std::uint32_t(right);
    c[2] = std::uint32_t(left >> 32) ^ c[3] ^ key_1;
    c[3] = std::uint32_t(left);
    key_0 += 0x9E3779B9;
    key_1 += 0xBB67AE85;
  }
}

BACKLIT_INLINE void draw_block(const DropoutDraw& d, std::uint32_t block, std::uint32_t position,
                               std::uint32_t (&c)[4]) {
  c[0] = block;
  c[1] = position;
  c[2] = std::uint32_t(d.step);
  c[3] = d.layer + (std::uint32_t(d.step >> 32) << 16);
  philox(c, d.seed);
}

// What a neuron's activation is multiplied by: 0, or 1/(1 − rate), which keeps its mean.
template <class T>
BACKLIT_INLINE T mask_of(const DropoutDraw& d, std::uint32_t number) {
  return number >= std::uint32_t(d.rate * 4294967296.0) ? T(1.0 / (1.0 - d.rate)) : T(0);
}

// mask, and dropped = a ⊙ mask, of n_rows rows of which the first stands at `position` in its batch.
template <class T>
void drop(const DropoutDraw& d, Rows<T> a, Matrix<T> mask, Matrix<T> dropped, long n_rows, long position, long n) {
  for (long i = 0; i < n_rows; ++i) {
    T* mask_i = mask.row(i);
    long j = 0;
    for (; j + 4 <= n; j += 4) {
      std::uint32_t c[4];
      draw_block(d, std::uint32_t(j / 4), std::uint32_t(position + i), c);
      for (int lane = 0; lane < 4; ++lane) mask_i[j + lane] = mask_of<T>(d, c[lane]);
    }
    if (j < n) {
      std::uint32_t c[4];
      draw_block(d, std::uint32_t(j / 4), std::uint32_t(position + i), c);
      for (int lane = 0; j + lane < n; ++lane) mask_i[j + lane] = mask_of<T>(d, c[lane]);
    }
    for (j = 0; j < n; ++j) dropped.row(i)[j] = a.row(i)[j] * mask_i[j];
  }
}

}  // namespace backlit::BACKLIT_ISA
