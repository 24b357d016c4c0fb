// How many fused multiply-adds the processor does at most: independent ones in registers, nothing from memory. And how
// many where one of some vectors is stored now and then, into the first cache.
// Compiled by machine.py for the processor it runs on.
namespace {

#if defined(__AVX512F__)
constexpr int bytes = 64;
#elif defined(__AVX__)
constexpr int bytes = 32;
#else
constexpr int bytes = 16;
#endif
constexpr int n_chains = 12;  // enough to hide the latency, few enough for 16 registers

template <class T, bool stores>
double multiply_add(long n) {
  typedef T Vec __attribute__((vector_size(bytes)));
  constexpr int lanes = bytes / sizeof(T);
  constexpr int n_kept = 32;
  alignas(64) [[maybe_unused]] volatile Vec kept[n_kept];
  Vec sum[n_chains];
  const Vec factor = Vec{} + T(0.999), term = Vec{} + T(0.001);
  // from what only running tells: the compiler leaves out a chain whose value it can foresee
  volatile T begin = T(0.5);
  for (int c = 0; c < n_chains; ++c) sum[c] = Vec{} + T(c) + begin;
  for (long i = 0; i < n; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < n_chains; ++c) sum[c] = sum[c] * factor + term;
    if constexpr (stores) kept[i % n_kept] = term;
  }
  Vec all{};
  for (int c = 0; c < n_chains; ++c) all += sum[c];
  volatile T keep = all[0];  // so that the compiler does not leave the loop out
  (void)keep;
  return 2.0 * lanes * n_chains * double(n);
}

}  // namespace

extern "C" int multiply_adds_a_store() { return n_chains; }
extern "C" double multiply_add_float32(long n) { return multiply_add<float, false>(n); }
extern "C" double multiply_add_float64(long n) { return multiply_add<double, false>(n); }
extern "C" double multiply_add_and_store_float32(long n) { return multiply_add<float, true>(n); }
