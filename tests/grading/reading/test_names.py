"""What functions and parameters are called."""

from __future__ import annotations

import pytest

from backlit.grading.reading.names import EQUATION_ROLES, equation_roles, find
from backlit.grading.reading.student import FunctionInfo


@pytest.mark.parametrize(
    ("equation", "parameters", "roles"),
    [
        ("z", "w a_previous b", ("w", "a_previous", "b")),
        ("z", "a w b", ("a_previous", "w", "b")),
        ("z", "W X b", ("w", "a_previous", "b")),
        ("sigma_prime", "a", ("a",)),
        ("sigma_prime", "z", ("z",)),
        ("BP1", "a y z", ("a", "y", "z")),
        ("BP1", "y z a", ("y", "z", "a")),
        ("BP1", "nabla_a z", ("nabla_a", "z")),
        ("BP2", "delta_next w_next z", ("delta", "w", "z")),
        ("BP4", "a_prev delta", ("a_previous", "delta")),
        ("update", "w dw lr", ("parameter", "gradient", "eta")),
        ("update", "param grad lr m", ("parameter", "gradient", "eta", "n")),
        ("BP4", "first second", ("delta", "a_previous")),
    ],
)
def test_roles_go_by_name_and_else_by_position(equation, parameters, roles):
    names = tuple(parameters.split())
    assert equation_roles(equation, FunctionInfo("f", names, len(names))) == roles


@pytest.mark.parametrize("equation", EQUATION_ROLES)
def test_too_many_unknown_parameters_cannot_be_called(equation):
    assert equation_roles(equation, FunctionInfo("f", tuple("pqrstu"), 6)) is None


def test_functions_are_found_without_regard_to_case():
    infos = (FunctionInfo("BP1", ("a",), 1), FunctionInfo("_output_error", ("a",), 1))
    assert find(infos, ("output_error", "bp1")).name == "_output_error"
    assert find(infos, ("bp2",)) is None
