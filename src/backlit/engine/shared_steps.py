"""Steps of members that share layers, as one call of the compiled engine: rows of each in turn, one step for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backlit.engine.native_arrays import PARAMETER, NativeArrays
from backlit.engine.protocol import Floats, Inputs, NablaArrays

Scales = list[Floats]
"""Of each member, ``(n_in,)``."""


class SharedSteps:
    """The compiled side of `backlit.engine.shared_members`.

    Parameters
    ----------
    session : SessionFloat32 or SessionFloat64
        Of a network of a member's sizes.
    arrays : NativeArrays
        Of the same session.
    dropout_seeds : sequence of int
        One for each member.
    rate_of_scales : float
        What the rate is multiplied by for their scales.
    """

    def __init__(self, session: Any, arrays: NativeArrays, dropout_seeds: Sequence[int], rate_of_scales: float) -> None:
        self._session, self._arrays, self._k = session, arrays, len(dropout_seeds)
        session.share_among(list(dropout_seeds), rate_of_scales)

    def write(self, slot: int, of_trunk: NablaArrays, scales: Scales) -> None:
        """Hand in all parameters of the trunk, and members' scales; or a slot of each."""
        (*weights, heads_w), (*biases, heads_b) = of_trunk
        for m, (w, b, r) in enumerate(zip(*self._heads(heads_w, heads_b), scales, strict=True)):
            own = self._arrays.own
            if m == 0:
                self._arrays.write(slot, [*weights, w], [*biases, b])
            self._session.set_member(m, slot, own(w), own(b), own(r))

    def read(self, slot: int = PARAMETER) -> tuple[NablaArrays, Scales]:
        """Return copies of what `write` handed in."""
        weights, biases = self._arrays.read(slot)
        heads_w, heads_b = (np.concatenate([each[-1]] * self._k) for each in (weights, biases))
        scales = [np.empty(weights[0].shape[1], dtype=heads_w.dtype) for _ in range(self._k)]
        for m, (w, b, r) in enumerate(zip(*self._heads(heads_w, heads_b), scales, strict=True)):
            self._session.get_member(m, slot, w, b, r)
        return ([*weights[:-1], heads_w], [*biases[:-1], heads_b]), scales

    @property
    def t(self) -> int:
        """Steps that are taken."""
        return int(self._session.t)

    def run(
        self,
        t: int,
        order: NDArray[np.int64],
        x: Inputs,
        y: Floats,
        batch_size: int,
        rates: NDArray[np.float64],
        costs: NDArray[np.float64],
        batch_weights: NDArray[np.float64],
        sample_weight: Floats | None,
        decays: NDArray[np.float64] | None,
    ) -> int:
        """Take steps, of which t are done, and fill costs and batch weights; return the layer not finite, or 0.

        Parameters
        ----------
        t : int
        order : ndarray, ``(n_members, n_rows)``
        x, y, batch_size, rates, sample_weight, decays
            See `backlit.engine.protocol.Session.run_steps`.
        costs, batch_weights : ndarray, ``(n_steps,)``
            Zeros; then means over the members.
        """
        own, in_one_piece = self._arrays.own, np.ascontiguousarray
        self._session.t = t
        diverged_layer: int = self._session.run_steps(
            self._arrays.dense(x),
            own(y),
            in_one_piece(order, dtype=np.int64).ravel(),
            batch_size,
            in_one_piece(rates, dtype=np.float64),
            costs,
            batch_weights,
            None if sample_weight is None else own(sample_weight),
            None if decays is None else in_one_piece(decays, dtype=np.float64),
        )
        return diverged_layer

    def _heads(self, w: Floats, b: Floats) -> tuple[list[Floats], list[Floats]]:
        return np.split(w, self._k), np.split(b, self._k)
