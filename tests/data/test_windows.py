import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from backlit.data.stream import windows
from backlit.data.stream.row_file import RowFile
from backlit.data.stream.windows import Windows
from backlit.errors import DataError

DTYPE = np.dtype([("floats", "<f4", (2,))])
N = 1003


@pytest.fixture
def file(tmp_path):
    records = np.zeros(N, DTYPE)
    records["floats"][:, 0] = np.arange(N)
    (tmp_path / "x.rows").write_bytes(records.tobytes())
    return RowFile(tmp_path / "x.rows", DTYPE, N)


def test_every_row_comes_once_in_whole_batches_and_an_epoch_can_be_gone_on_with(file):
    for window in (100, 400, 5000):
        for batch in (7, 64, 150):
            for shuffle in (True, False):
                case = (window, batch, shuffle)
                parts = list(Windows(file, window).parts(3, 2, batch, 128, shuffle=shuffle))
                rows = np.concatenate([rows for _, rows in parts])
                assert sorted(rows) == list(range(N)), case
                assert all(len(rows) % batch == 0 for _, rows in parts[:-1]), case
                assert all(np.array_equal(x["floats"][:, 0], rows) for x, rows in parts), case
                assert shuffle or np.array_equal(rows, np.arange(N)), case
                for k in range(1, len(parts)):
                    begin = sum(len(rows) for _, rows in parts[:k])
                    rest = list(Windows(file, window).parts(3, 2, batch, 128, shuffle=shuffle, begin=begin))
                    assert len(rest) == len(parts) - k, case
                    for (x, rows), (y, others) in zip(rest, parts[k:], strict=True):
                        assert np.array_equal(rows, others), case
                        assert np.array_equal(x, y), case


def test_epochs_differ_and_a_seed_repeats_them(file):
    def order(seed, epoch):
        return np.concatenate([rows for _, rows in Windows(file, 200).parts(seed, epoch, 10, 100)]).tolist()

    assert order(0, 1) == order(0, 1)
    assert order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)


def test_a_window_of_a_sorted_file_is_as_mixed_as_the_file(file):
    # of shuffled rows the mean of so many would differ from that of all by some 5 %
    first = next(iter(Windows(file, 512).parts(0, 0, 1, 256)))[1]
    assert np.mean(first) == pytest.approx(N / 2, rel=0.15)
    assert np.std(first) == pytest.approx(N / 12**0.5, rel=0.15)


def test_a_file_that_became_shorter_is_said_to_be(file):
    own = Windows(file, 100)
    file.path.write_bytes(file.path.read_bytes()[:4000])
    with pytest.raises(DataError, match="shorter than it was"):
        list(own.parts(0, 0, 10, 50))


def test_a_window_stays_as_it_is_while_the_next_one_is_read(file):
    for window, batch in ((100, 7), (400, 64), (5000, 64)):
        before, n_rows = None, 0
        for records, places, rows in Windows(file, window, in_place=True).views(3, 2, batch, 128):
            for x, at, numbers in filter(None, (before, (records, places, rows))):
                assert np.array_equal(x["floats"][at, 0], numbers), (window, batch)
            before, n_rows = (records, places, rows), n_rows + len(rows)
        assert n_rows == N


@pytest.fixture
def mapped(file, monkeypatch):
    """The same file, of which blocks of 10 rows are mapped."""
    monkeypatch.setattr(windows, "_LEAST_MAPPED", 80)
    monkeypatch.setattr(windows, "_MOST_MAPPED", 80)
    monkeypatch.setattr(windows, "_LEAST_BLOCKS", 8)
    return file


