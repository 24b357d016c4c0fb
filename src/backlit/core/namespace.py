"""Which array library an array belongs to, and the one function the array API standard lacks.

The rest of `core` is written against the Python array API standard, so it runs unchanged on NumPy, torch, JAX and
array-api-strict arrays. The standard has no error function, which GELU needs; `erfc` asks each library for its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import array_api_compat
import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = Any
"""An array of any library that follows the array API standard."""

Product: TypeAlias = Callable[[Array, Array], Array]
"""A product of two matrices: `operator.matmul`, or one of less precision from `backlit.core.precision`."""

Namespace: TypeAlias = Any
"""The functions of such a library: ``xp.exp``, ``xp.where``, …"""


def namespace(*arrays: Array) -> Namespace:
    """Return the array API namespace that the given arrays share."""
    if all(type(array) is np.ndarray for array in arrays):
        return np  # since NumPy 2 the namespace itself; asking array-api-compat would cost more than a small layer
    return array_api_compat.array_namespace(*arrays)


def is_sparse(x: Array) -> bool:
    """Whether an array is one of SciPy's sparse matrices in CSR format."""
    return getattr(x, "format", None) == "csr"


def erfc(x: Array) -> Array:
    """Complementary error function, ``1 − erf(x)`` without its cancellation for large x."""
    if array_api_compat.is_torch_array(x):
        import torch

        return torch.special.erfc(x)
    if array_api_compat.is_jax_array(x):
        import jax

        return jax.scipy.special.erfc(x)
    import scipy.special

    if isinstance(x, np.ndarray | np.generic):
        return scipy.special.erfc(np.asarray(x, dtype=x.dtype))
    own = getattr(namespace(x), "erfc", None)
    if own is not None:
        return own(x)
    # array-api-strict and other NumPy-backed libraries
    values: NDArray[Any] = np.from_dlpack(x)
    return namespace(x).asarray(scipy.special.erfc(values))
