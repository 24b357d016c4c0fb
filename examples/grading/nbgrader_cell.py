# An nbgrader test cell ("Autograder tests", points 3), behind the cell in which the student writes these functions.
# It grades them where they live; the first finding becomes the message of the failed cell.
import backlit as bl

verdict = bl.grade([output_error, backpropagated_error, bias_gradient, weight_gradient])  # noqa: F821
assert verdict.verdict == "pass", verdict.findings[0].message if verdict.findings else verdict.remarks
