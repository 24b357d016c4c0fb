"""The contestants. Each takes a case and returns how to run one epoch, and how to read its parameters.

``epoch(order)`` trains on the rows in this order; ``parameters()`` gives weights ``(n_out, n_in)`` and biases.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from cases import Case

Contestant = tuple[Callable[[np.ndarray], None], Callable[[], tuple[list[np.ndarray], list[np.ndarray]]]]


def backlit(case: Case, n_threads: int) -> Contestant:
    from backlit.core.network import Network
    from backlit.core.optimizers import SGD, Adam
    from backlit.engine import Objective
    from backlit.engine.native import NativeEngine

    x, y = case.data()
    weights, biases = case.parameters()
    network = Network(tuple(weights), tuple(biases), case.activations)
    optimizer = Adam() if case.optimizer == "adam" else SGD()
    session = NativeEngine().open(network, Objective(case.loss), optimizer, n_threads=n_threads)
    rates = np.full(case.n_steps, case.rate)

    def epoch(order: np.ndarray) -> None:
        session.run_steps(x, y, order, case.batch_size, rates)

    return epoch, lambda: (list(session.network().weights), list(session.network().biases))


def torch(case: Case, n_threads: int) -> Contestant:
    import torch

    torch.set_num_threads(n_threads)
    x, y = (torch.from_numpy(array) for array in case.data())
    layers: list[torch.nn.Module] = []
    linear = []
    for w, b, activation in zip(*case.parameters(), case.activations, strict=True):
        layer = torch.nn.Linear(w.shape[1], w.shape[0])
        layer.weight.data, layer.bias.data = torch.from_numpy(w.copy()), torch.from_numpy(b.copy())
        linear.append(layer)
        layers.append(layer)
        if activation in ("relu", "sigmoid"):
            layers.append({"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid}[activation]())
    model = torch.nn.Sequential(*layers)
    if case.optimizer == "adam":
        optimizer: torch.optim.Optimizer = torch.optim.Adam(model.parameters(), lr=case.rate, fused=True)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=case.rate)
    labels = y.argmax(dim=1)

    def epoch(order: np.ndarray) -> None:
        rows = torch.from_numpy(order)
        for i in range(case.n_steps):
            batch = rows[i * case.batch_size : (i + 1) * case.batch_size]
            out = model(x[batch])
            if case.loss == "cross_entropy":
                loss = torch.nn.functional.cross_entropy(out, labels[batch])
            else:
                loss = 0.5 * ((out - y[batch]) ** 2).sum(dim=1).mean()
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()

    return epoch, lambda: (
        [layer.weight.detach().numpy().copy() for layer in linear],
        [layer.bias.detach().numpy().copy() for layer in linear],
    )


def jax(case: Case, n_threads: int) -> Contestant:
    # a whole epoch in one jitted scan; the process is pinned to n_threads processors from outside
    import jax
    import jax.numpy as jnp

    x, y = (jnp.asarray(array) for array in case.data())
    sigma = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "identity": lambda z: z, "softmax": lambda z: z}

    def cost(parameters, x_batch, y_batch):
        a = x_batch
        for (wt, b), activation in zip(parameters, case.activations, strict=True):
            a = sigma[activation](a @ wt + b)
        if case.loss == "cross_entropy":
            return -(y_batch * jax.nn.log_softmax(a)).sum(axis=1).mean()
        return 0.5 * ((a - y_batch) ** 2).sum(axis=1).mean()

    def step(carry, rows):
        parameters, m, v, t = carry
        nabla = jax.grad(cost)(parameters, x[rows], y[rows])
        if case.optimizer == "sgd":
            return (jax.tree.map(lambda p, g: p - case.rate * g, parameters, nabla), m, v, t), None
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, nabla)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, nabla)
        rate = case.rate * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        parameters = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), parameters, m, v)
        return (parameters, m, v, t), None

    unroll = 4 if case.name == "W4" else 1
    run = jax.jit(lambda carry, rows: jax.lax.scan(step, carry, rows, unroll=unroll)[0], donate_argnums=0)
    parameters = [(jnp.asarray(w.T), jnp.asarray(b)) for w, b in zip(*case.parameters(), strict=True)]
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state = [(parameters, zeros, jax.tree.map(jnp.zeros_like, parameters), jnp.float32(0))]

    def epoch(order: np.ndarray) -> None:
        state[0] = jax.block_until_ready(run(state[0], jnp.asarray(order.reshape(-1, case.batch_size))))

    return epoch, lambda: (
        [np.asarray(wt).T for wt, _ in state[0][0]],
        [np.asarray(b) for _, b in state[0][0]],
    )


def scikit_learn(case: Case, n_threads: int) -> Contestant:
    # A classifier of scikit-learn's has no quadratic cost; its nearest for W1 is a regressor of ten outputs, whose last
    # layer is linear. Its objective is another there, and its parameters are not compared.
    import warnings

    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from threadpoolctl import threadpool_limits

    warnings.filterwarnings("ignore")
    threadpool_limits(n_threads)
    x, y = case.data()
    kind = MLPClassifier if case.loss == "cross_entropy" else MLPRegressor
    hidden = {"sigmoid": "logistic"}.get(case.activations[0], case.activations[0])
    model = kind(
        hidden_layer_sizes=case.sizes[1:-1],
        activation=hidden,
        solver=case.optimizer,
        alpha=0,
        batch_size=case.batch_size,
        learning_rate_init=case.rate,
        momentum=0,
        nesterovs_momentum=False,
        shuffle=False,
        max_iter=1,
    )
    target = y.argmax(axis=1) if case.loss == "cross_entropy" else y.squeeze()
    if case.loss == "cross_entropy":
        model.partial_fit(x[: case.batch_size], target[: case.batch_size], classes=np.arange(case.sizes[-1]))
    else:
        model.partial_fit(x[: case.batch_size], target[: case.batch_size])
    weights, biases = case.parameters()
    model.coefs_, model.intercepts_ = [w.T.copy() for w in weights], [b.copy() for b in biases]
    del model._optimizer  # so that it begins anew, with moments for these arrays

    def epoch(order: np.ndarray) -> None:
        model.partial_fit(x[order], target[order])

    return epoch, lambda: ([w.T for w in model.coefs_], list(model.intercepts_))


def nielsen(case: Case, n_threads: int) -> Contestant:
    """An example at a time on column vectors, in the manner of Nielsen's network.py; for W1."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(n_threads)
    x, y = case.data()
    columns = [(x_i.reshape(-1, 1), y_i.reshape(-1, 1)) for x_i, y_i in zip(x, y, strict=True)]
    weights, biases = case.parameters()
    biases = [b.reshape(-1, 1) for b in biases]

    def sigmoid(z: np.ndarray) -> np.ndarray:
        return 1.0 / (1.0 + np.exp(-z))

    def backprop(x_i: np.ndarray, y_i: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        a = [x_i]
        for w, b in zip(weights, biases, strict=True):
            a.append(sigmoid(w @ a[-1] + b))
        delta = (a[-1] - y_i) * a[-1] * (1 - a[-1])
        nabla_b, nabla_w = [delta], [delta @ a[-2].T]
        for layer in range(len(weights) - 2, -1, -1):
            delta = (weights[layer + 1].T @ delta) * a[layer + 1] * (1 - a[layer + 1])
            nabla_b.insert(0, delta)
            nabla_w.insert(0, delta @ a[layer].T)
        return nabla_b, nabla_w

    def epoch(order: np.ndarray) -> None:
        for batch in np.split(order, case.n_steps):
            sum_b = [np.zeros_like(b) for b in biases]
            sum_w = [np.zeros_like(w) for w in weights]
            for i in batch:
                nabla_b, nabla_w = backprop(*columns[i])
                sum_b = [s + n for s, n in zip(sum_b, nabla_b, strict=True)]
                sum_w = [s + n for s, n in zip(sum_w, nabla_w, strict=True)]
            scale = np.float32(case.rate / case.batch_size)
            for layer in range(len(weights)):
                weights[layer] = weights[layer] - scale * sum_w[layer]
                biases[layer] = biases[layer] - scale * sum_b[layer]

    return epoch, lambda: (list(weights), [b.ravel() for b in biases])


CONTESTANTS = {
    "backlit": backlit,
    "JAX": jax,
    "PyTorch": torch,
    "scikit-learn": scikit_learn,
    "Nielsen's way": nielsen,
}
OTHER_OBJECTIVE = {("scikit-learn", "W1")}
