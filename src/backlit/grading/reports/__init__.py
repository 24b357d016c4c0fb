"""The verdict for those who read it: a student (`text`, read it first), test runners (`junit`), and `gradescope`.

One file a format, each with one function that makes text of a `Verdict`: formats differ in nothing but how they say it.
"""
