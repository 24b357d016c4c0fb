"""IDX, the format of MNIST's files: a magic number, the dimensions, then the numbers themselves.

::

    00 00 | type code | number of dimensions d | d sizes, 4 bytes each, big-endian | elements, row by row, big-endian

Parsed by hand: the header of a foreign file is believed only after the sizes it claims match the bytes that are there.
"""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from numpy.typing import NDArray

from backlit.errors import DataError

_ELEMENT_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def looks_like_idx(data: bytes) -> bool:
    """Tell whether the bytes begin with IDX's magic number (which no text file does)."""
    return len(data) >= 4 and data[:2] == b"\0\0" and data[2] in _ELEMENT_TYPES and 1 <= data[3] <= 8


def parse_idx(data: bytes, path: object) -> NDArray[np.generic]:
    """Turn the bytes of an IDX file into an array.

    Parameters
    ----------
    data : bytes
        The whole file, unpacked.
    path : object
        What messages call the file.

    Returns
    -------
    ndarray
        Of the file's own shape, in the machine's byte order.
    """
    if len(data) < 4:
        raise DataError(f"{path} is too short for an IDX file: a header has at least 4 bytes, this has {len(data)}.")
    if data[:2] != b"\0\0":
        raise DataError(
            f"{path} is not an IDX file: it should begin with the bytes 00 00, but begins with {data[:2].hex(' ')}."
        )
    code, n_dimensions = data[2], data[3]
    if code not in _ELEMENT_TYPES:
        known = ", ".join(f"0x{known:02X}" for known in _ELEMENT_TYPES)
        raise DataError(f"{path} has the IDX type code 0x{code:02X}, which does not exist. The codes are {known}.")
    if n_dimensions == 0:
        raise DataError(f"{path} says that it has 0 dimensions. An IDX file has at least 1: is the file damaged?")
    offset = 4 + 4 * n_dimensions
    if len(data) < offset:
        raise DataError(
            f"{path} is truncated: its IDX header of {n_dimensions} dimensions needs {offset} bytes, "
            f"the file has {len(data)}. Fetch it again."
        )
    shape = tuple(int.from_bytes(data[start : start + 4], "big") for start in range(4, offset, 4))
    element = np.dtype(_ELEMENT_TYPES[code])
    # Python's integers cannot overflow, so sizes that multiply past 2⁶⁴ are caught here like any other wrong claim.
    expected, found = math.prod(shape) * element.itemsize, len(data) - offset
    if found != expected:
        state = "is truncated" if found < expected else "has bytes left over"
        raise DataError(
            f"{path} {state}: its IDX header promises {' × '.join(map(str, shape))} elements, {expected} bytes, "
            f"but {found} follow. Fetch it again."
        )
    values = np.frombuffer(data, dtype=element, offset=offset).reshape(shape)
    return values.astype(element.newbyteorder("="), copy=False)


def idx_column_names(shape: tuple[int, ...], single: str) -> list[str]:
    """Name the columns of an array whose first axis counts the rows.

    Parameters
    ----------
    shape : tuple of int
        Shape of the whole array.
    single : str
        The name of the only column of a 1-D array.

    Returns
    -------
    list of str
        ``pixel_<row>_<column>`` for images, ``feature_<j>`` for 2-D arrays, counted from 1.
    """
    if len(shape) == 1:
        return [single]
    if len(shape) == 2:
        return [f"feature_{j + 1}" for j in range(shape[1])]
    return ["pixel_" + "_".join(str(i + 1) for i in index) for index in product(*map(range, shape[1:]))]
