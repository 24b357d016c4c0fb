"""What is off unless asked for: both engines must agree on it too, and its bits depend on nothing but its arguments."""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from test_native import ENGINES, OPTIMIZER_CASES, PENALTIES, examples, gradient_vector, parameters, relative_error

import needs
from backlit.core.activations import ACTIVATIONS
from backlit.core.dropout import Dropout
from backlit.core.embedded import Embedded
from backlit.core.embedded_network import EmbeddedNetwork
from backlit.core.embedding import Embedding
from backlit.core.layer_rates import LayerRates
from backlit.core.network import Network
from backlit.core.optimizers import SGD, Adam, AdamW, RMSprop
from backlit.engine import Objective, OptimizerState
from backlit.errors import InvalidInputError
from every import every, in_turn

torch = needs.imported("torch")

# name → (dropout, clip_norm, rates by layer); clipped at norms that some steps reach and others do not
OPTIONS = {
    "dropout": (Dropout(0.4), None, None),
    "dropout, a rate each": (Dropout((0.0, 0.7), input=0.2), None, None),
    "clipping": (None, 0.3, None),
    "both": (Dropout(0.25, input=0.1), 0.2, None),
    "rates by layer": (None, None, LayerRates.ntp),
    "clipping, and rates by layer": (None, 0.3, LayerRates.ntp),
    "scales of inputs": (None, None, partial(LayerRates.standard, scales=6.0)),
    "clipping, scales and dropout": (Dropout(0.2, input=0.1), 0.3, partial(LayerRates.ntp, scales=3.0)),
    "embeddings": (None, None, None),
    "embeddings and all that": (Dropout((0.0, 0.2)), 0.3, partial(LayerRates.ntp, scales=3.0)),
    "embedded categories": (None, None, None),
    "embedded categories and all that": (Dropout((0.0, 0.2)), 0.3, partial(LayerRates.ntp, scales=3.0)),
    "parametric activations": (None, None, None),
    "parametric activations and all that": (Dropout((0.3, 0.2)), 0.3, partial(LayerRates.ntp, scales=3.0)),
}
# options → the inputs that are embedded
EMBEDDED = {
    "embeddings": Embedded((4, 0, 4)),
    "embeddings and all that": Embedded((1,)),
    "embedded categories": Embedded((), ((0, 2), (2, 5))),
    "embedded categories and all that": Embedded((4, 0), ((1, 4),)),
    "parametric activations": Embedded(),
    "parametric activations and all that": Embedded((4,), ((1, 4),)),
}


ADAM = Adam()


def embedded(network, inputs):
    """The network behind embeddings of some of its inputs, with weights from what they add; in some cases with α."""
    embedding = Embedding.initialize(inputs, seed=7, dtype=network.dtype)
    if inputs.alphas:
        alphas = [np.linspace(-0.5, 2, n).astype(network.dtype) for n in inputs.alphas]
        embedding = replace(embedding, biases=(*embedding.biases[: -len(alphas)], *alphas))
    own = 0.3 * np.random.default_rng(3).standard_normal((network.sizes[1], inputs.n_e))
    first = np.hstack([own.astype(network.dtype), network.weights[0][:, inputs.kept(network.sizes[0])]])
    return EmbeddedNetwork.of(replace(network, weights=(first, *network.weights[1:])), embedding)


def session(engine, network, options, optimizer=ADAM, *, loss="quadratic", penalty="all", state=None, n_threads=None):
    dropout, clip_norm, by_layer = OPTIONS[options]
    layer_rates = None if by_layer is None or isinstance(optimizer, SGD) else by_layer(network.sizes)
    objective = Objective(loss, PENALTIES[penalty], dropout, dropout_seed=2**40 + 3)
    optimizer = replace(optimizer, clip_norm=clip_norm)
    if options in EMBEDDED and isinstance(network, Network) and not isinstance(optimizer, SGD):
        inputs, couple = EMBEDDED[options], any(ACTIVATIONS[name].couples for name in network.activations[:-1])
        if options.startswith("parametric") and not couple:
            inputs = replace(inputs, alphas=network.sizes[1:-1])
        if inputs:
            network = embedded(network, inputs)
    return ENGINES[engine].open(network, objective, optimizer, state, n_threads, layer_rates)


