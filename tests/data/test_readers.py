import gzip
import io
import struct
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from backlit.data import read_table
from backlit.errors import DataError

ADULT = [f"c{j}" for j in range(14)] + ["income"]


def write(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", [".csv", ".txt", ".data", ".train", ""])
@pytest.mark.parametrize("packed", [False, True])
def test_text_of_any_name_is_csv(tmp_path, suffix, packed):
    data = b"a, b\n1, x\n2, ?\n"
    path = write(tmp_path, "t" + suffix + ".gz" * packed, gzip.compress(data, mtime=0) if packed else data)
    table = read_table(path, missing=["?"])
    assert table.to_dict(as_series=False) == {"a": [1, 2], "b": ["x", None]}


def test_tsv(tmp_path):
    assert read_table(write(tmp_path, "t.tsv", b"a\tb,c\n1\t2\n")).columns == ["a", "b,c"]
    assert read_table(write(tmp_path, "u.tsv", b"a,b\n1,2\n")).columns == ["a", "b"]


def test_parquet_keeps_its_types(tmp_path):
    table = pl.DataFrame({"a": [1, None], "t": ["?", " b"]})
    table.write_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").equals(table)
    assert read_table(tmp_path / "t.parquet", missing=["?"])["t"].to_list() == [None, "b"]
    packed = write(tmp_path, "t.pq.gz", gzip.compress((tmp_path / "t.parquet").read_bytes(), mtime=0))
    assert read_table(packed).equals(table)


def test_npz(tmp_path):
    data = npz(X=np.arange(6.0).reshape(3, 2), y=np.array([1, 0, 1]), t=np.array(["a", "b", "c"]))
    table = read_table(write(tmp_path, "t.npz", data))
    assert table.columns == ["feature_1", "feature_2", "y", "t"]
    assert table.row(1) == (2.0, 3.0, 0, "b")


def test_idx_images_and_labels(tmp_path):
    images = np.arange(12).reshape(3, 2, 2)
    image_path = write(tmp_path, "x-images-idx3-ubyte.gz", gzip.compress(idx(images), mtime=0))
    label_path = write(tmp_path, "nameless", idx(np.array([7, 8, 9])))
    table = read_table(image_path, labels=label_path, label_name="digit")
    assert table.columns == ["pixel_1_1", "pixel_1_2", "pixel_2_1", "pixel_2_2", "digit"]
    assert table.row(1) == (4, 5, 6, 7, 8)
    assert set(table.dtypes) == {pl.UInt8}
    assert read_table(label_path).to_dict(as_series=False) == {"label": [7, 8, 9]}
    short = write(tmp_path, "short", idx(np.array([7, 8])))
    with pytest.raises(DataError, match=r"has 2 labels, but .* has 3 rows"):
        read_table(image_path, labels=short)
    with pytest.raises(DataError, match="list of labels"):
        read_table(image_path, labels=image_path)
    with pytest.raises(DataError, match="already has a column 'pixel_1_1'"):
        read_table(image_path, labels=label_path, label_name="pixel_1_1")
    with pytest.raises(DataError, match="names= is for text"):
        read_table(image_path, names=["a"])


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("t.csv", b"", "empty (0 bytes)"),
        ("t.csv.gz", gzip.compress(b"", mtime=0), "nothing is left after unpacking"),
        ("t.csv.gz", gzip.compress(b"a,b\n1,2\n" * 500, mtime=0)[:-12], "truncated"),
        ("t.csv.gz", gzip.compress(bytes(range(256)) * 50, mtime=0)[:40] + b"\xff" * 60, "damaged gzip"),
        ("t.csv.gz", b"a,b\n1,2\n", "not gzipped"),
        ("t.csv", b"a,b\n1,2\n3\n", "Line 3"),
        ("t.parquet", b"PAR1 nonsense PAR1", "not a whole Parquet file"),
        ("t.parquet", b"nonsense", "not a whole Parquet file"),
        ("t.npz", b"nonsense", "not an .npz file"),
        ("t.npz", b"PKnonsense", "damaged .npz"),
        ("t.npz", npz(x=np.ones((2, 2)))[:-30], "damaged .npz"),
        ("t.npz", npz(X=np.ones((1, 1)), o=np.array([{}])), "'o' holds Python objects"),
        ("t.npz", npz(a=np.ones((2, 2)), b=np.ones((2, 2))), "holds a (2, 2), b (2, 2)"),
        ("t.npz", npz(a=np.ones((2, 2, 2))), "holds a (2, 2, 2)"),
        ("t.npz", npz(a=np.ones((2, 2)), y=np.ones(3)), "y has 3 values, but a has 2 rows"),
        ("t.npz", npz(a=np.ones((2, 2)), feature_1=np.ones(2)), "Rename it"),
        ("t.npz", npz(a=np.ones((2, 2), dtype=complex)), "complex128"),
        ("t.npz", npz(a=np.ones((0, 2))), "0 rows"),
        ("t-ubyte", b"a,b\n1,2\n", "not an IDX file"),
        ("t.csv", idx(np.zeros((2, 2)))[:-1], "truncated"),
    ],
)
def test_bad_files_are_refused(tmp_path, name, data, said):
    with pytest.raises(DataError) as caught:
        read_table(write(tmp_path, name, data))
    assert said in str(caught.value)
    assert name in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_random_damage_to_binary_files_is_never_a_foreign_exception(tmp_path):
    write(tmp_path, "t.npz", npz(X=np.ones((3, 2)), y=np.arange(3)))
    write(tmp_path, "t-ubyte.gz", gzip.compress(idx(np.arange(12).reshape(3, 2, 2))))
    rng = np.random.default_rng(0)
    for name in ("t.npz", "t-ubyte.gz"):
        whole = (tmp_path / name).read_bytes()
        for _ in range(150):
            damaged = bytearray(whole)
            for position in rng.integers(0, len(whole), 3):
                damaged[position] = rng.integers(0, 256)
            try:
                read_table(write(tmp_path, name, bytes(damaged)))
            except DataError as error:
                assert len(str(error)) < 600


