// Chooses the kernels: once, when they are first asked for.
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "kernels.hpp"

namespace backlit {

#define BACKLIT_DECLARE(isa)                \
  namespace isa {                           \
  const Kernels<float>& kernels_float32();  \
  const Kernels<double>& kernels_float64(); \
  }

BACKLIT_DECLARE(baseline)
#ifdef BACKLIT_X86
BACKLIT_DECLARE(avx2)
BACKLIT_DECLARE(avx512)
#endif

namespace {

enum class InstructionSet { baseline, avx2, avx512 };

InstructionSet best_of_processor() {
#ifdef BACKLIT_X86
  __builtin_cpu_init();
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
    return InstructionSet::avx512;
  if (has_avx2) return InstructionSet::avx2;
#endif
  return InstructionSet::baseline;
}

InstructionSet chosen() {
  static const InstructionSet choice = [] {
    const InstructionSet best = best_of_processor();
    const char* wish = std::getenv("BACKLIT_ISA");
    if (!wish || !*wish) return best;
    const std::string name = wish;
    const InstructionSet wanted =
        name == "avx512" ? InstructionSet::avx512
        : name == "avx2" ? InstructionSet::avx2
        : name == "baseline"
            ? InstructionSet::baseline
            : throw std::invalid_argument("BACKLIT_ISA must be avx512, avx2 or baseline, but is '" + name + "'.");
    if (wanted > best) throw std::invalid_argument("BACKLIT_ISA asks for '" + name + "', which this processor lacks.");
    return wanted;
  }();
  return choice;
}

}  // namespace

#ifdef BACKLIT_X86
#define BACKLIT_CHOOSE(function)   \
  switch (chosen()) {              \
    case InstructionSet::avx512:   \
      return avx512::function();   \
    case InstructionSet::avx2:     \
      return avx2::function();     \
    case InstructionSet::baseline: \
      break;                       \
  }                                \
  return baseline::function();
#else
#define BACKLIT_CHOOSE(function) return baseline::function();
#endif

template <>
const Kernels<float>& kernels<float>() {
  BACKLIT_CHOOSE(kernels_float32)
}

template <>
const Kernels<double>& kernels<double>() {
  BACKLIT_CHOOSE(kernels_float64)
}

}  // namespace backlit