@every("options", OPTIONS)
@every("hidden", ACTIVATIONS)
def test_gradient_agrees_with_the_reference(hidden, options):
    # With rows beyond those that the native engine takes at a time. Of inputs that are embedded it takes BP2 to some
    # panels of w² alone, where there are several; how many columns a panel has, the instruction set decides.
    for n_in, n_rows in ((7, 2100), *(((24, 90), (70, 90)) if options in EMBEDDED else ())):
        network = Network.initialize([n_in, 19, 9, 3], [hidden, hidden, "identity"], seed=3)
        x, y, s = examples(network, "quadratic", n_rows)
        found, truth = (
            session(engine, network, options).cost_and_gradient(0.3 * x, y, s) for engine in ("native", "reference")
        )
        assert relative_error(gradient_vector(found), gradient_vector(truth)) <= 1e-12
        assert found.cost == pytest.approx(truth.cost, rel=1e-12)


@every("options", OPTIONS)
@every(("name", "penalty"), in_turn(OPTIMIZER_CASES, PENALTIES))
def test_steps_agree_with_the_reference(name, options, penalty):
    network = Network.initialize([6, 17, 5, 4], ["tanh", "silu", "softmax"], seed=1)
    x, y, s = examples(network, "cross_entropy", 61)
    rates, order = np.linspace(0.02, 0.005, 6), np.random.default_rng(5).permutation(61)
    native, reference = (
        session(engine, network, options, OPTIMIZER_CASES[name], loss="cross_entropy", penalty=penalty)
        for engine in ("native", "reference")
    )
    begin = parameters(native.network())
    for _ in range(5):
        found, truth = (each.run_steps(x, y, order, 11, rates, s) for each in (native, reference))
        np.testing.assert_allclose(found.costs, truth.costs, rtol=1e-11)
    assert relative_error(parameters(native.network()), parameters(reference.network())) < 1e-10
    assert np.abs(parameters(native.network()) - begin).max() > 1e-3


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("engine", ENGINES)
def test_gradient_and_step_apart_equal_both_together(engine, options):
    network = Network.initialize([5, 8, 6, 2], "tanh", seed=1)
    x, y, _ = examples(network, "quadratic", 12)
    together, apart = session(engine, network, options), session(engine, network, options)
    for rate in (0.1, 0.05, 0.02):
        together.run_steps(x, y, np.arange(12), 12, np.array([rate]))
        apart.apply_gradient(apart.cost_and_gradient(x, y), rate)
    assert relative_error(parameters(apart.network()), parameters(together.network())) < 1e-12


@every("options", OPTIONS)
@every("engine", ENGINES)
def test_the_gradient_of_a_batch_is_the_mean_of_its_shards(engine, options):
    network = Network.initialize([5, 8, 6, 2], "tanh", seed=1)
    x, y, _ = examples(network, "quadratic", 12)
    each = session(engine, network, options, penalty="none")
    shards = [each.cost_and_gradient(x[rows], y[rows], first_row=rows.start) for rows in (slice(0, 3), slice(3, 12))]
    mean = (3 * gradient_vector(shards[0]) + 9 * gradient_vector(shards[1])) / 12
    assert relative_error(mean, gradient_vector(each.cost_and_gradient(x, y))) < 1e-12


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("engine", ENGINES)
def test_cutting_an_epoch_and_going_on_from_a_state_change_no_bit(engine, options):
    network = Network.initialize([5, 8, 6, 2], "tanh", seed=1)
    x, y, _ = examples(network, "quadratic", 40)
    order, rates = np.random.default_rng(0).permutation(40), np.full(4, 0.01)
    whole, part = session(engine, network, options), session(engine, network, options)
    whole.run_steps(x, y, order, 10, rates)
    part.run_steps(x, y, order[:10], 10, rates[:1])
    resumed = session(engine, part.network(), options, state=part.optimizer_state())
    resumed.run_steps(x, y, order[10:], 10, rates[1:])
    assert parameters(resumed.network()).tobytes() == parameters(whole.network()).tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("options", OPTIONS)
