import struct

import numpy as np
import pytest

from backlit.data.formats.idx import idx_column_names, looks_like_idx, parse_idx
from backlit.errors import DataError


def idx(code, sizes, body):
    return bytes([0, 0, code, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + body


@pytest.mark.parametrize(
    ("code", "dtype"), [(0x08, ">u1"), (0x09, ">i1"), (0x0B, ">i2"), (0x0C, ">i4"), (0x0D, ">f4"), (0x0E, ">f8")]
)
def test_every_type_code_gives_its_numbers_in_native_order(code, dtype):
    values = np.array([[1, -2 if code != 0x08 else 2, 3], [100, 5, 6]])
    parsed = parse_idx(idx(code, (2, 3), values.astype(dtype).tobytes()), "f")
    assert parsed.dtype == np.dtype(dtype).newbyteorder("=")
    assert parsed.dtype.isnative
    np.testing.assert_array_equal(parsed, values)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\0\0\x08", "too short"),
        (b"\1\0\x08\1\0\0\0\0", "begin with the bytes 00 00, but begins with 01 00"),
        (b"\0\0\x0a\1\0\0\0\0", "type code 0x0A"),
        (b"\0\0\x08\0", "0 dimensions"),
        (b"\0\0\x08\3\0\0\0\1", "header of 3 dimensions needs 16 bytes, the file has 8"),
        (idx(0x08, (2, 3), b"12345"), "truncated: its IDX header promises 2 × 3 elements, 6 bytes, but 5 follow"),
        (idx(0x08, (2, 3), b"1234567"), "bytes left over"),
        (idx(0x0E, (2**32 - 1,) * 3, b"12345678"), "truncated"),
        (idx(0x08, (2**31, 2**31, 4), b""), "truncated"),  # the product is 2⁶⁴, 0 in 64 bits
    ],
)
def test_damage_is_named(data, said):
    with pytest.raises(DataError, match=r"^some/file") as caught:
        parse_idx(data, "some/file")
    assert said in str(caught.value)


def test_only_idx_looks_like_idx():
    assert looks_like_idx(idx(0x08, (1,), b"1"))
    assert not looks_like_idx(b"a,b\n1,2\n")
    assert not looks_like_idx(b"\0\0")


def test_columns_are_counted_from_1():
    assert idx_column_names((5,), "label") == ["label"]
    assert idx_column_names((5, 2), "label") == ["feature_1", "feature_2"]
    assert idx_column_names((5, 2, 2), "label") == ["pixel_1_1", "pixel_1_2", "pixel_2_1", "pixel_2_2"]
