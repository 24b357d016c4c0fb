"""The grader: checks somebody else's backpropagation, equation by equation. `grade` is the door; read it first.

What a submission is and how it is called (`reading`) is kept apart from whether it is right (`judge`) and from where it
runs (`sandbox`), because all judging happens in the grader's own process, on plain arrays: a student's program is only
ever asked for values, so that nothing it does to its own process can make a wrong answer right. `course` grades a
folder of submissions, and `reports` set the verdicts. Imports point one way: `reports` → `course` → `grade` → `judge`
and `sandbox` → `reading`.

Arrays inside this room hold examples as columns, as the lecture's vectors are.
"""
