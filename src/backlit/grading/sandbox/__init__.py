"""A student's file in a process of its own, behind walls and within limits.

The program may be hostile or just broken. So it runs where it can reach nothing (`isolation`, `landlock`, `seccomp`:
each wall also holds alone, as not every system has all), and what it answers is read as plain numbers, never unpickled
or evaluated (`wire`, `messages`). Begin with `sandboxed_student`, the grader's side; `process` starts, watches and
kills, and `child` is the other side, in which `program` holds the student's code.
"""
