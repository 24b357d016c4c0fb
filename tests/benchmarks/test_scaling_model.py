"""The model of a step of several workers, against a simulation of a ring of them."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest


@pytest.fixture
def scaling(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    module = importlib.import_module("scaling")
    yield module
    for name in ("scaling", "cases", "machine"):
        sys.modules.pop(name, None)


def test_the_model_and_the_simulation_agree(scaling, monkeypatch):
    network = 2.7e6, 25e-6, 1.25e9, 2e-3  # bytes, latency, bandwidth, the optimizer's step
    for n in (2, 8, 64):
        said = scaling.predicted(n, 20e-3, *network)
        monkeypatch.setattr(scaling, "JITTER", 0.0)
        assert scaling.ring(n, 20e-3 / n, *network) == pytest.approx(said, rel=1e-9)
        monkeypatch.setattr(scaling, "JITTER", 0.05)
        assert said < scaling.ring(n, 20e-3 / n, *network) < 1.2 * said  # all wait for the slowest
    # a network of two thousand weights is not worth a message
    small = 8e3, 25e-6, 1.25e9, 1e-5
    assert scaling.predicted(2, 30e-6, *small) > 30e-6 + 1e-5
