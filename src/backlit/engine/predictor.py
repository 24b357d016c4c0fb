"""A network made ready to be asked again and again."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import ArrayLike

from backlit.core.network import Network
from backlit.engine import get_engine
from backlit.engine.protocol import Floats, Objective


class Predictor:
    """Feeds examples forward through a network; for one example it takes a few microseconds on the native engine.

    The weights are those of the network when the predictor was made. Nothing is looked at but the shape: an input that
    is NaN gives outputs that are NaN. Several threads may share a predictor; they wait for each other.

    Parameters
    ----------
    network : Network
    engine : {"auto", "native", "reference"}, default "auto"
    n_threads : int, optional
        Most threads for a large batch. Default: as many as the processor and the work allow.

    Examples
    --------
    >>> import backlit as bl
    >>> predictor = bl.Predictor(bl.Network.initialize([784, 30, 10], "sigmoid", dtype="float32"))
    >>> predictor([0.0] * 784).shape, predictor([[0.0] * 784] * 5).shape
    ((10,), (5, 10))
    """

    def __init__(self, network: Network, *, engine: str = "auto", n_threads: int | None = None) -> None:
        self._session = get_engine(engine).open(network, Objective(), n_threads=n_threads)
        self._dtype = np.dtype(network.dtype)
        self._lock = threading.Lock()  # a session has one set of buffers

    def __call__(self, x: ArrayLike) -> Floats:
        """Return a^L.

        Parameters
        ----------
        x : array-like, ``(n_in,)`` or ``(n_examples, n_in)``
            Of the network's dtype, or it is converted.

        Returns
        -------
        ndarray, ``(n_out,)`` or ``(n_examples, n_out)``
        """
        x = np.asarray(x, dtype=self._dtype)
        with self._lock:
            return self._session.feedforward(x.reshape(1, -1))[0] if x.ndim < 2 else self._session.feedforward(x)
