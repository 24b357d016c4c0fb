# A test file for otter-grader, in its OK format: tests/backprop.py.
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
                        ">>> functions = [output_error, backpropagated_error, bias_gradient, weight_gradient]\n"
                        ">>> [finding.message for finding in bl.grade(functions).findings]\n"
                        "[]\n"
                    ),
                    "hidden": False,
                    "locked": False,
                }
            ],
        }
    ],
}
