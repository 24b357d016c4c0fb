"""Gradients in the engine's own layout, for processes of one machine: nothing is rearranged on the way.

Where one process writes its gradient and another takes a step by it, both must have the same layout, which depends on
the network, the precision and the instruction set.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from backlit.core.penalty import Penalty
from backlit.engine.checks import check_shapes
from backlit.engine.protocol import Floats, Inputs


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

    @property
    def packed_size(self) -> int:
        """How many numbers a gradient has, padding and all."""
        return int(self._session.packed_size)

    def packed_gradient(
        self, x: Inputs, y: Floats, sample_weight: Floats | None = None, *, first_row: int = 0, out: Floats
    ) -> tuple[float, float]:
        """Write the gradient into an array, and return C and ``Σ s_x``, both without the penalty; change nothing.

        Parameters
        ----------
        x, y, sample_weight, first_row
            See `backlit.engine.protocol.Session.cost_and_gradient`.
        out : ndarray, ``(packed_size,)``
        """
        check_shapes(self._sizes, x, y, sample_weight)
        cost, weight = self._session.gradient(self._input(x), self._array(y), self._optional(sample_weight), first_row)
        self._session.get_packed_nabla(out)
        return float(cost), float(weight)

    def apply_packed(
        self,
        gradients: Sequence[Floats],
        shares: Sequence[float],
        batch_weight: float,
        penalty: Penalty,
        rate: float,
        decay: float = 1.0,
    ) -> float:
        """Take one step by ``Σ share·gradient`` and a penalty, clipped where the optimizer asks for that.

        Parameters
        ----------
        gradients : sequence of ndarray, ``(packed_size,)``
        shares : sequence of float
        batch_weight : float
            ``Σ s_x`` of the whole batch, for the penalty.
        penalty : Penalty
        rate, decay : float
            See `backlit.engine.protocol.Session.apply_gradient`.

        Returns
        -------
        float
            What the penalty cost before the step.
        """
        square = penalty.square_factor(batch_weight)
        return float(self._session.apply_packed(gradients, shares, square, penalty.l1, rate, decay))

    @abstractmethod
    def _input(self, x: Inputs) -> Any: ...

    @abstractmethod
    def _array(self, values: Floats) -> Floats: ...

    @abstractmethod
    def _optional(self, values: Floats | None) -> Floats | None: ...
