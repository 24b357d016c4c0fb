import dataclasses
import math

import numpy as np
import pytest

import needs
from backlit.core.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Range, RMSprop, argument_values, arguments
from backlit.errors import InvalidInputError
from every import every

torch = needs.imported("torch")

STEPS = 100
RATES = 0.05 * (1 + 0.5 * np.sin(np.arange(STEPS)))  # changes at every step, so that it matters where the rate enters


def start():
    rng = np.random.default_rng(0)
    return rng.standard_normal((4, 3)), rng.standard_normal(4)


def gradients(parameters, t):
    """Of a bowl that is steeper in one direction, moved about at each step; depends on where the parameters are."""
    rng = np.random.default_rng(t)
    return [
        np.linspace(0.01, 2, theta.size).reshape(theta.shape) * theta + rng.standard_normal(theta.shape)
        for theta in parameters
    ]


def run(optimizer, rates=RATES):
    parameters = list(start())
    states = [tuple(np.zeros_like(theta) for _ in optimizer.slots) for theta in parameters]
    for t, rate in enumerate(rates, start=1):
        for p, nabla in enumerate(gradients(parameters, t)):
            parameters[p], states[p] = optimizer.step(parameters[p], nabla, states[p], rate=rate, t=t, is_weight=p == 0)
    return parameters


def run_torch(make):
    torch = needs.imported("torch")

    parameters = [torch.tensor(theta) for theta in start()]
    optimizer = make(parameters)
    for t, rate in enumerate(RATES, start=1):
        for theta, nabla in zip(parameters, gradients([theta.numpy() for theta in parameters], t), strict=True):
            theta.grad = torch.tensor(nabla)
        for group in optimizer.param_groups:
            group["lr"] = float(rate)
        optimizer.step()
    return [theta.numpy() for theta in parameters]


def run_scikit_learn(optimizer, rates=RATES):
    parameters = list(start())
    made = optimizer(parameters)
    for t, rate in enumerate(rates, start=1):
        name = "learning_rate_init" if hasattr(made, "beta_1") else "learning_rate"
        setattr(made, name, rate)
        made.update_params(parameters, gradients(parameters, t))
    return parameters


def assert_same(ours, theirs):
    for theta, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(theta, other, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True), (0.5, True), (1.0, False)])
def test_sgd_is_that_of_torch(momentum, nesterov):
    torch = needs.imported("torch")

    theirs = run_torch(lambda parameters: torch.optim.SGD(parameters, lr=1, momentum=momentum, nesterov=nesterov))
    assert_same(run(SGD(momentum, nesterov)), theirs)


@pytest.mark.parametrize(("rho", "epsilon"), [(0.99, 1e-8), (0.9, 1e-3)])
def test_rmsprop_is_that_of_torch(rho, epsilon):
    torch = needs.imported("torch")

    theirs = run_torch(lambda parameters: torch.optim.RMSprop(parameters, alpha=rho, eps=epsilon))
    assert_same(run(RMSprop(rho, epsilon)), theirs)