def test_rows_that_are_used_in_place_are_not_read(mapped, monkeypatch):
    def read(*_):
        raise AssertionError

    monkeypatch.setattr(RowFile, "read_blocks", read)
    only = np.random.default_rng(0).random(N) < 0.6
    for which in (None, only):
        meant = np.arange(N) if which is None else np.flatnonzero(which)
        for batch in (7, 64):
            for shuffle in (True, False):
                case = (which is None, batch, shuffle)
                own = Windows(mapped, 300, in_place=True, only=which)
                views = list(own.views(3, 2, batch, 128, shuffle=shuffle))
                rows = np.concatenate([rows for _, _, rows in views])
                assert sorted(rows) == meant.tolist(), case
                assert shuffle or np.array_equal(rows, meant), case
                assert all(len(rows) % batch == 0 for _, _, rows in views[:-1]), case
                # of all views at once: what is mapped stays, whatever is asked for
                assert all(np.array_equal(x["floats"][at, 0], rows) for x, at, rows in views), case
                for k in range(1, len(views)):
                    begin = sum(len(rows) for _, _, rows in views[:k])
                    again = Windows(mapped, 300, in_place=True, only=which)
                    rest = list(again.views(3, 2, batch, 128, shuffle=shuffle, begin=begin))
                    assert [x.tolist() for _, _, x in rest] == [x.tolist() for _, _, x in views[k:]], case
    parts = list(Windows(mapped, 300, in_place=True).parts(3, 2, 7, 128))
    assert all(np.array_equal(x["floats"][:, 0], rows) for x, rows in parts)


def test_a_mapped_file_that_becomes_shorter_is_said_to_be(mapped):
    data = mapped.path.read_bytes()
    views = Windows(mapped, 300, in_place=True).views(0, 0, 10, 50)
    next(views)
    os.truncate(mapped.path, 4000)
    with pytest.raises(DataError, match="shorter than it was"):
        next(views)
    with pytest.raises(DataError, match="shorter than it was"):
        next(Windows(mapped, 300, in_place=True).views(0, 0, 10, 50))
    mapped.path.write_bytes(data)
    views = Windows(mapped, 300, in_place=True).views(0, 0, 10, 50)
    next(views)
    mapped.path.unlink()  # as a cache that is written anew
    assert len(list(views)) > 3


def test_mapped_blocks_are_as_large_as_leaves_a_hundred_to_a_window():
    mib = 1 << 20
    found = {window: windows.mapped_block(window) for window in (mib, 13 * mib, 100 * mib, 399 * mib, 4 << 30)}
    assert found == {mib: mib // 8, 13 * mib: mib // 8, 100 * mib: mib, 399 * mib: 2 * mib, 4 << 30: 2 * mib}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_holds_little_more_than_a_window_of_what_is_mapped(tmp_path):
    n_rows, width, window = 80_000, 1024, 5000  # 80 MiB in windows of 5 MiB
    with (tmp_path / "x.rows").open("wb") as out:
        out.truncate(n_rows * width)
    file = RowFile(tmp_path / "x.rows", np.dtype([("floats", "u1", (width,))]), n_rows)
    monkey = pytest.MonkeyPatch()
    monkey.setattr(windows, "_LEAST_BLOCKS", 32)
    own = Windows(file, window, in_place=True)
    monkey.undo()

    def of_files() -> int:
        status = Path("/proc/self/status").read_text()
        return int(re.search(r"RssFile:\s+(\d+) kB", status)[1]) << 10

    before, most = of_files(), 0
    for records, places, _ in own.views(0, 0, 100, 1000):
        assert not records["floats"][places].any()
        most = max(most, of_files() - before)
    # a part of the window before, of which nothing was asked since, may still be there
    assert 2 << 20 < most < 3 * window * width


def test_some_of_the_rows_come_once_in_whole_batches_and_can_be_gone_on_with(file):
    only = np.random.default_rng(0).random(N) < 0.6
    only[500:800] = False  # a window may have none
    for window in (100, 400, 5000):
        for shuffle in (True, False):
            case = (window, shuffle)
            own = Windows(file, window).those(only)
            parts = list(own.parts(3, 2, 32, 64, shuffle=shuffle))
            rows = np.concatenate([rows for _, rows in parts])
            assert sorted(rows) == np.flatnonzero(only).tolist(), case
            assert len(rows) == own.n_rows, case
            assert all(len(rows) % 32 == 0 for _, rows in parts[:-1]), case
            assert all(np.array_equal(x["floats"][:, 0], rows) for x, rows in parts), case
            assert shuffle or np.array_equal(rows, np.flatnonzero(only)), case
            for k in range(1, len(parts)):
                begin = sum(len(rows) for _, rows in parts[:k])
                rest = list(Windows(file, window).those(only).parts(3, 2, 32, 64, shuffle=shuffle, begin=begin))
                assert [x.tolist() for _, x in rest] == [x.tolist() for _, x in parts[k:]], case
    assert Windows(file, 100).those(only).described() != Windows(file, 100).those(~only).described()
