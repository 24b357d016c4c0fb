import numpy as np
import pytest

import needs
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.training.schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    Cosine,
    CosLog4,
    FlatCos,
    InverseScaling,
    OneCycle,
    Position,
    Step,
    get_schedule,
)

torch = needs.imported("torch")

N_EPOCHS, N_STEPS = 12, 5


def rates(schedule, rate=0.1, n_epochs=N_EPOCHS):
    return np.concatenate([schedule.rates(rate, Position(epoch, N_EPOCHS, N_STEPS, 0)) for epoch in range(n_epochs)])


def torchs(make, *, each_step, n_epochs=N_EPOCHS):
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    scheduler = make(optimizer)
    values = []
    for _ in range(n_epochs):
        for _ in range(N_STEPS):
            values.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if each_step:
                scheduler.step()
        if not each_step:
            scheduler.step()
    return values


@pytest.mark.parametrize(("every", "factor"), [(3, 0.5), (10, 0.1), (1, 0.9)])
def test_step_is_torchs(every, factor):
    expected = torchs(lambda o: torch.optim.lr_scheduler.StepLR(o, every, factor), each_step=False)
    np.testing.assert_allclose(rates(Step(every, factor)), expected, rtol=1e-12)


@pytest.mark.parametrize("final", [0.0, 0.2])
def test_cosine_is_torchs(final):
    steps = N_EPOCHS * N_STEPS
    expected = torchs(
        lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, steps, eta_min=0.1 * final), each_step=True
    )
    np.testing.assert_allclose(rates(Cosine(final)), expected, rtol=1e-9)


@pytest.mark.parametrize("warmup", [0.3, 0.5])
def test_one_cycle_is_torchs(warmup):
    # torch reaches the peak and the end one step earlier, at step w·n − 1 and n − 1: it divides by one step less
    n, start, end = N_EPOCHS * N_STEPS, 25.0, 1e4
    make = lambda o: torch.optim.lr_scheduler.OneCycleLR(  # noqa: E731
        o, 0.1, total_steps=n + 1, pct_start=(warmup * n + 1) / (n + 1), div_factor=start, final_div_factor=end / start,
        cycle_momentum=False,
    )  # fmt: skip
    np.testing.assert_allclose(rates(OneCycle(warmup, start, end)), torchs(make, each_step=True), rtol=1e-9)


def test_one_cycle_goes_up_and_down():
    values = rates(OneCycle(0.25))
    peak = values.argmax()
    assert values[0] == pytest.approx(0.1 / 25) and peak == 15 and values[peak] == pytest.approx(0.1)
    assert (np.diff(values[: peak + 1]) > 0).all() and (np.diff(values[peak:]) < 0).all()
    assert values[-1] < 0.001


@pytest.mark.parametrize(("schedule", "last"), [(Cosine(), 0.0), (Cosine(0.3), 0.03), (OneCycle(), 0.1 / 1e4)])
def test_past_the_horizon_the_end_holds(schedule, last):
    np.testing.assert_allclose(rates(schedule, n_epochs=N_EPOCHS + 3)[N_EPOCHS * N_STEPS :], last, atol=1e-15)


def test_constant():
    np.testing.assert_array_equal(rates(Constant()), 0.1)


def test_inverse_scaling_is_scikit_learns():
    for rows_seen in (0, 100, 12345):
        values = InverseScaling(0.3).rates(0.1, Position(4, 9, 3, rows_seen))
        np.testing.assert_allclose(values, [0.1 / (rows_seen + 1) ** 0.3] * 3, rtol=1e-15)


def test_adaptive():
    schedule = Adaptive()
    np.testing.assert_array_equal(rates(schedule), 0.1)
    assert schedule.on_plateau(0.1) == 0.1 / 5
    # scikit-learn divides once more from any rate above 1e-6
    assert schedule.on_plateau(1.1e-6) == 1.1e-6 / 5
    assert schedule.on_plateau(1e-6) is None
    assert Adaptive(2, 0.5).on_plateau(0.6) == 0.3


@pytest.mark.parametrize("name", sorted(set(SCHEDULES) - {"adaptive"}))
def test_plateau_stops_all_others(name):
    assert get_schedule(name).on_plateau(0.1) is None


@pytest.mark.parametrize("name", SCHEDULES)
def test_epochs_do_not_depend_on_one_another(name):
    # what a checkpoint needs: the rates of an epoch are a function of its position
    schedule = get_schedule(name)
    position = Position(7, N_EPOCHS, N_STEPS, 700)
    first = schedule.rates(0.1, position)
    schedule.rates(0.1, Position(2, N_EPOCHS, N_STEPS, 200))
    np.testing.assert_array_equal(schedule.rates(0.1, position), first)
    assert first.shape == (N_STEPS,) and first.dtype == np.float64 and (first > 0).all()
    np.testing.assert_allclose(schedule.rates(0.2, position), 2 * first, rtol=1e-12)


def test_by_name_and_options():
    assert get_schedule("step", every=3, factor=0.5) == Step(3, 0.5)
    assert get_schedule(schedule := Cosine()) is schedule
    with pytest.raises(UnknownNameError, match=r"schedule named 'cosin'\. Did you mean 'cosine'"):
        get_schedule("cosin")


@pytest.mark.parametrize("make", [lambda: Step(0), lambda: OneCycle(0.0), lambda: OneCycle(1.0)])
def test_options_out_of_range_are_refused(make):
    with pytest.raises(InvalidInputError):
        make()


def test_coslog4_has_four_waves_each_twice_as_long_as_the_last():
    found = CosLog4().rates(2.0, Position(0, 1, 1500, 0))
    # t where log₂(1 + 15 t) is a whole number: the rate is 0; half-way between, it is the base rate
    for whole in range(4):
        assert found[round((2**whole - 1) / 15 * 1500)] == pytest.approx(0, abs=1e-12)
        assert found[round((2 ** (whole + 0.5) - 1) / 15 * 1500)] == pytest.approx(2.0, rel=1e-3)
    assert found[-1] < 0.01


def test_flat_cos_stays_for_half_and_then_falls_to_0():
    found = FlatCos().rates(2.0, Position(0, 1, 400, 0))
    np.testing.assert_array_equal(found[:201], 2.0)
    assert found[300] == pytest.approx(1.0)
    assert (np.diff(found[201:]) < 0).all()
    assert found[-1] < 0.001
