# A test file for otter-grader, in its OK format: tests/backprop.py. Tried with otter-grader 7.0.0.
OK_FORMAT = True

test = {
    "name": "backprop",
    "points": 3,
    "suites": [
        {
            "type": "doctest",
            "cases": [
                {
                    "code": (
                        ">>> import backlit as bl\n"
                        ">>> functions = {\n"
                        "...     'output_error': output_error,\n"
                        "...     'backpropagated_error': backpropagated_error,\n"
                        "...     'bias_gradient': bias_gradient,\n"
                        "...     'weight_gradient': weight_gradient,\n"
                        "... }\n"
                        ">>> verdict = bl.grade(functions)\n"
                        ">>> verdict.verdict, [finding.message for finding in verdict.findings]\n"
                        "('pass', [])\n"
                    ),
                    "hidden": False,
                    "locked": False,
                }
            ],
        }
    ],
}
