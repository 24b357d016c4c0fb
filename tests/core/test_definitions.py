import numpy as np

from backlit.core.definitions import REALS, UNIT, Interval


def test_interval_contains():
    half_open = Interval(0.0, 1.0, low_open=False)
    assert half_open.contains(UNIT)
    assert not UNIT.contains(half_open)
    assert UNIT.contains(UNIT)
    assert half_open.contains(half_open)
    assert REALS.contains(Interval(-1.0, np.inf))
    assert not Interval(-1.0, np.inf).contains(REALS)
    assert not UNIT.contains(Interval(0.0, 1.0, high_open=False))
    assert not UNIT.contains(Interval(0.0, 2.0))


def test_interval_reads_as_in_mathematics():
    assert str(REALS) == "(−∞, ∞)"
    assert str(Interval(-0.5, 1.0, low_open=False, high_open=False)) == "[−0.5, 1]"
