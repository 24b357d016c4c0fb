"""Members that share layers: the gradient by what they share, and the sessions that take steps with them."""

import numpy as np
import pytest
from test_native import ENGINES, examples, parameters

import needs
from backlit.core.backpropagation import backpropagate, cost
from backlit.core.dropout import Dropout
from backlit.core.embedded import NOTHING, Embedded
from backlit.core.embedded_network import EmbeddedNetwork
from backlit.core.embedding import Embedding
from backlit.core.layer_rates import LayerRates
from backlit.core.network import Network
from backlit.core.optimizers import AdamW
from backlit.core.penalty import Penalty
from backlit.core.shared_members import gradient_of_trunk, scales_told, sharing_from, trunk_of
from backlit.engine import Objective
from backlit.engine.opening import open_session
from backlit.errors import InvalidInputError, UnknownNameError
from backlit.tables.options import TableTraining
from every import every

OBJECTIVE = Objective("cross_entropy", dropout=Dropout(0.3), dropout_seed=5)
N, K, BATCH = 40, 3, 10


def an_ensemble(embedded=NOTHING, dtype="float64"):
    n_added = embedded.n_added
    networks = [
        Network.initialize([4 + n_added, 9, 6, 3], ["tanh", "tanh", "softmax"], seed=seed, dtype=dtype)
        for seed in range(K)
    ]
    if embedded:
        embedding = Embedding.initialize(embedded, seed=0, dtype=dtype)
        networks = [EmbeddedNetwork.of(network, embedding) for network in networks]
    r = np.random.default_rng(7).choice(np.array([-1, 1], dtype=dtype), (K, 4 + n_added))
    r[0] = 1
    return sharing_from(networks[0], networks, list(r))


def opened(engine, ensemble, state=None, n_threads=None):
    rates, optimizer = LayerRates.ntp(ensemble.sizes, scales=6.0), AdamW(clip_norm=0.5)
    return open_session(ENGINES[engine], ensemble, OBJECTIVE, optimizer, state, n_threads, rates)


def trained(engine, ensemble, steps=range(4), state=None, n_threads=None):
    x, y, s = examples(ensemble.member(0), "cross_entropy", N)
    orders = np.stack([np.random.default_rng(m).permutation(N) for m in range(K)])
    orders = orders[:, steps[0] * BATCH : (steps[-1] + 1) * BATCH]
    session = opened(engine, ensemble, state, n_threads)
    session.run_steps(x, y, orders, BATCH, np.full(len(steps), 0.05), s)
    return session


