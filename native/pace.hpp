// Whether several threads pay while other programs use the processors. Threads meet in every step: where one of them
// has to share its processor, all wait until it has its turn, and one thread alone may be several times as fast. So
// once the threads of a session are seen not to get the processors' time, both ways are tried, and the faster is kept
// for a while. Results do not depend on the number of threads, so it may change between any two steps.
#pragma once

#include <chrono>
#include <ctime>

namespace backlit {

// When something is looked at: what the clock says, and how long this process has worked on all processors.
struct Moment {
  double seconds, processor_seconds;
  static Moment now() {
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now().time_since_epoch();
    return {seconds.count(), double(std::clock()) / CLOCKS_PER_SEC};
  }
};

class Pace {
 public:
  // Of the `most` threads that would pay on a quiet machine.
  int threads_of(int most) const { return is_alone_ ? 1 : most; }

  void begins(Moment now = Moment::now()) {
    if (now.seconds - at_.seconds > rest) windows_to_wait_ = 0;  // what was seen before a rest may say nothing of now
    at_ = now;
  }

  // `n_rows` have been trained on n_threads of `most` since the last look. Returns whether their number changes.
  bool look(double n_rows, int n_threads, int most, Moment now = Moment::now()) {
    seconds_ += now.seconds - at_.seconds;
    processor_seconds_ += now.processor_seconds - at_.processor_seconds;
    rows_ += n_rows;
    at_ = now;
    // where nothing was trained on, threads were only begun: that tells no rate
    return seconds_ >= window && rows_ > 0 && window_ends(n_threads, most);
  }

 private:
  static constexpr double rest = 3, window = 0.01;  // seconds
  static constexpr double least_share = 0.7;  // of the time that threads want; on a quiet machine it is 0.95 or more
  // Windows until another trial: soon at first, for what crowded a moment (another library's threads) may be gone.
  static constexpr int least_patience = 1, most_patience = 64;
  static constexpr int believed = 4;  // windows in a row; threads of somebody's last call may still spin for one or two

  bool window_ends(int n_threads, int most) {
    const double rate = rows_ / seconds_, share = processor_seconds_ / (seconds_ * n_threads);
    seconds_ = processor_seconds_ = rows_ = 0;
    if (most == 1) return false;
    const bool was_alone = is_alone_;
    if (is_on_trial_) {
      is_on_trial_ = false;
      // a trial that changed nothing need not come again soon; one that did may have been deceived
      const bool won = rate >= rate_before_;
      patience_ = won ? least_patience : patience_ < most_patience ? 2 * patience_ : most_patience;
      if (!won) is_alone_ = !is_alone_;
      windows_to_wait_ = patience_;
    } else if (windows_to_wait_ > 0) {
      --windows_to_wait_;
    } else if (crowded_ = share < least_share ? crowded_ + 1 : 0; is_alone_ || crowded_ >= believed) {
      is_on_trial_ = true;
      rate_before_ = rate;
      is_alone_ = !is_alone_;
    }
    return is_alone_ != was_alone;
  }

  Moment at_{};
  double seconds_ = 0, processor_seconds_ = 0, rows_ = 0;  // of this window so far
  double rate_before_ = 0;                                 // rows a second in the window before the trial
  int patience_ = least_patience, windows_to_wait_ = 0;
  int crowded_ = 0;  // windows in a row in which threads did not get the processors' time
  bool is_alone_ = false, is_on_trial_ = false;
};

}  // namespace backlit
