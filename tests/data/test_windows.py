import numpy as np
import pytest

from backlit.data.stream.windows import RowFile, Windows
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
                windows = Windows(file, window)
                parts = list(windows.parts(3, 2, batch, 128, shuffle=shuffle))
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
    windows = Windows(file, 100)
    file.path.write_bytes(file.path.read_bytes()[:4000])
    with pytest.raises(DataError, match="shorter than it was"):
        list(windows.parts(0, 0, 10, 50))


def test_a_window_stays_as_it_is_while_the_next_one_is_read(file):
    for window, batch in ((100, 7), (400, 64), (5000, 64)):
        before, n_rows = None, 0
        for records, rows, own in Windows(file, window, n_buffers=2).views(3, 2, batch, 128):
            for x, numbers in filter(None, (before, (records, rows))):
                assert np.array_equal(x["floats"][:, 0], numbers), (window, batch)
            before, n_rows = (records, rows), n_rows + len(own)
        assert n_rows == N


def test_some_of_the_rows_come_once_in_whole_batches_and_can_be_gone_on_with(file):
    only = np.random.default_rng(0).random(N) < 0.6
    only[500:800] = False  # a window may have none
    for window in (100, 400, 5000):
        for shuffle in (True, False):
            case = (window, shuffle)
            windows = Windows(file, window).those(only)
            parts = list(windows.parts(3, 2, 32, 64, shuffle=shuffle))
            rows = np.concatenate([rows for _, rows in parts])
            assert sorted(rows) == np.flatnonzero(only).tolist(), case
            assert len(rows) == windows.n_rows, case
            assert all(len(rows) % 32 == 0 for _, rows in parts[:-1]), case
            assert all(np.array_equal(x["floats"][:, 0], rows) for x, rows in parts), case
            assert shuffle or np.array_equal(rows, np.flatnonzero(only)), case
            for k in range(1, len(parts)):
                begin = sum(len(rows) for _, rows in parts[:k])
                rest = list(Windows(file, window).those(only).parts(3, 2, 32, 64, shuffle=shuffle, begin=begin))
                assert [x.tolist() for _, x in rest] == [x.tolist() for _, x in parts[k:]], case
    assert Windows(file, 100).those(only).described() != Windows(file, 100).those(~only).described()
