"""What a submission is, and how it is called. Nothing is judged here.

People write backpropagation as functions, as a class, on one example or on many, with rows or columns. Rather than ask
them for one form, the grader recognizes theirs by its names (`names`, `submission`) and lays arrays out as it does
(`conventions`). Begin with `student`, the whole talk between grader and program; then `recipe`, which makes calls of a
network and its examples (`cases`), and `answers`, which finds the numbers in what came back.
"""
