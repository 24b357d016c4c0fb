// Threads that live as long as one call, the barrier they meet at, and the processors they run on.
#pragma once

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace backlit {

// How many processors this process may use: as many as it may run on, as a container grants it time for, and as
// OMP_NUM_THREADS says.
int available_processors();

// The processors whose time the control groups listed in `list` (/proc/self/cgroup) may use, rounded up; 0 where none
// sets a limit. `mount` is where the groups are found (/sys/fs/cgroup), of version 1 or 2.
int processors_of_groups(const std::string& list, const std::string& mount);

// Which processor this thread runs on.
int current_processor();

// Moves this thread to the n-th processor after `processor` of those it may use, and leaves it free to go on from
// there. A thread begins where its maker runs, and as long as both are busy the system takes milliseconds to part them.
void move_away_from(int processor, int n);

// Waits until a number is no longer `old`: a little while by spinning, since steps take microseconds, then asleep.
// Where there are more threads than processors, one that spins would keep the one it waits for from running.
class Waiting {
 public:
  explicit Waiting(int n_threads) : spins_(n_threads > 1 && n_threads <= available_processors() ? 4000 : 0) {}

  void while_is(const std::atomic<unsigned>& number, unsigned old) const {
    for (int spin = 0; spin < spins_; ++spin) {
      if (number.load(std::memory_order_acquire) != old) return;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    }
    number.wait(old, std::memory_order_acquire);
  }

  // Whether there is a processor for each thread.
  bool has_processors() const { return spins_ > 0; }

 private:
  const int spins_;
};

// Where n threads meet. The system may put two of them on one processor, as they begin or as one wakes the other, and
// takes milliseconds to part them, many steps; so whoever arrives where another has arrived moves away.
class Barrier {
 public:
  explicit Barrier(int n_threads) : n_threads_(n_threads), waiting_(n_threads), arrived_at_(n_threads) {}

  void wait() {
    if (n_threads_ == 1) return;
    const unsigned generation = generation_.load(std::memory_order_acquire);
    const int before = arrived_.fetch_add(1, std::memory_order_acq_rel), here = current_processor();
    const bool is_crowded = waiting_.has_processors() && another_is_at(here, before);
    if (before == n_threads_ - 1) {
      arrived_.store(0, std::memory_order_relaxed);
      generation_.fetch_add(1, std::memory_order_release);
      generation_.notify_all();
    }
    if (is_crowded) move_away_from(here, 1);
    waiting_.while_is(generation_, generation);
  }

 private:
  // Whether one of those who arrived before did so at this processor; one who arrives just now may be missed.
  bool another_is_at(int processor, int before) {
    arrived_at_[before].store(processor, std::memory_order_relaxed);
    for (int i = 0; i < before; ++i)
      if (arrived_at_[i].load(std::memory_order_relaxed) == processor) return true;
    return false;
  }

  const int n_threads_;
  const Waiting waiting_;
  std::atomic<int> arrived_{0};
  std::atomic<unsigned> generation_{0};
  std::vector<std::atomic<int>> arrived_at_;  // processors, in the order of arrival
};

// Work that threads do one after the other, piece by piece: each begins a piece when the thread before it has done it.
class Turns {
 public:
  explicit Turns(int n_threads) : waiting_(n_threads), done_(n_threads) {}

  void begin(int thread) const {
    if (thread > 0) waiting_.while_is(done_[thread - 1].pieces, done_[thread].pieces.load(std::memory_order_relaxed));
  }
  void end(int thread) {
    done_[thread].pieces.fetch_add(1, std::memory_order_release);
    if (thread + 1 < int(done_.size())) done_[thread].pieces.notify_all();
  }

 private:
  struct alignas(64) Done {  // a cache line each
    std::atomic<unsigned> pieces{0};
  };
  const Waiting waiting_;
  std::vector<Done> done_;
};

// A call into the engine while it lasts. Calls of several Python threads at once share the processors between them:
// jobs side by side, of joblib's threading backend for example, then have no more threads than there are processors.
class Call {
 public:
  Call() { in_progress_.fetch_add(1, std::memory_order_relaxed); }
  ~Call() { in_progress_.fetch_sub(1, std::memory_order_relaxed); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  static int share_of(int max_threads) {
    return std::max(1, max_threads / std::max(1, in_progress_.load(std::memory_order_relaxed)));
  }

 private:
  static inline std::atomic<int> in_progress_{0};
};

// Calls work(0), …, work(n − 1), the first on this thread.
template <class F>
void on_threads(int n_threads, F&& work) {
  std::vector<std::thread> others;
  const int here = n_threads > 1 ? current_processor() : 0;
  for (int t = 1; t < n_threads; ++t)
    others.emplace_back([&work, t, here] {
      move_away_from(here, t);
      work(t);
    });
  work(0);
  for (std::thread& thread : others) thread.join();
}

}  // namespace backlit
