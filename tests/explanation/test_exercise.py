"""An exercise typed in by hand comes back as it was, and what is wrong with one is named by its key."""

import copy
import json

import numpy as np
import pytest

from backlit.core.backpropagation import backpropagate
from backlit.errors import InvalidInputError
from backlit.explanation import explain
from backlit.explanation.demon.demon import demon
from backlit.explanation.exercise import Exercise

MAZUR = {
    "sizes": [2, 2, 2],
    "weights": [[[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]],
    "biases": [[0.35, 0.35], [0.60, 0.60]],
    "activation": "sigmoid",
    "loss": "quadratic",
    "x": [0.05, 0.10],
    "y": [0.01, 0.99],
    "learning_rate": 0.5,
}


def test_an_exercise_comes_back_as_it_was():
    assert Exercise.from_dict(MAZUR).to_dict() == MAZUR
    several = MAZUR | {"activation": ["relu", "softmax"], "loss": "cross_entropy", "x": [[0, 1], [1, 0.1]]}
    several |= {"y": [[1, 0], [0, 1]]}
    again = Exercise.from_dict(json.loads(json.dumps(Exercise.from_dict(several).to_dict()))).to_dict()
    assert again == several


def test_an_exercise_comes_back_from_its_explanation():
    several = MAZUR | {"x": [[0.05, 0.1], [1, 0]], "y": [[0.01, 0.99], [1, 0]]}
    forward = MAZUR | {"y": None}
    for document in (MAZUR, several, forward):
        assert Exercise.of(explain(Exercise.from_dict(document))).to_dict() == document
    assert Exercise.from_dict(several).only([2, 1]).to_dict() == several | {
        "x": [[1, 0], [0.05, 0.1]], "y": [[1, 0], [0.01, 0.99]]
    }  # fmt: skip
    with pytest.raises(InvalidInputError, match="Example 3 was asked for, but the exercise has 1 to 2"):
        Exercise.from_dict(several).only([3])


def test_an_exercise_is_looked_at_as_it_is():
    exercise = Exercise.from_dict(MAZUR)
    explanation = explain(exercise)
    assert (explanation.learning_rate, f"{explanation.cost:.9f}") == (0.5, "0.298371109")
    assert explain(exercise, learning_rate=0.1).learning_rate == 0.1
    with pytest.raises(InvalidInputError, match="Leave out x and y"):
        explain(exercise, [0.05, 0.10])
    with pytest.raises(InvalidInputError, match="The exercise has no y"):
        demon(Exercise.from_dict(MAZUR | {"y": None}), None)


def test_the_numbers_are_those_of_the_published_example():
    # Matt Mazur, "A Step by Step Backpropagation Example" (2015)
    exercise = Exercise.from_dict(MAZUR)
    result = backpropagate(exercise.network, exercise.x, exercise.y, loss=exercise.loss)
    assert f"{result.cost:.9f}" == "0.298371109"
    np.testing.assert_array_equal(np.round(result.a[-1], 8), [[0.75136507, 0.77292847]])
    assert f"{0.40 - exercise.learning_rate * result.nabla_w[1][0, 0]:.8f}" == "0.35891648"


def test_what_may_be_left_out():
    short = {key: MAZUR[key] for key in ("sizes", "weights", "biases", "x")}
    exercise = Exercise.from_dict(short)
    assert (exercise.loss, exercise.learning_rate, exercise.y) == ("quadratic", 0.1, None)
    assert exercise.network.activations == ("sigmoid", "sigmoid")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sizes": [2]}, r"exercise\.sizes must be a list of 2 or more, but a list of 1 came"),
        ({"sizes": [2, 0, 2]}, r"sizes\[1\] must be a whole number from 1, but 0 came"),
        ({"sizes": [2, True, 2]}, r"sizes\[1\] must be a whole number"),
        ({"weights": [[[0.15, 0.20], [0.25, 0.30]]]}, "weights must be a list of 2, but a list of 1 came"),
        ({"weights": [[[0.15, 0.20], [0.25]], [[0.4, 0.45], [0.5, 0.55]]]}, r"weights\[0\]\[1\] must be a list of 2"),
        (
            {"weights": [[[0.15, 0.20, 1], [0.25, 0.3, 1]], [[0.4, 0.45], [0.5, 0.55]]]},
            r"\[0\]\[0\] .* of 3 came",
        ),
        ({"weights": [[["a", 0.20], [0.25, 0.3]], [[0.4, 0.45], [0.5, 0.55]]]}, r"weights\[0\]\[0\]\[0\] .*'a' came"),
        ({"biases": [[0.35, 0.35], [0.6]]}, r"biases\[1\] must be a list of 2 numbers"),
        ({"biases": 3}, "biases must be a list, but 3 came"),
        ({"activation": "sigmod"}, r"exercise\.activation: .*Did you mean 'sigmoid'"),
        ({"activation": ["sigmoid"]}, r"exercise\.activation: "),
        ({"activation": 3}, r"exercise\.activation: "),
        ({"loss": "cross_entropi"}, r"exercise\.loss: .*cross_entropy"),
        ({"activation": "relu", "loss": "cross_entropy"}, r"exercise\.loss: "),
        ({"x": [0.05]}, "x must be a list of 2 numbers"),
        ({"x": [float("nan"), 1.0]}, r"x\[0\] must be a finite number, but nan came"),
        ({"x": "ab"}, "x must be a list of 2 numbers, but 'ab' came"),
        ({"x": [[0.05, 0.1], [0.05, True]]}, r"x\[1\]\[1\] must be a finite number, but True came"),
        ({"y": [[1, 0], [0, 1]]}, "y must be one y for each of the 1 examples in x, but a list of 2 came"),
        ({"learning_rate": 0}, "learning_rate must be a finite number above 0, but 0 came"),
        ({"learning_rate": "0.5"}, "learning_rate must be"),
        (
            {"weigths": []},
            "exercise has an unknown field 'weigths'. Its fields are sizes, weights,",
        ),
    ],
)
def test_what_is_wrong_is_named(change, message):
    with pytest.raises(InvalidInputError, match=message):
        Exercise.from_dict(copy.deepcopy(MAZUR) | change)


def test_what_is_missing_is_named():
    for key in ("sizes", "weights", "biases", "x"):
        with pytest.raises(InvalidInputError, match=f"exercise.{key} is missing"):
            Exercise.from_dict({other: value for other, value in MAZUR.items() if other != key})
    with pytest.raises(InvalidInputError, match="exercise must be an object, but a list of 2 came"):
        Exercise.from_dict([1, 2])


def test_a_dictionary_written_in_python_may_hold_arrays():
    arrays = MAZUR | {key: [np.array(part) for part in MAZUR[key]] for key in ("weights", "biases")}
    arrays |= {"x": np.array(MAZUR["x"]), "y": tuple(MAZUR["y"])}
    assert Exercise.from_dict(arrays).to_dict() == MAZUR
