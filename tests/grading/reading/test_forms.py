"""Forms whose parts the grader puts together."""

from __future__ import annotations

import socket
import subprocess
import sys

import numpy as np
import pytest
from corpus import load, program, task

import backlit as bl
from backlit.grading.reading.cases import Task
from backlit.grading.reading.forms.registry import FORMS, call_name, find_form, put_together
from backlit.grading.reading.live_student import LiveStudent
from backlit.grading.sandbox.limits import Limits

SIGMOID = Task("sigmoid", "sigmoid", "quadratic")


def found(name, asked=SIGMOID):
    return find_form(LiveStudent(load(program(f"right/{name}"))).inventory(), asked)


@pytest.mark.parametrize(
    ("name", "form", "parts"),
    [
        (
            "cs231n_sigmoid_functions",
            "affine_functions",
            {"affine_backward": "linear_backward", "loss": "quadratic_loss"},
        ),
        ("nnfs_sigmoid", "layer_objects", {"dense": "Dense", "hidden": "Sigmoid", "loss": "QuadraticLoss"}),
        ("micrograd_slopes", "scalar_graph", {"number": "Node", "hidden_sigma": "sigmoid"}),
        ("micrograd_powers", "scalar_graph", {"number": "Value", "network": "MLP"}),
    ],
)
def test_parts_are_found_by_name(name, form, parts):
    one = found(name)
    assert (one.form.name, one.missing) == (form, ())
    assert parts.items() <= one.parts.items()


@pytest.mark.parametrize("name", ["nielsen", "equations_columns", "layers_of_objects", "dlai_deep"])
def test_other_forms_are_not_taken_for_these(name):
    one = found(name)
    assert one is None or one.missing


@pytest.mark.parametrize(
    ("name", "asked", "words"),
    [
        ("cs231n_functions", SIGMOID, "sigmoid_forward and sigmoid_backward and quadratic_loss(outputs, y)"),
        ("nnfs_softmax", SIGMOID, "a class Activation_Sigmoid with forward and backward"),
        ("micrograd_slopes", Task("tanh", "tanh", "quadratic"), "a method Node.tanh()"),
        ("micrograd_slopes", Task("sigmoid", "sigmoid", "cross_entropy"), "--loss quadratic"),
    ],
)
def test_what_is_missing_is_said(name, asked, words):
    assert words in found(name, asked).remark()


def test_a_function_of_the_same_name_does_not_stand_for_sigma():
    path = program("right/micrograd_slopes")
    namespace = dict(vars(load(path)), sigmoid=np.tanh)
    assert bl.grade(namespace, seed=0).verdict == "pass"


def test_only_such_names_put_parts_together():
    assert put_together("backprop", {}, {}) is None
    assert put_together("@unheard_of", {}, {}) is None
    assert {put_together(call_name(form), {}, {}) is not None for form in FORMS} == {True}


def test_layers_are_joined_in_their_own_layout():
    verdict = bl.grade(load(program("right/nnfs_regression")), **task(program("right/nnfs_regression")))
    assert verdict.conventions[:2] == (
        "batches, columns are examples",
        "weights of shape (n_l, n_{l-1}), biases of shape (n_l, 1)",
    )


def test_the_students_process_holds_nothing_that_could_answer_for_the_student():
    text = "import sys, backlit.grading.sandbox.child; print(*sys.modules)"
    names = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout.split()
    assert "backlit.grading.reading.forms.scalar_graph" in names
    assert not [name for name in names if name.startswith(("backlit.core", "backlit.grading.judge"))]


def test_numbers_are_put_together_of_the_students_alone():
    class Number:
        """Counts what it is asked; its gradients are made up."""

        def __init__(self, data):
            self.data, self.grad = data, 7.0

        def __add__(self, other):
            return Number(self.data + other.data)

        def __mul__(self, other):
            return Number(self.data * other.data)

        def sigmoid(self):
            return self

        def backward(self):
            pass

    (form,) = (form for form in FORMS if form.name == "scalar_graph")
    parts = {"number": Number, "hidden_sigma": "sigmoid", "output_sigma": "sigmoid"}
    nabla_w, nabla_b = form.backprop(parts, {}, np.ones(2), np.ones(1), [np.ones((1, 2))], [np.ones(1)])
    assert (nabla_w[0].tolist(), nabla_b[0].tolist()) == ([[7.0, 7.0]], [7.0])


ATTEMPTS = """
import os, signal, socket
def attempt():
    def backlit(): import backlit
    def network(): socket.create_connection(("127.0.0.1", {port}), timeout=1)
    def outside(): open({victim!r}, "w").write("gone")
    def grader(): os.kill(os.getppid(), signal.SIGKILL)
    for way in (backlit, network, outside, grader):
        try:
            way()
        except (ImportError, OSError):
            continue
        raise RuntimeError("got away with " + way.__name__)
"""


@pytest.mark.needs("linux")
@pytest.mark.parametrize(
    ("name", "backward"),
    [
        ("cs231n_sigmoid_functions", "def sigmoid_backward(dout, cache):\n    "),
        ("nnfs_sigmoid", "def backward(self, grad):\n        "),
        ("micrograd_slopes", "def backward(self, seed=1.0):\n        "),
    ],
    ids=[form.name for form in FORMS],
)
def test_what_is_put_together_is_behind_walls(tmp_path, name, backward):
    text = program(f"right/{name}").read_text()
    path, victim = tmp_path / "student.py", tmp_path / "victim"
    victim.write_text("precious")
    with socket.create_server(("127.0.0.1", 0)) as server:
        attempts = ATTEMPTS.format(port=server.getsockname()[1], victim=str(victim))
        path.write_text(attempts + text.replace(backward, f"{backward}attempt();"))
        verdict = bl.grade(path, seed=0)
    assert (verdict.verdict, verdict.findings) == ("pass", ())
    assert victim.read_text() == "precious"
    path.write_text(text.replace(backward, f"{backward}[0 for i in iter(int, 1)];"))
    verdict = bl.grade(path, seed=0, limits=Limits(time=0.5, restarts=0))
    assert verdict.verdict == "error"
    assert any("did not end in time" in remark for remark in verdict.remarks)
