"""The safetensors container: its header is checked first, and its numbers are read only after that.

A safetensors file is the header's length (8 bytes, little-endian), the header (JSON: name → dtype, shape and offsets,
and ``__metadata__``), and the numbers. Nothing that the header claims is believed before it has been compared with the
size of the file and with what the model must look like, so that a false claim costs neither memory nor time.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from backlit.documents.field import Field, Kind, read
from backlit.documents.strict_json import shown
from backlit.errors import ModelFileError

# what the safetensors library itself accepts
MAX_HEADER_BYTES = 100_000_000
DTYPES = {"float32": "F32", "float64": "F64"}

_PREFIX_BYTES = 8
_KIND = Kind(ModelFileError, "The file is damaged: copy it again.")
_OTHER_FORMATS = [
    (b"PK\x03\x04", "a zip archive (PyTorch, Keras or .npz)"),
    (b"\x93NUMPY", "a NumPy array (.npy)"),
    (b"\x89HDF", "an HDF5 file (Keras)"),
    (b"\x1f\x8b", "compressed with gzip; decompress it first"),
    *(
        (b"\x80" + bytes([protocol]), "a pickle, which is never opened, because opening one runs the code in it")
        for protocol in range(2, 6)
    ),
]


@dataclass(frozen=True)
class Header:
    """What the header of a safetensors file claims.

    Attributes
    ----------
    text : bytes
        Its JSON.
    metadata : dict of str to str
        Its ``__metadata__``.
    tensors : dict of str to Any
        Its claims about each tensor, unchecked.
    data_bytes : int
        Size of the rest of the file.
    """

    text: bytes
    metadata: dict[str, str]
    tensors: dict[str, Any]
    data_bytes: int


def encode(tensors: Mapping[str, NDArray[Any]], metadata: dict[str, str]) -> bytes:
    """Return the bytes of a safetensors file: equal ones for equal arguments, if the metadata has one key.

    Several keys are written in an order that the library draws anew each time.
    """
    # safetensors writes memory as it is: a transposed or big-endian array would come back with other numbers.
    dense = {name: np.ascontiguousarray(array, array.dtype.newbyteorder("<")) for name, array in tensors.items()}
    return safetensors.numpy.save(dense, metadata)


def header_bytes(encoded: bytes) -> int:
    """Return the length of the header of an encoded file."""
    return int.from_bytes(encoded[:_PREFIX_BYTES], "little")


def read_header(file: BinaryIO) -> Header:
    """Read and check the header of an open file, without believing its claims about the tensors."""
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise ModelFileError("the file is empty. Save the model again.")
    start = file.read(_PREFIX_BYTES + 1)
    length = header_bytes(start)
    if start[_PREFIX_BYTES:] != b"{":
        raise ModelFileError(f"it is not a safetensors file{_guess(start)}.")
    if length > MAX_HEADER_BYTES:
        raise ModelFileError(f"it claims a header of {length} bytes; at most {MAX_HEADER_BYTES} are allowed.")
    if length < len("{}"):
        raise ModelFileError(f"it claims a header of {length} bytes, which is too short for any.")
    if length > size - _PREFIX_BYTES:
        raise ModelFileError(
            f"it is cut off: its header should have {length} bytes, but only {size - _PREFIX_BYTES} follow. "
            "Copy the file again."
        )
    text = start[_PREFIX_BYTES:] + file.read(length - 1)
    header = read(text, "the header", _KIND).object()
    metadata = Field(header.pop("__metadata__", {}), "__metadata__", _KIND)
    texts = {name: metadata[name].text() for name in metadata.object()}
    return Header(text, texts, header, size - _PREFIX_BYTES - length)


def read_tensors(
    file: BinaryIO, header: Header, dtype: str, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, NDArray[Any]]:
    """Read the tensors, which must be these and lie in the file without gap or overlap.

    Parameters
    ----------
    file : binary file
        The file that `header` was read from.
    header : Header
    dtype : {"float32", "float64"}
        Of all tensors.
    shapes : mapping of str to tuple of int
        Name and shape of every tensor that must be there.
    """
    _check_tensors(header, dtype, shapes)
    total = _PREFIX_BYTES + len(header.text) + header.data_bytes
    file.seek(0)
    try:
        encoded = file.read(total)
        if len(encoded) != total or encoded[_PREFIX_BYTES : total - header.data_bytes] != header.text:
            raise ModelFileError("it changed while it was read. Read it again.")
        tensors = safetensors.numpy.load(encoded)
    except MemoryError as error:
        raise ModelFileError(f"its {total} bytes do not fit in memory.") from error
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise ModelFileError(f"the safetensors library refuses it ({error}).") from error
    if {name: tensor.shape for name, tensor in tensors.items()} != dict(shapes):
        raise ModelFileError("the safetensors library reads other tensors from it than its header names.")
    return {name: np.require(tensor, requirements=["C", "A", "W"]) for name, tensor in tensors.items()}


def _check_tensors(header: Header, dtype: str, shapes: Mapping[str, tuple[int, ...]]) -> None:
    for name in shapes:
        if name not in header.tensors:
            raise ModelFileError(f"the tensor {name} is missing.")
    for name in header.tensors:
        if name not in shapes:
            raise ModelFileError(f"there is a tensor {shown(name)} that the network has no place for.")
    item_bytes = np.dtype(dtype).itemsize
    extents = []
    for name, shape in shapes.items():
        claim = Field(header.tensors[name], f"the tensor {name}", _KIND).fields("dtype", "shape", "data_offsets")
        claim["dtype"].one_of(DTYPES[dtype])
        for length, of_network in zip(claim["shape"].parts(len(shape)), shape, strict=True):
            if length.whole() != of_network:
                length.refuse(f"{of_network}, as sizes ask for")
        begin, end = (offset.whole() for offset in claim["data_offsets"].parts(2))
        n_bytes = math.prod(shape) * item_bytes
        if end - begin != n_bytes:
            path = claim["data_offsets"].path
            claim["data_offsets"].fail(f"{path} are {shown([begin, end])}, but the tensor needs {n_bytes} bytes.")
        extents.append((begin, end, name))
    end = 0
    for begin, next_end, name in sorted(extents):
        if begin != end:
            what = "overlaps the one before it" if begin < end else "leaves a gap before it"
            raise ModelFileError(f"the data_offsets of the tensor {name} are wrong: it {what}.")
        end = next_end
    if end != header.data_bytes:
        what = "is cut off" if end > header.data_bytes else "has something added at its end"
        raise ModelFileError(
            f"the file {what}: its tensors need {end} bytes, but {header.data_bytes} are there. Copy the file again."
        )


def _guess(start: bytes) -> str:
    for magic, what in _OTHER_FORMATS:
        if start.startswith(magic):
            return f" but {what}"
    return " but text" if start.isascii() and start.decode().isprintable() else ""
