import numpy as np
import pytest

from backlit.training.examples import Examples, Validation


def test_some_of_some_examples():
    some = Examples(np.arange(20.0).reshape(10, 2), np.arange(10.0)[:, None]).only(np.array([7, 2, 5]))
    assert len(some) == 3
    for fewer in (some.only(np.array([2, 0])).copy(np.arange(2)), some.copy(np.array([2, 0]))):
        assert fewer.x.tolist() == [[10.0, 11.0], [14.0, 15.0]]
        assert fewer.y.tolist() == [[5.0], [7.0]]
        assert fewer.sample_weight is None
        assert fewer.rows is None


def test_validation_on_some_rows_of_many_is_refused(examples):
    with pytest.raises(ValueError, match=r"give examples\.copy\(rows\)"):
        Validation(examples.only(np.arange(3)), lambda _: 0.0)
