import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from backlit.errors import InvalidInputError, UnknownNameError
from backlit.training.stopping import EarlyStopping, StoppingState


def scikit_learns(values, tolerance):
    """What scikit-learn's own method counts for losses that come one by one, and its best loss."""
    model = MLPRegressor(tol=tolerance)
    model.best_loss_, model._no_improvement_count, model.loss_curve_ = np.inf, 0, []
    for value in values:
        model.loss_curve_.append(value)
        model._update_no_improvement_count(False, None, None, None)
        yield model._no_improvement_count, model.best_loss_


@pytest.mark.parametrize("tolerance", [0.0, 0.01, 0.5])
def test_patience_is_scikit_learns(tolerance):
    rng = np.random.default_rng(0)
    for _ in range(50):
        # steps of a hundredth, so that ties and improvements of just the tolerance occur
        values = (np.round(rng.normal(0, 0.03, 40).cumsum(), 2) + 1).tolist()
        state = StoppingState()
        for epoch, (value, (count, best)) in enumerate(zip(values, scikit_learns(values, tolerance), strict=True), 1):
            is_best = state.see(value, epoch, tolerance)
            assert (state.waited, state.best) == (count, best)
            assert is_best == (value < min(values[: epoch - 1], default=np.inf))
            assert state.best_epoch == values.index(best) + 1


def test_any_improvement_is_the_best_but_only_a_large_one_resets():
    state = StoppingState()
    assert [state.see(value, epoch, 0.1) for epoch, value in enumerate([1.0, 0.95, 0.92, 0.5], 1)] == [True] * 4
    assert state.waited == 0 and state.best_epoch == 4
    # small improvements add up against the best, not against the value when patience began
    state = StoppingState()
    for epoch, value in enumerate([1.0, 0.95, 0.90, 0.85], 1):
        state.see(value, epoch, 0.1)
    assert state.waited == 3


def test_not_a_number_is_no_improvement():
    state = StoppingState()
    assert not state.see(float("nan"), 1, 0.1)
    assert state.waited == 1 and state.best_epoch == 0
    assert state.see(1.0, 2, 0.1)
    assert not state.see(float("nan"), 3, 0.1) and state.best == 1.0 and state.waited == 1


@pytest.mark.parametrize("options", [{"patience": -1}, {"tolerance": -0.1}, {"tolerance": float("nan")}])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(InvalidInputError, match=next(iter(options))):
        EarlyStopping(**options)


def test_unknown_quantities_are_refused():
    with pytest.raises(UnknownNameError, match="no quantity to monitor named 'validation_loss'"):
        EarlyStopping("validation_loss")
