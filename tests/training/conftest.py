import numpy as np
import pytest

from backlit.core.network import Network
from backlit.core.optimizers import Adam
from backlit.engine import Objective, get_engine
from backlit.training.examples import Examples

N_ROWS = 30


@pytest.fixture
def examples():
    """A small regression problem of 30 rows."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N_ROWS, 3))
    return Examples(x, np.tanh(x @ rng.standard_normal((3, 2))))


@pytest.fixture
def open_session():
    """A function that opens a session of the reference engine on the same network each time."""

    def open_session(optimizer=None, state=None, network=None, activation=("tanh", "identity")):
        network = network or Network.initialize([3, 4, 2], activation, seed=1)
        return get_engine("reference").open(network, Objective("quadratic"), optimizer or Adam(), state)

    return open_session