def test_truncated_parquet(tmp_path):
    pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}).write_parquet(tmp_path / "t.parquet")
    whole = (tmp_path / "t.parquet").read_bytes()
    for n in range(1, len(whole), 17):
        with pytest.raises(DataError, match=r"not a whole Parquet file"):
            read_table(write(tmp_path, "t.parquet", whole[:n]))


def test_absent_files_and_folders(tmp_path):
    write(tmp_path, "train.csv", b"a\n1\n")
    with pytest.raises(DataError, match=r"no file .*trian.csv. Did you mean train.csv\?"):
        read_table(tmp_path / "trian.csv")
    with pytest.raises(DataError, match=r"In that folder: train.csv"):
        read_table(tmp_path / "xyz.bin")
    with pytest.raises(DataError, match=r"folder .* does not exist either"):
        read_table(tmp_path / "nowhere" / "t.csv")
    with pytest.raises(DataError, match=r"is a folder. Give one of the files in it: train.csv"):
        read_table(tmp_path)
    with pytest.raises(DataError, match="labels= belongs to an IDX"):
        read_table(tmp_path / "train.csv", labels=tmp_path / "train.csv")
    with pytest.raises(DataError, match="lists of strings"):
        read_table(tmp_path / "train.csv", missing="?")
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / ("x" * 300))


def test_importing_the_room_does_not_import_polars():
    program = "import sys, backlit.data; sys.exit('polars' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_adult(data_dir):
    train = read_table(data_dir / "adult/adult.train", names=ADULT, missing=["?"])
    test = read_table(data_dir / "adult/adult.test", names=ADULT, missing=["?"])
    assert (train.shape, test.shape) == ((32561, 15), (16281, 15))
    assert train.schema == test.schema
    assert train.row(0)[:4] == (39, "State-gov", 77516, "Bachelors")
    assert sorted(train["income"].unique()) == ["<=50K", ">50K"]
    assert sorted(test["income"].unique()) == ["<=50K.", ">50K."]
    assert train.null_count().row(0) == (0, 1836, 0, 0, 0, 0, 1843, 0, 0, 0, 0, 0, 0, 583, 0)


def test_mnist(data_dir):
    folder = data_dir / "mnist"
    table = read_table(folder / "t10k-images-idx3-ubyte.gz", labels=folder / "t10k-labels-idx1-ubyte.gz")
    assert table.shape == (10000, 785)
    assert table.columns[0] == "pixel_1_1"
    assert table.columns[-2:] == ["pixel_28_28", "label"]
    assert table["label"][:5].to_list() == [7, 2, 1, 0, 4]
    with pytest.raises(DataError, match=r"60000 labels, but .* has 10000 rows"):
        read_table(folder / "t10k-images-idx3-ubyte.gz", labels=folder / "train-labels-idx1-ubyte.gz")


@pytest.mark.parametrize(
    ("file", "names", "shape", "n_missing"),
    [
        ("california-housing/housing.csv", None, (20640, 10), 207),
        ("covertype/covertype-93k.csv.gz", None, (92962, 55), 0),
        ("diamonds/diamonds.csv", None, (53940, 10), 0),
        ("letter/letter.csv", None, (20000, 17), 0),
        ("protein/data.csv.gz", list("abcdefghij"), (45730, 10), 0),
    ],
)
def test_real_tables(data_dir, file, names, shape, n_missing):
    table = read_table(data_dir / file, names=names)
    assert table.shape == shape
    assert sum(table.null_count().row(0)) == n_missing


def test_real_files_read_wrongly(data_dir):
    with pytest.raises(DataError, match=r"holds numbers .* names="):
        read_table(data_dir / "protein/data.csv.gz")
    with pytest.raises(DataError, match="ZIP archive"):
        read_table(data_dir / "flights/flights.csv.zip")
