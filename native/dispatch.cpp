// Chooses the kernels: once, when they are first asked for.
#include <cstdlib>
#include <iterator>
#include <stdexcept>
#include <string>

#include "kernels.hpp"

#ifdef BACKLIT_AMX
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

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
#ifdef BACKLIT_AMX
namespace amx {
const Kernels<float>& kernels_bfloat16(const Kernels<float>& full);
const Kernels<float>& kernels_bfloat16x3(const Kernels<float>& full);
}  // namespace amx
#endif

namespace {

// From the least to the best; each includes those before it. avx512bf16 is avx512 plus products in bfloat16, and amx
// has them in tiles.
enum class InstructionSet { baseline, avx2, avx512, avx512bf16, amx };
constexpr const char* instruction_set_names[] = {"baseline", "avx2", "avx512", "avx512bf16", "amx"};

#ifdef BACKLIT_AMX
// Whether the processor has tiles of bfloat16, and the system lets this process use them: it keeps their 8 KiB for each
// thread, and wants to be asked. Where a signal's stack is too small for them, it refuses.
bool may_use_tiles() {
  constexpr unsigned amx_bf16 = 1u << 22, amx_tile = 1u << 24;
  constexpr long ask_permission = 0x1023, tile_data = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  unsigned eax, ebx, ecx, edx;
  if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || !(edx & amx_bf16) || !(edx & amx_tile)) return false;
  return syscall(SYS_arch_prctl, ask_permission, tile_data) == 0;
}
#endif

InstructionSet best_of_processor() {
#ifdef BACKLIT_X86
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return InstructionSet::baseline;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl"))
    return InstructionSet::avx2;
#ifdef BACKLIT_BFLOAT16
  if (!__builtin_cpu_supports("avx512bf16")) return InstructionSet::avx512;
#ifdef BACKLIT_AMX
  if (may_use_tiles()) return InstructionSet::amx;
#endif
  return InstructionSet::avx512bf16;
#endif
  return InstructionSet::avx512;
#else
  return InstructionSet::baseline;
#endif
}

InstructionSet named(const std::string& name) {
  for (int i = 0; i < int(std::size(instruction_set_names)); ++i)
    if (name == instruction_set_names[i]) return InstructionSet(i);
  throw std::invalid_argument("BACKLIT_ISA must be amx, avx512bf16, avx512, avx2 or baseline, but is '" + name + "'.");
}

InstructionSet chosen() {
  static const InstructionSet choice = [] {
    const InstructionSet best = best_of_processor();
    const char* wish = std::getenv("BACKLIT_ISA");
    if (!wish || !*wish) return best;
    const InstructionSet wanted = named(wish);
    if (wanted > best)
      throw std::invalid_argument(std::string("BACKLIT_ISA asks for '") + wish + "', but this processor, or the " +
                                  "compiler that built backlit, has no more than " + instruction_set_names[int(best)] +
                                  ".");
    return wanted;
  }();
  return choice;
}

template <class T>
const Kernels<T>& full() {
#ifdef BACKLIT_X86
  switch (chosen()) {
    case InstructionSet::amx:
    case InstructionSet::avx512bf16:
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

bool has_bfloat16() { return chosen() >= InstructionSet::avx512bf16; }

template <>
const Kernels<float>& kernels<float>(Precision precision) {
  if (precision == Precision::full) return full<float>();
#ifdef BACKLIT_AMX
  if (chosen() == InstructionSet::amx)
    return precision == Precision::bfloat16 ? amx::kernels_bfloat16(full<float>())
                                            : amx::kernels_bfloat16x3(full<float>());
#endif
#ifdef BACKLIT_BFLOAT16
  if (has_bfloat16())
    return precision == Precision::bfloat16 ? avx512bf16::kernels_bfloat16(full<float>())
                                            : avx512bf16::kernels_bfloat16x3(full<float>());
#endif
  throw std::invalid_argument("bfloat16 needs a processor with AVX512_BF16");
}

template <>
const Kernels<double>& kernels<double>(Precision precision) {
  if (precision == Precision::full) return full<double>();
  throw std::invalid_argument("bfloat16 needs a network of float32");
}

}  // namespace backlit
