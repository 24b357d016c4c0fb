#include "threads.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

namespace backlit {

namespace {

// Processors one group grants: microseconds of time per period, over the period. 0 is no limit.
double granted(const std::string& folder) {
  double quota = 0, period = 0;
  std::ifstream both(folder + "/cpu.max");  // version 2: "max 100000", or "150000 100000"
  if (both >> quota >> period && period > 0) return quota / period;
  std::ifstream quota_file(folder + "/cpu.cfs_quota_us"), period_file(folder + "/cpu.cfs_period_us");  // version 1
  if (quota_file >> quota && period_file >> period && quota > 0 && period > 0) return quota / period;
  return 0;
}

}  // namespace

int processors_of_groups(const std::string& list, const std::string& mount) {
  double least = 0;
  std::ifstream lines(list);
  for (std::string line; std::getline(lines, line);) {
    // "0::/a/b" of version 2, "4:cpu,cpuacct:/a/b" of version 1
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool is_of_processors = ("," + controllers + ",").find(",cpu,") != std::string::npos;
    if (!controllers.empty() && !is_of_processors) continue;
    const std::string top = controllers.empty() ? mount : mount + "/" + controllers;
    // every group above limits those below it
    for (std::string path = line.substr(second + 1);; path.erase(path.rfind('/'))) {
      const double here = granted(top + path);
      if (here > 0) least = least > 0 ? std::min(least, here) : here;
      if (path.rfind('/') == std::string::npos) break;
    }
  }
  return int(std::ceil(least));
}

int current_processor() {
#if defined(__linux__)
  return sched_getcpu();
#else
  return 0;
#endif
}

void move_away_from([[maybe_unused]] int processor, [[maybe_unused]] int n) {
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) return;
  int there = processor;
  while (n > 0) {
    there = (there + 1) % CPU_SETSIZE;
    if (CPU_ISSET(there, &allowed)) --n;
  }
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(there, &only);
  if (sched_setaffinity(0, sizeof only, &only) == 0) sched_setaffinity(0, sizeof allowed, &allowed);
#endif
}

int available_processors() {
  int n = int(std::max(1u, std::thread::hardware_concurrency()));
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) n = std::max(1, CPU_COUNT(&set));
  // read once, since files take longer than a small network's answer
  static const int granted = processors_of_groups("/proc/self/cgroup", "/sys/fs/cgroup");
  if (granted > 0) n = std::min(n, granted);
#endif
  // joblib says in this variable how many threads each of its processes is to have
  const char* limit = std::getenv("OMP_NUM_THREADS");
  const int most = limit ? std::atoi(limit) : 0;
  return most > 0 ? std::min(n, most) : n;
}

}  // namespace backlit
