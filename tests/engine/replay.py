"""The native engine behind a process instead of an extension: the other end of native/replay.cpp.

`make neon` and `make sanitize` build that program for another processor, or with a sanitizer, and run the engine's own
tests on it: with the command in BACKLIT_REPLAY, `test_native.py` takes this engine for the native one.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import replace
from itertools import pairwise

import numpy as np

from backlit.core.embedded import embedded_of
from backlit.core.embedded_network import apart
from backlit.core.embedding import RATE_FACTOR
from backlit.core.layer_rates import LayerRates
from backlit.core.losses import definition
from backlit.core.namespace import is_sparse
from backlit.core.optimizers import SGD, argument_values
from backlit.engine.checks import check_embeddings, check_layer_rates, check_shapes
from backlit.engine.native_arrays import flat, flat_size, from_flat
from backlit.engine.picked import Picked
from backlit.engine.protocol import Gradient, OptimizerState, Steps, clipped, scales_to_begin_with
from backlit.engine.whole_bytes import as_bytes
from backlit.errors import InvalidInputError


class ReplayEngine:
    """See `backlit.engine.protocol.Engine`. `command` runs the program, perhaps through an emulator."""

    name = "native"

    def __init__(self, command, precision="full"):
        self.command, self.precision = shlex.split(command), precision

    def open(self, network, objective, optimizer=SGD(), state=None, n_threads=None, layer_rates=None):
        objective.check(network)
        if n_threads is not None and n_threads < 1:
            raise InvalidInputError(f"n_threads must be at least 1, or None for automatic, but {n_threads!r} came.")
        check_layer_rates(network, optimizer, layer_rates)
        check_embeddings(network, objective, optimizer)
        return ReplaySession(self, network, objective, optimizer, state, n_threads or 2, layer_rates)


class ReplaySession:
    """See `backlit.engine.protocol.Session`. The state lives here and goes with every call."""

    def __init__(self, engine, network, objective, optimizer, state, n_threads, layer_rates):
        self._command, self._precision = engine.command, engine.precision
        self._objective, self._optimizer, self._n_threads = objective, optimizer, n_threads
        self._state = state or OptimizerState.zero(network, optimizer)
        self._network, self._embedded = network, embedded_of(network)
        self._layer_rates = layer_rates or LayerRates((), ())
        self._scales = scales_to_begin_with(network, optimizer, layer_rates, self._state)

    @property
    def _layer_sizes(self):
        return apart(self._network)[0].sizes

    def set_network(self, network):
        self._network = network

    def network(self):
        return self._network

    def optimizer_state(self):
        return self._state

    def feedforward(self, x):
        return self.evaluate(x, None)[0]

    def evaluate(self, x, y, sample_weight=None):
        check_shapes(self._network.sizes, x, y, sample_weight)
        answer = self._ask("evaluate", x, y, sample_weight)
        cost, weight = answer.numbers(2).tolist()
        outputs = answer.array((x.shape[0], self._network.sizes[-1]))
        return outputs, cost / weight if weight else 0.0

    def cost_and_gradient(self, x, y, sample_weight=None):
        check_shapes(self._network.sizes, x, y, sample_weight)
        answer = self._ask("gradient", x, y, sample_weight)
        cost, weight = answer.numbers(2).tolist()
        nabla_w, nabla_b = answer.parameters(self._layer_sizes)
        if self._embedded:
            answer.embeddings(self._embedded, nabla_w, nabla_b)
        penalty, weights = self._objective.penalty, apart(self._network)[0].weights
        penalized = [penalty.add_gradient(nabla, w, weight) for nabla, w in zip(nabla_w, weights, strict=False)]
        nabla_w = [*penalized, *nabla_w[len(weights) :]]
        return Gradient(cost + penalty.cost(weights, weight), nabla_w, nabla_b, weight)

    def run_steps(self, x, y, order, batch_size, rates, sample_weight=None, decays=None):
        check_shapes(self._network.sizes, x, y, sample_weight)
        rest = [*_counted(order), batch_size, *_counted(rates), *_counted([] if decays is None else decays)]
        answer = self._ask("steps", x, y, sample_weight, rest)
        (diverged_layer,) = answer.numbers(1)
        costs, batch_weights = answer.numbers(len(rates)), answer.numbers(len(rates))
        self._take_state(answer)
        return Steps(costs, batch_weights, int(diverged_layer) or None)

    def apply_gradient(self, gradient, rate, decay=1.0):
        rest, gradient = [], clipped(gradient, self._optimizer)
        layers = slice(len(self._network.activations))
        for nabla_w, nabla_b in zip(gradient.nabla_w[layers], gradient.nabla_b[layers], strict=True):
            rest += [*_counted(nabla_w), *_counted(nabla_b)]
        rest += _counted(flat(self._embedded, gradient.nabla_w, gradient.nabla_b) if self._embedded else [])
        self._take_state(self._ask("apply", None, None, None, [*rest, *_numbers([rate, decay])]))

    def _take_state(self, answer):
        (t,) = answer.numbers(1)
        parameters = [answer.parameters(self._layer_sizes) for _ in range(1 + len(self._optimizer.slots))]
        scales = tuple(answer.array((self._layer_sizes[0],)) for _ in self._scales)
        for weights, biases in parameters if self._embedded else ():
            answer.embeddings(self._embedded, weights, biases)
        (weights, biases), *slots = parameters
        self._network = replace(self._network, weights=tuple(weights), biases=tuple(biases))
        self._state = OptimizerState(
            int(t),
            [tuple(slot[0][i] for slot in slots) for i in range(len(weights))],
            [tuple(slot[1][i] for slot in slots) for i in range(len(weights))],
        )
        self._scales = scales
        self._state.scales = (self._scales,) if self._scales else ()

    def _ask(self, operation, x, y, sample_weight, rest=()):
        network, penalty, state = self._network, self._objective.penalty, self._state
        loss = definition(self._objective.loss)
        arguments = argument_values(self._optimizer)
        slots = [(network.weights, network.biases)]
        slots += [
            ([w[i] for w in state.weights], [b[i] for b in state.biases]) for i in range(len(self._optimizer.slots))
        ]
        question = [operation, network.dtype, *_counted(self._layer_sizes), *network.activations]
        bounds = [bound for category in self._embedded.categories for bound in category]
        question += [
            *_counted(self._embedded.columns),
            *_counted(bounds),
            int(bool(self._embedded.alphas)),
            loss.family,
        ]
        question += [
            *_numbers([loss.parameter, penalty.l2, penalty.l1, penalty.alpha]),
            *_counted(self._objective.dropout_rates(network)),
            *_numbers(self._objective.dropout_seed),
            *(self._optimizer.name, len(arguments)),
            *(word for name, value in arguments.items() for word in (name, *_numbers(value))),
            *_counted(self._layer_rates.weights),
            *_counted(self._layer_rates.biases),
            *_numbers([self._layer_rates.scales, RATE_FACTOR]),
            self._n_threads,
            self._precision,
            state.t,
        ]
        for weights, biases in slots:
            for w, b in zip(weights[: len(network.activations)], biases, strict=False):
                question += [*_counted(w), *_counted(b)]
        question += [word for values in self._scales for word in _counted(values)]
        for weights, biases in slots if self._embedded else ():
            question += _counted(flat(self._embedded, weights, biases))
        starts, columns = (x.indptr, x.indices) if is_sparse(x) else ([], [])
        found = as_bytes(x)
        if found is not None:
            x = x[:].values if isinstance(x, Picked) else found.values
        for array in (x.data if is_sparse(x) else x, y, sample_weight):
            question += _counted([] if array is None else np.asarray(array, dtype=network.dtype))
        question += [*_counted(starts), *_counted(columns), 0.0 if found is None else found.divisor]
        question += rest
        text = "\n".join(map(str, question)) + "\n"
        done = subprocess.run(self._command, input=text, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0 and not done.stderr, done.stderr[-5000:]
        return _Answer(done.stdout.split(), np.dtype(network.dtype))


class _Answer:
    def __init__(self, words, dtype):
        self._words, self._dtype, self._at = words, dtype, 1  # the first is the instruction set

    def numbers(self, n):
        part = self._words[self._at : self._at + n]
        assert len(part) == n, "the answer ends too early"
        self._at += n
        return np.array([float.fromhex(word) for word in part])

    def array(self, shape):
        return self.numbers(int(np.prod(shape))).reshape(shape).astype(self._dtype)

    def embeddings(self, embedded, weights, biases):
        for parameters, shapes in zip((weights, biases), embedded.shapes(), strict=True):
            parameters += [np.empty(shape, dtype=self._dtype) for shape in shapes]
        from_flat(embedded, self.array((flat_size(embedded),)), weights, biases)

    def parameters(self, sizes):
        pairs = [(self.array((n_out, n_in)), self.array((n_out,))) for n_in, n_out in pairwise(sizes)]
        return [w for w, _ in pairs], [b for _, b in pairs]


def _numbers(values):
    return [float(value).hex() if np.isfinite(value) else str(float(value)) for value in np.ravel(values).tolist()]


def _counted(values):
    return [np.size(values), *_numbers(values)]


def native_engine(precision="full"):
    """The engine that tests are to hold to the reference."""
    command = os.environ.get("BACKLIT_REPLAY")
    if command:
        return ReplayEngine(command, precision)
    from backlit.engine.native import NativeEngine

    return NativeEngine(precision)
