"""One fit of the benchmark on tables: in a process that never sees the targets of the test rows, scored outside."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from measuring import measure
from records import Key
from rows import Rows
from scoring import score


def rows(values: list[object], classes: list[object]) -> Rows:
    return Rows(pl.DataFrame({"y": values}), "y", "classification" if classes else "regression", classes)


def test_a_fit_is_measured_and_scored(tmp_path):
    rng = np.random.default_rng(0)
    size = rng.uniform(size=200)
    (tmp_path / "letter").mkdir()
    table = pl.DataFrame({"size": size, "noise": rng.uniform(size=200), "class": np.where(size > 0.5, "O", "I")})
    table.write_csv(tmp_path / "letter" / "letter.csv")
    record = measure(Key("letter", "backlit", 0, 1), tmp_path)
    assert "failed" not in record, record
    assert record["rows"] == [128, 32, 40]
    assert record["scores"]["accuracy"] > 0.8  # classes in another order would be wrong as often as right
    assert record["fit"]["wall"] > 0 and record["peak_mib"] > record["before_mib"] > 10
    assert record["versions"]["backlit"]


def test_who_fails_leaves_the_reason(tmp_path):
    (tmp_path / "letter").mkdir()
    pl.DataFrame({"size": np.arange(40), "class": ["I", "O"] * 20}).write_csv(tmp_path / "letter" / "letter.csv")
    record = measure(Key("letter", "nobody", 0, 1), tmp_path)
    assert "scores" not in record and "nobody" in record["failed"]


def test_scores_are_those_of_the_definitions():
    found = score(rows(["b", "a", "b"], ["a", "b"]), np.array([[0.25, 0.75], [1.0, 0.0], [1.0, 0.0]]))
    assert found["accuracy"] == pytest.approx(2 / 3)
    # the certain and wrong one costs what float32 has room for: 23 doublings
    assert found["log_loss"] == pytest.approx((-np.log(0.75) + 23 * np.log(2)) / 3, rel=1e-6)
    assert score(rows([1.0, 2.0, 3.0], []), np.array([1.0, 2.0, 5.0])) == pytest.approx(
        {"r2": -1.0, "rmse": np.sqrt(4 / 3)}
    )


def test_predictions_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 1\).*\(3,\)"):
        score(rows([1.0, 2.0, 3.0], []), np.ones((3, 1)))  # would be subtracted as a matrix
