"""The grader: checks somebody else's backpropagation, equation by equation.

All judging happens here, on plain arrays that a `Student` hands over; the student's program is only ever asked for
values. `grade` is the door. A submission is recognized (`submission`), its conventions are found by trying them
(`conventions`), and its numbers are compared with the lecture's algorithm run right and run with modelled mistakes
(`algorithm`, `catalogue`, `matching`). Arrays inside this room hold examples as columns, as the lecture's vectors are.
"""
