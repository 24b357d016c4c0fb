"""Gradients in the engine's own layout, for processes of one machine: nothing is rearranged on the way.

Each process takes its share of a step: by the gradients of all, of some of the parameters, which it then shows to the
others. All must have the same layout, which depends on the network, the precision and the instruction set.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from backlit.core.optimizers import Optimizer
from backlit.core.penalty import NO_PENALTY, Penalty
from backlit.engine.checks import check_shapes
from backlit.engine.native_arrays import PARAMETER
from backlit.engine.protocol import Floats, Inputs
from backlit.engine.whole_bytes import as_bytes

Process: TypeAlias = tuple[int, int]
"""Which it is, counted from 0, and how many there are."""


class PackedGradients(ABC):
    """What a session of the native engine has beside those of `backlit.engine.protocol.Session`.

    Attributes
    ----------
    layout : str
        Sessions on networks of the same sizes can take each other's gradients where this is the same.
    """

    layout: str
    _session: Any
    _sizes: tuple[int, ...]
    _dtype: np.dtype[Any]
    _n_slots: int
    _optimizer: Optimizer

    @property
    def packed_size(self) -> int:
        """How many numbers a gradient has, padding and all."""
        return int(self._session.packed_size)

    def packed_gradient(
        self,
        x: Inputs,
        y: Floats,
        sample_weight: Floats | None = None,
        rows: NDArray[np.int64] | None = None,
        *,
        first_row: int = 0,
        out: Floats,
    ) -> tuple[float, float]:
        """Leave the gradient in an array, and return C and ``Σ s_x``, both without the penalty; change nothing.

        Parameters
        ----------
        x, y, sample_weight, first_row
            See `backlit.engine.protocol.Session.cost_and_gradient`.
        rows : ndarray of int64, optional
            The rows of x that count, in their order. Default: all.
        out : ndarray, ``(packed_size,)``
        """
        check_shapes(self._sizes, x, y, sample_weight)
        of_x = self._dtype if as_bytes(x) else x.dtype
        if rows is not None and not of_x == y.dtype == self._dtype:  # rather than to convert all for a few
            x, y, sample_weight = x[rows], y[rows], None if sample_weight is None else sample_weight[rows]
            rows = None
        s = self._optional(sample_weight)
        cost, weight = self._session.gradient(self._input(x), self._array(y), s, first_row, rows, out)
        return float(cost), float(weight)

    def add_up_share(
        self,
        process: Process,
        gradients: Sequence[Floats],
        shares: Sequence[float],
        batch_weight: float,
        penalty: Penalty,
    ) -> float:
        """Put ``Σ share·gradient``, and the gradient of a penalty, in place of a process's share of its own gradient.

        Parameters
        ----------
        process : (int, int)
        gradients : sequence of ndarray, ``(packed_size,)``
            Of all processes.
        shares : sequence of float
        batch_weight : float
            ``Σ s_x`` of the whole batch, for the penalty.
        penalty : Penalty

        Returns
        -------
        float
            ``Σ ∇²`` of the share.
        """
        which, square = process[0], penalty.square_factor(batch_weight)
        # its own first, whichever it is
        others = [gradient for r, gradient in enumerate(gradients) if r != which]
        weights = [shares[which], *(share for r, share in enumerate(shares) if r != which)]
        return float(self._session.add_up_share(process, gradients[which], others, weights, square, penalty.l1))

    def step_share(self, process: Process, own: Floats, squares: float, rate: float, decay: float = 1.0) -> None:
        """Take a process's share of one step, by what `add_up_share` left of its own gradient.

        Parameters
        ----------
        process : (int, int)
        own : ndarray, ``(packed_size,)``
        squares : float
            ``Σ ∇²`` of all processes, where the optimizer clips gradients.
        rate, decay : float
            See `backlit.engine.protocol.Session.apply_gradient`.
        """
        self._session.step_share(process, own, squares, rate, decay)

    def penalty_cost(self, penalty: Penalty, batch_weight: float) -> float:
        """Return what a penalty costs."""
        if penalty == NO_PENALTY:
            return 0.0
        return float(self._session.penalty_of(penalty.square_factor(batch_weight), penalty.l1))

    def show_share(self, process: Process, out: Floats, slot: int = PARAMETER) -> None:
        """Write a process's share of the parameters, or of a slot of the optimizer, for the others."""
        self._session.show_share(process, slot, out)

    def take_shares(self, process: Process, shown: Floats, slot: int = PARAMETER) -> None:
        """Take what all other processes wrote by `show_share`."""
        self._session.take_shares(process, slot, shown)

    @property
    def clips(self) -> bool:
        """Whether a step depends on the norm of the whole gradient."""
        return self._optimizer.clip_factor([np.full(1, np.inf)]) != 1  # the longest there is

    @property
    def slots(self) -> range:
        """What the optimizer remembers of each parameter."""
        return range(self._n_slots)

    @abstractmethod
    def _input(self, x: Inputs) -> Any: ...

    @abstractmethod
    def _array(self, values: Floats) -> Floats: ...

    @abstractmethod
    def _optional(self, values: Floats | None) -> Floats | None: ...