@pytest.mark.parametrize("options", [(0.9, 0.999, 1e-8, 0.01), (0.8, 0.95, 1e-2, 0.3), (0.9, 0.999, 1e-8, 0.0)])
def test_adamw_is_that_of_torch_on_weights(options):
    torch = needs.imported("torch")

    beta_1, beta_2, epsilon, decay = options

    def make(parameters):
        groups = [{"params": parameters[:1]}, {"params": parameters[1:], "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, betas=(beta_1, beta_2), eps=epsilon, weight_decay=decay)

    assert_same(run(AdamW(*options)), run_torch(make))


@pytest.mark.parametrize("options", [(0.9, 0.999, 1e-8), (0.8, 0.95, 1e-2)])
def test_adam_is_that_of_scikit_learn(options):
    from sklearn.neural_network._stochastic_optimizers import AdamOptimizer

    beta_1, beta_2, epsilon = options
    # its rate is fixed, and learning_rate_init is read at every step
    theirs = run_scikit_learn(
        lambda parameters: AdamOptimizer(parameters, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
    )
    assert_same(run(Adam(*options)), theirs)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.9, 0.5])
def test_sgd_with_the_rate_in_the_velocity_is_that_of_scikit_learn(momentum, nesterov):
    from sklearn.neural_network._stochastic_optimizers import SGDOptimizer

    theirs = run_scikit_learn(lambda parameters: SGDOptimizer(parameters, momentum=momentum, nesterov=nesterov))
    assert_same(run(SGD(momentum, nesterov, rate_in_velocity=True)), theirs)


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_two_forms_of_sgd_differ_only_when_the_rate_changes(nesterov):
    forms = [SGD(0.9, nesterov, rate_in_velocity) for rate_in_velocity in (False, True)]
    constant = np.full(STEPS, 0.05)
    assert_same(*(run(form, constant) for form in forms))
    changing = [run(form)[0] for form in forms]
    assert np.abs(changing[0] - changing[1]).max() > 1e-3


def test_without_momentum_it_is_the_lectures_step():
    w, nabla = np.array([1.0, -2.0]), np.array([0.5, 4.0])
    for optimizer in (SGD(), SGD(nesterov=True), SGD(rate_in_velocity=True)):
        assert optimizer.slots == ()
        stepped, state = optimizer.step(w, nabla, (), rate=0.1, t=1, is_weight=True)
        np.testing.assert_array_equal(stepped, w - 0.1 * nabla)
        assert state == ()


def test_the_two_places_of_epsilon():
    epsilon = 1e-3
    options = {"rate": 1.0, "t": 1, "is_weight": True}
    for optimizer, expected in (
        # after one step m = (1 − β₁) ∇ and √v = √(1 − β₂) |∇|; the corrections divide both out but for ε
        (Adam(epsilon=epsilon), math.sqrt(0.001) * 1e-3 / (math.sqrt(0.001) * 1e-3 + epsilon)),
        (AdamW(epsilon=epsilon, weight_decay=0.0), 1e-3 / (1e-3 + epsilon)),
    ):
        theta, _ = optimizer.step(np.zeros(1), np.full(1, 1e-3), (np.zeros(1), np.zeros(1)), **options)
        assert -theta[0] == pytest.approx(expected, rel=1e-12)


ALL = [SGD(), SGD(0.9), SGD(0.9, True), SGD(0.9, False, True), SGD(0.9, True, True), RMSprop(), Adam(), AdamW()]


@every("optimizer", ALL)
@every("dtype", ["float32", "float64"])
def test_libraries_and_dtypes(optimizer, dtype, xp):
    w, nabla = (xp.asarray(np.array(values, dtype=dtype)) for values in ([1.0, -2.0], [0.5, 4.0]))
    state = tuple(xp.zeros_like(w) for _ in optimizer.slots)
    reference = (np.array([1.0, -2.0]), tuple(np.zeros(2) for _ in optimizer.slots))
    for t in (1, 2, 3):
        w, state = optimizer.step(w, nabla, state, rate=0.1, t=t, is_weight=True)
        reference = optimizer.step(*[reference[0], np.array([0.5, 4.0]), reference[1]], rate=0.1, t=t, is_weight=True)
    assert w.dtype == nabla.dtype
    assert len(state) == len(optimizer.slots)
    assert all(array.dtype == nabla.dtype for array in state)
    np.testing.assert_allclose(np.asarray(w), reference[0], rtol=1e-6 if dtype == "float32" else 1e-14)


@pytest.mark.parametrize("optimizer", ALL, ids=str)
def test_a_step_changes_no_argument(optimizer):
    w, nabla = np.array([1.0, -2.0]), np.array([0.5, 4.0])
    state = tuple(np.ones(2) for _ in optimizer.slots)
    optimizer.step(w, nabla, state, rate=0.1, t=2, is_weight=True)
    np.testing.assert_array_equal(w, [1, -2])
    np.testing.assert_array_equal(nabla, [0.5, 4])
    for array in state:
        np.testing.assert_array_equal(array, 1)


def test_only_weights_decay():
    options = {"rate": 0.1, "t": 1}
    zero = np.zeros(1)
    for is_weight, expected in ((True, 2 - 0.1 * 0.5 * 2), (False, 2.0)):
        theta, _ = AdamW(weight_decay=0.5).step(np.full(1, 2.0), zero, (zero, zero), is_weight=is_weight, **options)
        assert theta[0] == pytest.approx(expected, rel=1e-15)


def test_registry():
    assert list(OPTIMIZERS.values()) == [SGD, RMSprop, Adam, AdamW]
    assert list(OPTIMIZERS) == ["sgd", "rmsprop", "adam", "adamw"]
    for name, optimizer in OPTIMIZERS.items():
        assert optimizer().name == name
        with pytest.raises(dataclasses.FrozenInstanceError):
            optimizer().name = "other"


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values())
def test_every_optimizer_says_what_it_is_and_what_it_takes(optimizer):
    assert optimizer.summary.endswith(".") and "\n" not in optimizer.summary
    assert [argument.name for argument in arguments(optimizer)] == [f.name for f in dataclasses.fields(optimizer)]
    for argument in arguments(optimizer):
        assert argument.default == getattr(optimizer(), argument.name)
        assert argument.help.endswith(".")
        assert (argument.range is None) == isinstance(argument.default, bool)
        if argument.range is not None:
            assert argument.default is None or argument.default in argument.range
            with pytest.raises(InvalidInputError, match=f"{argument.name} must lie in"):
                optimizer(**{argument.name: argument.range.low - 1})