@pytest.mark.needs("torch")
def test_the_gradient_of_the_mean_cost_is_the_one_torch_finds():
    torch = needs.imported("torch")
    ensemble, rng = an_ensemble(), np.random.default_rng(1)
    scales = [r * factor for r, factor in zip(scales_told(ensemble), (1.0, 0.5, 2.0), strict=True)]
    trunk, x = trunk_of(ensemble, scales[0]), rng.standard_normal((K, 7, 4))
    y = np.eye(3)[rng.integers(0, 3, (K, 7))]
    w, b = ([torch.tensor(each, requires_grad=True) for each in part] for part in (trunk.weights, trunk.biases))
    leaves = [torch.tensor(r, requires_grad=True) for r in scales]
    heads, costs, nablas = [w[2].split(3), b[2].split(3)], [], []
    for m, r in enumerate(leaves):
        member = Network((w[0] * r, w[1], heads[0][m]), (b[0], b[1], heads[1][m]), ensemble.activations)
        costs.append(cost(member, torch.tensor(x[m]), torch.tensor(y[m]), loss="cross_entropy"))
        arrays = ([each.detach().numpy() for each in part] for part in (member.weights, member.biases))
        found = backpropagate(Network(*map(tuple, arrays), ensemble.activations), x[m], y[m], loss="cross_entropy")
        nablas.append((found.nabla_w, found.nabla_b))
    torch.stack(costs).mean().backward()
    found = gradient_of_trunk(nablas, trunk.weights[0], scales, 2)
    for nabla, leaf in zip((each for part in found for each in part), [*w, *b, *leaves], strict=True):
        np.testing.assert_allclose(nabla, leaf.grad, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("embedded", [NOTHING, Embedded((2, 0)), Embedded((), ((1, 4),))])
def test_engines_take_the_same_steps_and_layers_stay_shared(embedded):
    ensemble = an_ensemble(embedded)
    sessions = {engine: trained(engine, ensemble) for engine in ENGINES}
    ends = [parameters(session.network()) for session in sessions.values()]
    for end in ends:
        np.testing.assert_allclose(end, ends[0], rtol=1e-9, atol=1e-12)
    whole, state = sessions["native"].network(), sessions["native"].optimizer_state()
    first, others = whole.member(0), [whole.member(m) for m in range(1, K)]
    assert (
        min(np.abs(r - before).max() for (r, *_), before in zip(state.scales, scales_told(ensemble), strict=True)) > 0.1
    )
    for m, other in enumerate(others, start=1):
        np.testing.assert_allclose(
            other.weights[0] / state.scales[m][0], first.weights[0] / state.scales[0][0], rtol=1e-12
        )
        assert np.array_equal(other.weights[1], first.weights[1])
        assert np.abs(other.weights[2] - first.weights[2]).max() > 0.1
    for member in whole.members[1:] if embedded else ():
        assert np.array_equal(member.embedding.weights[0], first.embedding.weights[0])


def test_bits_do_not_depend_on_threads_and_going_on_changes_none():
    ensemble, found = an_ensemble(dtype="float32"), set()
    for n_threads in (1, 2):
        session = trained("native", ensemble, n_threads=n_threads)
        found.add(parameters(session.network()).tobytes())
    half = trained("native", ensemble, range(2))
    whole = trained("native", half.network(), range(2, 4), half.optimizer_state())
    found.add(parameters(whole.network()).tobytes())
    state, again = session.optimizer_state(), whole.optimizer_state()
    assert again.t == state.t == 4
    for each, other in zip([*state.weights, *state.scales], [*again.weights, *again.scales], strict=True):
        assert all(np.array_equal(slot, same) for slot, same in zip(each, other, strict=True))
    assert len(found) == 1


@every("clip_norm", [None, 0.05])
@every(
    ("sizes", "last", "loss", "batch_size"),
    [
        ([70, 40, 33, 1], "identity", "quadratic", 16),  # one neuron, and weights of several panels
        ([5, 8, 1, 2], "sigmoid", "cross_entropy", 3),  # few rows, and one hidden neuron
        ([6, 20, 3], "softmax", "cross_entropy", 40),
    ],
)
def test_one_call_takes_the_steps_that_gradients_of_each_do(sizes, last, loss, batch_size, clip_norm):
    networks = [Network.initialize(sizes, [*["silu"] * (len(sizes) - 2), last], seed=seed) for seed in range(K)]
    scales = np.random.default_rng(7).uniform(0.5, 2, (K, sizes[0]))
    ensemble, optimizer = sharing_from(networks[0], networks, list(scales)), AdamW(clip_norm=clip_norm)
    x, y, s = examples(networks[0], loss, N)
    orders = np.stack([np.random.default_rng(m).permutation(N) for m in range(K)])
    n_steps, ends = -(-N // batch_size), []
    objective, rates = Objective(loss, dropout=Dropout(0.2, input=0.1), dropout_seed=2**63), LayerRates.ntp(sizes)
    for one_call in (True, False):
        session = open_session(ENGINES["native"], ensemble, objective, optimizer, layer_rates=rates)
        assert session._steps is not None
        session._steps = session._steps if one_call else None
        for weights in (s, None):
            done = session.run_steps(
                x, y, orders, batch_size, np.linspace(0.1, 0.05, n_steps), weights, np.linspace(1, 0.5, n_steps)
            )
        state = session.optimizer_state()
        slots = [slot for each in (*state.weights, *state.biases, *state.scales) for slot in each]
        ends.append(np.concatenate([parameters(session.network()), done.costs, *map(np.ravel, slots)]))
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-7, atol=1e-11)


def test_bits_of_large_networks_do_not_depend_on_threads():
    networks = [Network.initialize([90, 128, 120, 2], "tanh", seed=seed, dtype="float32") for seed in range(K)]
    ensemble, found = sharing_from(networks[0], networks, list(np.ones((K, 90), dtype=np.float32))), set()
    x, y, _ = examples(networks[0], "quadratic", 128)
    orders = np.stack([np.random.default_rng(m).permutation(128) for m in range(K)])
    for n_threads in (1, 2, 3):
        session = open_session(ENGINES["native"], ensemble, Objective(), AdamW(), n_threads=n_threads)
        session.run_steps(x, y, orders, 64, np.full(2, 0.01))
        found.add(parameters(session.network()).tobytes())
    assert len(found) == 1


def test_penalties_are_left_to_gradients_of_each():
    ensemble, objective = an_ensemble(), Objective("cross_entropy", Penalty(l2=0.1))
    ends = []
    for engine in ENGINES:
        session = open_session(ENGINES[engine], ensemble, objective, AdamW())
        x, y, s = examples(ensemble.member(0), "cross_entropy", N)
        session.run_steps(x, y, np.tile(np.arange(N), (K, 1)), BATCH, np.full(4, 0.05), s)
        ends.append(parameters(session.network()))
    np.testing.assert_allclose(ends[0], ends[-1], rtol=1e-9, atol=1e-12)


def test_dropout_leaves_out_others_in_each_step():
    ensemble = an_ensemble()
    x, y, _ = examples(ensemble.member(0), "cross_entropy", BATCH)
    twice = np.tile(np.arange(BATCH), (K, 2))
    first, second = opened("native", ensemble).run_steps(x, y, twice, BATCH, np.full(2, 1e-12)).costs
    assert abs(first - second) > 1e-3


def test_one_that_diverges_is_noticed_and_rows_without_weight_are_passed_over():
    ensemble = an_ensemble(dtype="float32")
    x, y, s = examples(ensemble.member(0), "cross_entropy", 20)
    orders, rates = np.tile(np.arange(20), (K, 1)), np.full(2, 0.1)
    s[10:] = 0
    session = opened("native", ensemble)
    assert session.run_steps(x, y, orders, 10, rates, s).batch_weights.tolist() == [pytest.approx(s.sum()), 0]
    x[15] = np.inf
    assert session.run_steps(x, y, orders, 10, rates).diverged_layer == 2


def test_what_cannot_be_shared_is_refused():
    with pytest.raises(UnknownNameError, match="mini"):
        TableTraining(sharing="maxi")
    with pytest.raises(InvalidInputError, match=r"do not grow with the gradient.*'sgd'"):
        TableTraining(sharing="mini", solver="sgd", members=2)
    flat = Network.initialize([4, 3], ["softmax"], seed=0)
    with pytest.raises(InvalidInputError, match="share hidden layers, but there are none"):
        sharing_from(flat, [flat] * 2, [np.ones(4)] * 2)
