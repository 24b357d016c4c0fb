# An nbgrader test cell ("Autograder tests", points 4), behind the cell in which the student writes these functions.
# It grades them where they live; its last line is the partial credit. Tried with nbgrader 0.9.6.
import backlit as bl

functions = {
    "output_error": output_error,  # noqa: F821
    "backpropagated_error": backpropagated_error,  # noqa: F821
    "bias_gradient": bias_gradient,  # noqa: F821
    "weight_gradient": weight_gradient,  # noqa: F821
}
verdict = bl.grade(functions)
assert verdict.verdict != "error", verdict.remarks
for finding in verdict.findings:
    print(finding.message)
sum(score.points for score in verdict.scores)
