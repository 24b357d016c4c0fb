// How many processors this process may use: as many as it may run on, as a container grants it time for, and as
// OMP_NUM_THREADS says.
#pragma once

#include <string>

namespace backlit {

int available_processors();

// The processors whose time the control groups listed in `list` (/proc/self/cgroup) may use, rounded up; 0 where none
// sets a limit. `mount` is where the groups are found (/sys/fs/cgroup), of version 1 or 2.
int processors_of_groups(const std::string& list, const std::string& mount);

// Which processor this thread runs on.
int current_processor();

// Moves this thread to the n-th processor after `processor` of those it may use, and leaves it free to go on from
// there. A thread begins where its maker runs, and as long as both are busy the system takes milliseconds to part them.
void move_away_from(int processor, int n);

}  // namespace backlit
