"""Clipping: a gradient that is too long is shortened before its step (Pascanu et al. 2013)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray


def clip_factor(nabla: Iterable[NDArray[np.floating[Any]]], clip_norm: float) -> float:
    """Return what a gradient is multiplied by, so that its norm is at most `clip_norm`.

    The norm is that of all weights' and biases' gradients as one vector, the penalty's part included: of what the
    optimizer would see. This is PyTorch's ``clip_grad_norm_``, its 1e-6 included.

    Parameters
    ----------
    nabla : iterable of ndarray
        The gradient by each parameter.
    clip_norm : float
        Positive.

    Returns
    -------
    float
        At most 1; NaN where the gradient holds NaN.
    """
    squares = sum(float(np.sum(np.square(array, dtype=np.float64))) for array in nabla)
    factor = clip_norm / (math.sqrt(squares) + 1e-6)
    return 1.0 if factor >= 1 else factor
