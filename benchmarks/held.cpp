// Hides instruction sets from a process and its children: preloaded, it has the processor refuse CPUID, and answers in
// its place without what is hidden. So libraries that choose their code as they run are held to what is left.
// Compiled by machine.py, with BACKLIT_HIDE_AVX to leave SSE alone. Linux on processors that can refuse.
#include <asm/prctl.h>
#include <cpuid.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace {

bool is_hidden = false;

bool let_cpuid(bool run) { return syscall(SYS_arch_prctl, ARCH_SET_CPUID, long(run)) == 0; }

// All of AVX-512, AVX10 and AMX, and AVX's own products of bytes.
void hide(unsigned leaf, unsigned subleaf, unsigned& a, unsigned& b, unsigned& c, unsigned& d) {
  if (leaf == 7 && subleaf == 0) {
    b &= ~(1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30 | 1u << 31);
    c &= ~(1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14);
    d &= ~(1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25);
  }
  if ((leaf == 7 && subleaf == 1) || leaf == 0x24) a = b = c = d = 0;
#ifdef BACKLIT_HIDE_AVX
  if (leaf == 1) c &= ~(1u << 12 | 1u << 28 | 1u << 29);
  if (leaf == 7 && subleaf == 0) b &= ~(1u << 5), c &= ~(1u << 9 | 1u << 10);
#endif
}

void answer(int number, siginfo_t*, void* context) {
  greg_t* const registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto* const instruction = reinterpret_cast<const unsigned char*>(registers[REG_RIP]);
  if (instruction[0] != 0x0f || instruction[1] != 0xa2) {  // a fault of its own, which comes again and ends it
    signal(number, SIG_DFL);
    return;
  }
  const unsigned leaf = unsigned(registers[REG_RAX]), subleaf = unsigned(registers[REG_RCX]);
  unsigned a, b, c, d;
  let_cpuid(true);
  __cpuid_count(leaf, subleaf, a, b, c, d);
  let_cpuid(false);
  hide(leaf, subleaf, a, b, c, d);
  registers[REG_RAX] = a, registers[REG_RBX] = b, registers[REG_RCX] = c, registers[REG_RDX] = d;
  registers[REG_RIP] += 2;
}

__attribute__((constructor)) void begin() {
  struct sigaction action{};
  action.sa_sigaction = answer;
  action.sa_flags = SA_SIGINFO | SA_NODEFER;
  sigaction(SIGSEGV, &action, nullptr);
  is_hidden = let_cpuid(false);
}

}  // namespace

extern "C" int hides() { return is_hidden; }
