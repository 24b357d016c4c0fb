// Chooses the kernels: once, when they are first asked for.
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "kernels.hpp"

namespace backlit {

#define BACKLIT_DECLARE(isa)                    \
  namespace isa {                               \
  template <class T>                            \
  const Kernels<T>& all_kernels();              \
  template <>                                   \
  const Kernels<float>& all_kernels<float>();   \
  template <>                                   \
  const Kernels<double>& all_kernels<double>(); \
  }

BACKLIT_DECLARE(baseline)
#ifdef BACKLIT_X86
BACKLIT_DECLARE(avx2)
BACKLIT_DECLARE(avx512)
#endif
#ifdef BACKLIT_BFLOAT16
namespace avx512bf16 {
const Kernels<float>& kernels_bfloat16(const Kernels<float>& full);
const Kernels<float>& kernels_bfloat16x3(const Kernels<float>& full);
}  // namespace avx512bf16
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

template <class T>
const Kernels<T>& full() {
#ifdef BACKLIT_X86
  switch (chosen()) {
    case InstructionSet::avx512:
      return avx512::all_kernels<T>();
    case InstructionSet::avx2:
      return avx2::all_kernels<T>();
    case InstructionSet::baseline:
      break;
  }
#endif
  return baseline::all_kernels<T>();
}

}  // namespace

bool has_bfloat16() {
#ifdef BACKLIT_BFLOAT16
  __builtin_cpu_init();
  return chosen() == InstructionSet::avx512 && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

template <>
const Kernels<float>& kernels<float>(Precision precision) {
  if (precision == Precision::full) return full<float>();
#ifdef BACKLIT_BFLOAT16
  if (has_bfloat16())
    return precision == Precision::bfloat16 ? avx512bf16::kernels_bfloat16(full<float>())
                                            : avx512bf16::kernels_bfloat16x3(full<float>());
#endif
  throw std::invalid_argument("bfloat16 takes a processor with AVX512_BF16");
}

template <>
const Kernels<double>& kernels<double>(Precision precision) {
  if (precision == Precision::full) return full<double>();
  throw std::invalid_argument("bfloat16 is for networks of float32");
}

}  // namespace backlit
