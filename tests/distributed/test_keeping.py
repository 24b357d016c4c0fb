import dataclasses

import numpy as np

from backlit.core.network import Network
from backlit.distributed.keeping import decoded, encoded
from backlit.engine.protocol import OptimizerState
from backlit.training.examples import Examples
from backlit.training.options import FitOptions
from backlit.training.run import Run
from backlit.training.state import TrainingState, WithinEpoch


def test_where_a_run_stands_comes_to_every_rank():
    here, best, average = (Network.initialize([3, 2, 1], seed=seed) for seed in range(3))
    run = Run.of(FitOptions(solver="adam"), here, "quadratic", Examples(np.zeros((4, 3)), np.zeros((4, 1))))
    memory = OptimizerState.zero(here, run.optimizer)
    memory.t, memory.weights[1] = 7, tuple(np.full((1, 2), 0.1 * k) for k in (1, 2))
    memory.scales = (tuple(np.arange(3.0) + k for k in range(3)),)
    state = TrainingState(1, 0.1, 2, 8, best=best, average=average, within=WithinEpoch(3, 0.5, 2.0))
    told = decoded(encoded(dataclasses.replace(run, optimizer_state=memory, state=state)), run)
    for found, truth in ((told.network, here), (told.state.best, best), (told.state.average, average)):
        for array, expected in zip((*found.weights, *found.biases), (*truth.weights, *truth.biases), strict=True):
            np.testing.assert_array_equal(array, expected)
    assert told.optimizer_state.t == 7
    np.testing.assert_array_equal(told.optimizer_state.weights[1], memory.weights[1])
    np.testing.assert_array_equal(told.optimizer_state.scales, memory.scales)
    assert (told.state.epoch, told.state.within) == (2, state.within)
    begun = decoded(encoded(run), run)
    assert begun.optimizer_state is None and begun.state.best is None