def test_arguments_of_one_that_is_made():
    assert argument_values(SGD(0.9, nesterov=True)) == {
        **{"clip_norm": 0, "momentum": 0.9},
        **{"nesterov": 1, "rate_in_velocity": 0},
    }
    assert arguments(Adam(0.5)) == arguments(Adam)


def test_ranges():
    half_open, closed = Range(0.0, 1.0), Range(0.0, 1.0, is_closed=True)
    assert 0.0 in half_open and 1.0 not in half_open and 1.0 in closed
    assert -0.1 not in closed and 1.1 not in closed and math.nan not in closed
    assert math.inf not in Range(0.0, math.inf)
    is_open = Range(0.0, math.inf, is_open=True)
    assert 0.0 not in is_open and 1e-300 in is_open and str(is_open) == "(0, inf)"
    for clip_norm in (0.0, -1.0, math.nan):
        with pytest.raises(InvalidInputError, match=r"clip_norm must lie in \(0, inf\), or be None"):
            Adam(clip_norm=clip_norm)
    assert [str(half_open), str(closed)] == ["[0, 1)", "[0, 1]"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(momentum=1.1), r"momentum must lie in \[0, 1\], but 1.1 came"),
        (lambda: SGD(momentum=-0.1), r"momentum .* -0.1"),
        (lambda: SGD(momentum=math.nan), r"momentum .* nan"),
        (lambda: RMSprop(rho=1.0), r"rho must lie in \[0, 1\), but 1.0 came"),
        (lambda: RMSprop(epsilon=-1.0), r"epsilon must lie in \[1e-30, inf\), but -1.0 came"),
        (lambda: AdamW(epsilon=0.0), r"epsilon must lie in \[1e-30, inf\), but 0.0 came"),
        (lambda: Adam(beta_1=1.0), r"beta_1 .* 1.0"),
        (lambda: Adam(beta_2=-0.5), r"beta_2 .* -0.5"),
        (lambda: Adam(epsilon=math.inf), r"epsilon .* inf"),
        (lambda: AdamW(weight_decay=-1e-3), r"weight_decay must lie in \[0, inf\), but -0.001 came"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(InvalidInputError, match=message):
        make()


@pytest.mark.parametrize("clip_norm", [0.01, 1.0, 4.0, 100.0])
def test_as_torch_clips(clip_norm):
    rng = np.random.default_rng(0)
    nabla = [rng.normal(size=shape) for shape in ((3, 4), (3,), (2, 3), (2,))]
    parameters = [torch.nn.Parameter(torch.zeros(*array.shape, dtype=torch.float64)) for array in nabla]
    for parameter, array in zip(parameters, nabla, strict=True):
        parameter.grad = torch.tensor(array)
    torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
    factor = SGD(clip_norm=clip_norm).clip_factor(nabla)
    for parameter, array in zip(parameters, nabla, strict=True):
        np.testing.assert_allclose(parameter.grad.numpy(), factor * array, rtol=1e-14)


def test_a_short_gradient_stays_and_nan_is_not_hidden():
    assert SGD(clip_norm=0.6).clip_factor([np.array([0.3, 0.4])]) == 1.0
    assert SGD(clip_norm=1.0).clip_factor([np.zeros(3)]) == 1.0
    assert np.isnan(SGD(clip_norm=1.0).clip_factor([np.array([np.nan, 1.0])]))
    big = np.full(4, 1e30, dtype="float32")  # its squares are beyond float32
    assert SGD(clip_norm=1.0).clip_factor([big]) == pytest.approx(5e-31)