def test_bits_do_not_depend_on_threads(options, dtype):
    network = Network.initialize([64, 130, 70, 10], ["relu", "gelu", "softmax"], seed=2, dtype=dtype)
    x, y, s = examples(network, "cross_entropy", 1500)
    bits = set()
    for n_threads in (1, 2, 3):
        each = session("native", network, options, loss="cross_entropy", n_threads=n_threads)
        steps = each.run_steps(x, y, np.arange(1500), 500, np.full(3, 1e-3), s)
        bits.add(parameters(each.network()).tobytes() + steps.costs.tobytes())
    assert len(bits) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_prediction_drops_nothing(engine):
    network = Network.initialize([5, 8, 6, 2], "tanh", seed=1)
    x, y, _ = examples(network, "quadratic", 9)
    plain = ENGINES[engine].open(network, Objective())
    dropped = session(engine, network, "both", penalty="none")
    np.testing.assert_array_equal(dropped.feedforward(x), plain.feedforward(x))
    assert dropped.evaluate(x, y)[1] == plain.evaluate(x, y)[1]
    assert dropped.cost_and_gradient(x, y).cost != plain.cost_and_gradient(x, y).cost


@pytest.mark.parametrize("engine", ENGINES)
def test_what_cannot_be_is_refused(engine):
    network = Network.initialize([5, 8, 2], "tanh", seed=1)
    with pytest.raises(InvalidInputError, match="Dropout has 2 rates, but the network has 1 hidden"):
        ENGINES[engine].open(network, Objective(dropout=Dropout((0.1, 0.2))))


