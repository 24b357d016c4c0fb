"""A network prepared for many predictions."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import ArrayLike

from backlit.core.network import Network
from backlit.engine import get_engine
from backlit.engine.protocol import Floats, Objective


class Predictor:
    """Feeds examples forward through a network; for one example it takes a few microseconds on the native engine.

    The weights are those of the network when the predictor was made. Only the shape of an input is checked: NaN in
    gives NaN out. Several threads may share a predictor; they wait for each other.

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
            Converted to the network's dtype.

        Returns
        -------
        ndarray, ``(n_out,)`` or ``(n_examples, n_out)``
        """
        x = np.asarray(x, dtype=self._dtype)
        with self._lock:
            return self._session.feedforward(x.reshape(1, -1))[0] if x.ndim < 2 else self._session.feedforward(x)
