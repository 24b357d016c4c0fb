import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from backlit.core.initialization import Purpose, stream
from backlit.errors import InvalidInputError
from backlit.training.examples import Examples, Validation, split_rows


def test_some_of_some_examples():
    some = Examples(np.arange(20.0).reshape(10, 2), np.arange(10.0)[:, None]).only(np.array([7, 2, 5]))
    assert len(some) == 3
    for fewer in (some.only(np.array([2, 0])).copy(np.arange(2)), some.copy(np.array([2, 0]))):
        assert fewer.x.tolist() == [[10.0, 11.0], [14.0, 15.0]]
        assert fewer.y.tolist() == [[5.0], [7.0]]
        assert fewer.sample_weight is None
        assert fewer.rows is None


def test_validation_on_some_rows_of_many_is_refused(examples):
    with pytest.raises(ValueError, match=r"give examples\.copy\(rows\)"):
        Validation(examples.only(np.arange(3)), lambda _: 0.0)


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("n_rows", [20, 101])
def test_every_row_is_on_one_side(n_rows, fraction):
    training, validation = split_rows(n_rows, fraction, seed=0)
    assert sorted([*training, *validation]) == list(range(n_rows))
    assert len(validation) == np.ceil(fraction * n_rows)
    assert training.dtype == validation.dtype == np.int64


def test_seed_fixes_the_split():
    for a, b in zip(split_rows(50, 0.2, 7), split_rows(50, 0.2, 7), strict=True):
        np.testing.assert_array_equal(a, b)
    assert set(split_rows(50, 0.2, 7)[1]) != set(split_rows(50, 0.2, 8)[1])
    split_rows(50, 0.2, 2**64 - 1)


def test_the_rows_are_those_of_scikit_learn():
    random = np.random.default_rng(0)
    for seed in range(40):
        n_rows = int(random.integers(20, 200))
        classes = random.integers(0, random.integers(1, 6), n_rows)
        classes = (
            classes if seed % 3 and np.bincount(classes).min(where=np.bincount(classes) > 0, initial=9) > 1 else None
        )
        drawn = int(stream(seed, Purpose.SPLIT).integers(2**32))
        expected = train_test_split(
            np.arange(n_rows), test_size=int(np.ceil(0.15 * n_rows)), random_state=drawn, stratify=classes
        )
        for ours, theirs in zip(split_rows(n_rows, 0.15, seed, classes), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("names", [[0, 1, 2], ["a", "b", "c"]])
def test_classes_are_split_alike(names):
    classes = np.repeat(names, [100, 50, 10])
    for seed in range(20):
        training, validation = split_rows(160, 0.2, seed, classes)
        assert np.unique(classes[validation], return_counts=True)[1].tolist() == [20, 10, 2]
        assert sorted([*training, *validation]) == list(range(160))
    # which is not so without them
    assert any(np.bincount(np.repeat([0, 1, 2], [100, 50, 10])[split_rows(160, 0.2, s)[1]], minlength=3)[2] != 2
               for s in range(20))  # fmt: skip


def test_class_of_one_row_stays_in_training():
    classes = np.r_[np.repeat([0, 1], 20), 2, 3]
    for seed in range(10):
        training, validation = split_rows(42, 0.2, seed, classes)
        assert {40, 41} <= set(training)
        assert sorted([*training, *validation]) == list(range(42))


@pytest.mark.parametrize("classes", [np.arange(30), np.repeat(np.arange(15), 2)], ids=["singles", "pairs"])
def test_too_many_classes_are_split_without_regard_to_them(classes):
    training, validation = split_rows(30, 0.1, 0, classes)
    assert (len(training), len(validation)) == (27, 3)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5])
def test_fraction_out_of_range_is_refused(fraction):
    with pytest.raises(InvalidInputError, match="must lie between 0 and 1"):
        split_rows(100, fraction, 0)


@pytest.mark.parametrize(("n_rows", "fraction"), [(9, 0.1), (2, 0.5), (10, 0.99)])
def test_sides_too_small_are_refused(n_rows, fraction):
    with pytest.raises(InvalidInputError, match="validation set is too small"):
        split_rows(n_rows, fraction, 0)
