"""Feeding X forward through a fitted estimator, on sessions that stay open so that one row is quick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from backlit.core.namespace import is_sparse
from backlit.core.network import Network
from backlit.engine import get_engine
from backlit.engine.protocol import Floats, Objective, Session
from backlit.errors import InvalidInputError
from backlit.estimators.inputs import as_input, check_rows

_CHUNK_VALUES = 2**22
"""Numbers of a dense X that are converted at a time."""


def outputs(estimator: Any, X: Any, activations: tuple[str, ...], dtype: str, sessions: KeptSessions) -> Floats:
    """Return a^L, ``(n_examples, n_out)``, of a fitted estimator's network with these activations.

    Parameters
    ----------
    estimator : BaseMLP
    X : array-like, data frame or sparse matrix, ``(n_examples, n_features)``
    activations : tuple of str
        Of each layer but the input.
    dtype : {"float32", "float64"}
        Of the network.
    sessions : KeptSessions
        The estimator's.
    """
    X = check_rows(estimator, X)
    with sessions.session(estimator, activations, dtype) as session:
        return _in_chunks(session, X, dtype)


def outputs_of(estimator: Any, X: Any, network: Network) -> Floats:
    """Return the outputs of another network than the estimator's own, ``(n_examples, n_out)``."""
    X = check_rows(estimator, X)
    session = get_engine(estimator.engine).open(network, Objective(), n_threads=estimator.n_threads)
    return _in_chunks(session, X, network.dtype)


def _in_chunks(session: Session, X: Any, dtype: str) -> Floats:
    n_rows = X.shape[0]
    step = n_rows if is_sparse(X) else max(1, _CHUNK_VALUES // X.shape[1])
    chunks = [session.feedforward(as_input(X[i : i + step], dtype)) for i in range(0, n_rows, step)]
    a = chunks[0] if len(chunks) == 1 else np.concatenate(chunks)
    if np.isnan(a).any():
        raise InvalidInputError("The network's outputs are NaN: coefs_ or intercepts_ hold numbers not finite.")
    return a


class KeptSessions:
    """Sessions for prediction that stay open from one call to the next.

    `coefs_` and `intercepts_` may be changed at any time, in place too, by whoever has read or assigned them. From then
    on a session comes with copies of those it was opened on, and is used again only where all their values are still
    the same: comparing takes less time than opening. Each of several threads that predict at once gets a session of its
    own.

    Attributes
    ----------
    weights_are_known : bool
        Whether somebody else has the arrays.
    """

    def __init__(self) -> None:
        self._free: dict[tuple[object, ...], list[_Kept]] = {}
        self.weights_are_known = False

    @contextmanager
    def session(self, estimator: Any, activations: tuple[str, ...], dtype: str) -> Iterator[Session]:
        """Lend a session on the estimator's weights as they are now.

        Parameters
        ----------
        estimator : BaseMLP
        activations : tuple of str
            Of each layer but the input.
        dtype : {"float32", "float64"}
        """
        free = self._free.setdefault((activations, dtype, estimator.engine, estimator.n_threads), [])
        now = estimator._weight_arrays()
        try:
            kept = free.pop()  # one call, so that no two threads get the same
        except IndexError:
            kept = None
        if kept is None or (self.weights_are_known and not kept.is_of(now)):
            network = estimator._network_of_coefs(activations, dtype)
            session = get_engine(estimator.engine).open(network, Objective(), n_threads=estimator.n_threads)
            # in the order of the originals in memory, which is the quickest to compare
            kept = _Kept([array.copy(order="K") for array in now] if self.weights_are_known else None, session)
        yield kept.session
        free.append(kept)

    def __reduce__(self) -> tuple[object, ...]:
        return KeptSessions, ()


@dataclass(frozen=True, eq=False)
class _Kept:
    arrays: list[Floats] | None  # copies, where they may change
    session: Session

    def is_of(self, now: list[Floats]) -> bool:
        known = self.arrays
        return known is not None and len(known) == len(now) and all(map(np.array_equal, known, now))


class WeightArrays:
    """The attribute `coefs_` or `intercepts_`: a plain one, but that sessions hear of who reads or assigns it."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, estimator: Any, owner: type | None = None) -> list[Floats]:
        if estimator is None or self._name not in vars(estimator):
            raise AttributeError(f"{self._name} is there once the estimator is fitted.")
        self._is_known(estimator)
        arrays: list[Floats] = vars(estimator)[self._name]
        return arrays

    def __set__(self, estimator: Any, arrays: list[Floats]) -> None:
        self._is_known(estimator)
        vars(estimator)[self._name] = arrays

    def __delete__(self, estimator: Any) -> None:
        del vars(estimator)[self._name]

    @staticmethod
    def _is_known(estimator: Any) -> None:
        sessions = vars(estimator).get("_kept_sessions")
        if sessions is not None:
            sessions.weights_are_known = True