@pytest.mark.parametrize("engine", ENGINES)
def test_scales_of_inputs_are_those_of_a_network_that_has_them_before_its_weights(engine):
    # the definition: z = v (s ⊙ x) + b, where s begins at 1 and moves by Adam at six times the rate
    network = Network.initialize([6, 9, 1], ["tanh", "identity"], seed=4)
    x, y, _ = examples(network, "quadratic", 20)
    layer_rates = LayerRates.standard(network.sizes, scales=6.0)
    trained = ENGINES[engine].open(network, Objective(), optimizer=Adam(epsilon=1e-14), layer_rates=layer_rates)
    trained.run_steps(x, y, np.tile(np.arange(20), 3), 20, np.full(3, 0.02))
    v, w, s = (torch.tensor(each, requires_grad=True) for each in (*network.weights, np.ones(6)))
    biases = [torch.tensor(b, requires_grad=True) for b in network.biases]
    adam = torch.optim.Adam([{"params": [v, w, *biases], "lr": 0.02}, {"params": [s], "lr": 0.12}], eps=1e-14)
    for _ in range(3):
        a = torch.tanh((s * torch.tensor(x)) @ v.T + biases[0])
        cost = ((a @ w.T + biases[1] - torch.tensor(y)) ** 2).sum(1).mean() / 2
        adam.zero_grad()
        cost.backward()
        adam.step()
    np.testing.assert_allclose(trained.optimizer_state().scales[0][0], s.detach(), rtol=0, atol=1e-9)
    np.testing.assert_allclose(trained.network().weights[0], (v * s).detach(), rtol=0, atol=1e-9)
    np.testing.assert_allclose(trained.network().weights[1], w.detach(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_scale_stays_away_from_zero(engine):
    network = Network([[[1.0, 1.0]]], [[0.0]], ["identity"])
    state = replace(OptimizerState.zero(network, RMSprop()), scales=((np.array([0.5, -0.5]), np.zeros(2)),))
    rates = LayerRates((0.0,), (0.0,), scales=0.5)
    each = ENGINES[engine].open(network, Objective(), RMSprop(rho=0.0), state, layer_rates=rates)
    each.run_steps(np.ones((1, 2)), np.array([[1.0]]), np.arange(1), 1, np.array([1.0 - 1e-5]))
    scales = each.optimizer_state().scales[0][0]
    np.testing.assert_array_equal(scales, [1e-4, -1e-4])  # a step left them at 5e-6, and would have at 0


@every("engine", ENGINES)
@every("options", ["rates by layer", "clipping, scales and dropout", "dropout"])
def test_a_decay_that_changes_is_the_optimizers_own_times_a_factor(options, engine):
    network = Network.initialize([5, 18, 2], "tanh", seed=1)
    x, y, _ = examples(network, "quadratic", 12)
    order, rates, decays = np.arange(12), np.full(3, 0.1), np.array([1.0, 0.4, 0.0])
    changing = session(engine, network, options, AdamW(weight_decay=0.3))
    changing.run_steps(x, y, order, 4, rates, None, decays)
    apart = session(engine, network, options, AdamW(weight_decay=0.3))
    at = session(engine, network, options, AdamW(weight_decay=0.3))
    for i, decay in enumerate(decays):
        rows = slice(4 * i, 4 * i + 4)
        apart.apply_gradient(apart.cost_and_gradient(x[rows], y[rows]), 0.1, decay)
        optimizer = AdamW(weight_decay=0.3 * decay)
        at = session(engine, at.network(), options, optimizer, state=at.optimizer_state())
        at.run_steps(x, y, order[rows], 4, rates[:1])
    for other in (apart, at):
        assert relative_error(parameters(other.network()), parameters(changing.network())) < 1e-12


@pytest.mark.parametrize("engine", ENGINES)
def test_rates_by_layer_are_those_of_a_network_that_divides_by_the_root_of_its_width(engine):
    # the definition: z = w a / √n_in + b, where w moves by Adam at the rate itself and b at a tenth of it
    network = Network.initialize([6, 9, 1], ["tanh", "identity"], seed=4)
    x, y, _ = examples(network, "quadratic", 20)
    trained = ENGINES[engine].open(
        network, Objective(), optimizer=Adam(epsilon=1e-14), layer_rates=LayerRates.ntp(network.sizes)
    )
    trained.run_steps(x, y, np.tile(np.arange(20), 3), 20, np.full(3, 0.05))
    torch.set_default_dtype(torch.float64)
    roots = [math.sqrt(w.shape[1]) for w in network.weights]
    weights = [torch.tensor(w * root, requires_grad=True) for w, root in zip(network.weights, roots, strict=True)]
    biases = [torch.tensor(b, requires_grad=True) for b in network.biases]
    adam = torch.optim.Adam([{"params": weights, "lr": 0.05}, {"params": biases, "lr": 0.005}], eps=1e-14)
    for _ in range(3):
        a = torch.tanh(torch.tensor(x) @ weights[0].T / roots[0] + biases[0])
        cost = ((a @ weights[1].T / roots[1] + biases[1] - torch.tensor(y)) ** 2).sum(1).mean() / 2
        adam.zero_grad()
        cost.backward()
        adam.step()
    torch.set_default_dtype(torch.float32)
    expected = [w.detach().numpy() / root for w, root in zip(weights, roots, strict=True)]
    for found, truth in zip(trained.network().weights, expected, strict=True):
        np.testing.assert_allclose(found, truth, rtol=0, atol=1e-9)


@pytest.mark.parametrize("engine", ENGINES)
def test_rates_by_layer_are_refused_where_steps_grow_with_the_gradient(engine):
    network = Network.initialize([3, 2])
    with pytest.raises(InvalidInputError, match="adamw, but gradient descent came"):
        ENGINES[engine].open(network, Objective(), SGD(), layer_rates=LayerRates.ntp(network.sizes))
    with pytest.raises(InvalidInputError, match="a number of at least 0 for each of the 1 layers"):
        ENGINES[engine].open(network, Objective(), ADAM, layer_rates=LayerRates((1.0, 1.0), (1.0,)))
    with pytest.raises(InvalidInputError, match="input_scales, the factor of their rate, must be a number of at"):
        ENGINES[engine].open(network, Objective(), ADAM, layer_rates=LayerRates((1.0,), (1.0,), -1.0))
