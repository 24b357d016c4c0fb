// What becomes of numbers too small for full precision, below 2⁻¹²⁶ in float32, on this thread.
//
// Processors take many times as long for them. Adam's moments of a weight whose gradient stays zero (its neuron is
// dead, its input mostly zero) shrink by a constant factor a step until they are such numbers, and remain so for ever,
// for the smallest are rounded back to themselves. So they count as zero while steps are taken, as they do in
// TensorFlow's threads. Predictions and gradients that are handed out keep them.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace backlit {

// Sets the processor's mode for as long as it lives, and then restores what was before.
class SubnormalsAreZero {
 public:
  SubnormalsAreZero() : before_(control()) { set_control(before_ | as_zero); }
  ~SubnormalsAreZero() { set_control(before_); }
  SubnormalsAreZero(const SubnormalsAreZero&) = delete;
  SubnormalsAreZero& operator=(const SubnormalsAreZero&) = delete;

  // What f() is in the mode from before.
  template <class F>
  auto suspended_for(F&& f) const {
    set_control(before_);
    auto result = f();
    set_control(before_ | as_zero);
    return result;
  }

 private:
#if defined(__x86_64__)
  static constexpr std::uint64_t as_zero = 0x8040;  // of results, and of operands
  static std::uint64_t control() { return _mm_getcsr(); }
  static void set_control(std::uint64_t bits) { _mm_setcsr(static_cast<unsigned>(bits)); }
#elif defined(__aarch64__)
  static constexpr std::uint64_t as_zero = 1 << 24;
  static std::uint64_t control() {
    std::uint64_t bits;
    asm volatile("mrs %0, fpcr" : "=r"(bits));
    return bits;
  }
  static void set_control(std::uint64_t bits) { asm volatile("msr fpcr, %0" : : "r"(bits) : "memory"); }
#else
  static constexpr std::uint64_t as_zero = 0;
  static std::uint64_t control() { return 0; }
  static void set_control(std::uint64_t) {}
#endif

  const std::uint64_t before_;
};

}  // namespace backlit
