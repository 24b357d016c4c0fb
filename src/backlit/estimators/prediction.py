"""Feeding X forward through fitted weights, on sessions that stay open so that one row is quick."""

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
from backlit.estimators.inputs import as_input

_CONVERTED_AT_A_TIME, _INTERRUPTED_AFTER = 2**22, 2**28
"""Numbers of a dense X that are converted at a time, or fed forward without a look at Ctrl-C."""


@dataclass(frozen=True, eq=False)
class Weights:
    """`coefs_` and `intercepts_` as they are now, read past the attributes, whose readers sessions are told of.

    Attributes
    ----------
    coefs : list of ndarray, ``(n_in, n_out)``
    intercepts : list of ndarray, ``(n_out,)``
    """

    coefs: list[Floats]
    intercepts: list[Floats]

    @property
    def dtype(self) -> str:
        """Type of the numbers that the network is to have."""
        return "float32" if self.coefs[0].dtype == np.float32 else "float64"

    def network(self, activations: tuple[str, ...], dtype: str | None = None) -> Network:
        """Return the network of these weights; its arrays are views of them where the dtype is theirs."""
        dtype = dtype or self.dtype
        weights = tuple(np.asarray(coef, dtype=dtype).T for coef in self.coefs)
        biases = tuple(np.asarray(intercept, dtype=dtype) for intercept in self.intercepts)
        return Network(weights, biases, activations)

    @property
    def arrays(self) -> list[Floats]:
        """All of them."""
        return [*self.coefs, *self.intercepts]


def as_it_is(session: Session, X: Floats) -> Floats:
    """Return a^L of rows that need no conversion, ``(n_examples, n_out)``, looked through as they are fed forward.

    Parameters
    ----------
    session : Session
    X : ndarray, ``(n_examples, n_features)``
        Contiguous, of the dtype of the session's network.

    Raises
    ------
    NotFiniteError
        If X holds NaN or infinity.
    """
    return _together([session.feedforward(X[rows], finite=True) for rows in _chunks(X.shape, _INTERRUPTED_AFTER)])


def in_chunks(session: Session, X: Any, dtype: str) -> Floats:
    """Return a^L of checked rows, ``(n_examples, n_out)``.

    Parameters
    ----------
    session : Session
    X : ndarray or CSR matrix, ``(n_examples, n_features)``
    dtype : {"float32", "float64"}
        Of the session's network.
    """
    chunks = [slice(None)] if is_sparse(X) else _chunks(X.shape, _CONVERTED_AT_A_TIME)
    return _together([session.feedforward(as_input(X[rows], dtype)) for rows in chunks])


def _chunks(shape: tuple[int, ...], n_values: int) -> list[slice]:
    step = max(1, n_values // shape[1])
    return [slice(i, i + step) for i in range(0, shape[0], step)]


def _together(chunks: list[Floats]) -> Floats:
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
        Whether a caller has been given the arrays, or gave them, and may change them.
    """

    def __init__(self) -> None:
        self._free: dict[tuple[object, ...], list[_Kept]] = {}
        self.weights_are_known = False

    @contextmanager
    def session(
        self, weights: Weights, activations: tuple[str, ...], engine: str, n_threads: int | None
    ) -> Iterator[Session]:
        """Lend a session on weights as they are now.

        Parameters
        ----------
        weights : Weights
        activations : tuple of str
            Of each layer but the input.
        engine, n_threads
            What is to compute.
        """
        free = self._free.setdefault((activations, weights.dtype, engine, n_threads), [])
        try:
            kept = free.pop()  # one call, so that no two threads get the same
        except IndexError:
            kept = None
        if kept is None or (self.weights_are_known and not kept.is_of(weights.arrays)):
            session = get_engine(engine).open(weights.network(activations), Objective(), n_threads=n_threads)
            # in the order of the originals in memory, which is the quickest to compare
            copies = [array.copy(order="K") for array in weights.arrays] if self.weights_are_known else None
            kept = _Kept(copies, session)
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
    """The attribute `coefs_` or `intercepts_`: a plain one, but sessions are told when it is read or assigned."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, fitted: object, owner: type | None = None) -> list[Floats]:
        if fitted is None or self._name not in vars(fitted):
            raise AttributeError(f"{self._name} is there once the estimator is fitted.")
        self._is_known(fitted)
        arrays: list[Floats] = vars(fitted)[self._name]
        return arrays

    def __set__(self, fitted: object, arrays: list[Floats]) -> None:
        self._is_known(fitted)
        vars(fitted)[self._name] = arrays

    def __delete__(self, fitted: object) -> None:
        del vars(fitted)[self._name]

    @staticmethod
    def _is_known(fitted: object) -> None:
        sessions = vars(fitted).get("_kept_sessions")
        if sessions is not None:
            sessions.weights_are_known = True
