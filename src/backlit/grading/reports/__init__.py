"""The verdict for those who read it: a student (`page`, read it first), test runners (`junit`), and `gradescope`.

One file a format, each with functions that make text of a `Verdict`: formats differ in nothing but how they say it.
`page` is the student's report before it is set, for a terminal or a browser by `text`. `course_table` is the teacher's.
"""
