import numpy as np
import pytest
import scipy.sparse

from backlit.data.labels import ClassLabels, check_labels, is_multilabel, number_targets, r_squared
from backlit.errors import InvalidInputError

NAMES = np.array(["b", "c", "a", "c"])


@pytest.mark.parametrize(
    ("y", "one_output", "kind", "n_outputs", "matrix"),
    [
        (["x", "x"], True, "constant", 1, [[0], [0]]),
        (["x", "x"], False, "constant", 1, [[1], [1]]),
        ([3, 1, 3], True, "binary", 1, [[1], [0], [1]]),
        ([3, 1, 3], False, "binary", 2, [[0, 1], [1, 0], [0, 1]]),
        (NAMES, True, "multiclass", 3, [[0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 0, 1]]),
        ([[1, 0, 1], [0, 0, 1]], True, "multilabel", 3, [[1, 0, 1], [0, 0, 1]]),
    ],
)
def test_encode_and_decode(y, one_output, kind, n_outputs, matrix):
    labels = ClassLabels.of(y, one_output=one_output)
    assert (labels.kind, labels.n_outputs) == (kind, n_outputs)
    encoded = labels.encode(np.array(y), "float32")
    assert encoded.dtype == np.float32 and encoded.flags.c_contiguous
    np.testing.assert_array_equal(encoded, matrix)
    np.testing.assert_array_equal(labels.decode(encoded), y)


def test_sparse_labels():
    y = np.array([[1, 0, 1], [0, 0, 1]])
    labels = ClassLabels.of(scipy.sparse.csr_array(y), one_output=True)
    np.testing.assert_array_equal(labels.encode(scipy.sparse.csr_array(y), "float64"), y)


def test_labels_of_another_width_are_refused():
    labels = ClassLabels.of(np.eye(3, dtype=int), one_output=True)
    with pytest.raises(
        InvalidInputError, match=r"indicator matrix with 3 columns, one a label, but its shape is \(2, 2\)"
    ):
        labels.encode(np.eye(2, dtype=int), "float64")


def test_check():
    labels = ClassLabels.of(NAMES, one_output=True)
    labels.check(["a", "b"], all_present=False)
    with pytest.raises(InvalidInputError, match="same classes as in the previous call to fit"):
        labels.check(["a", "b"], all_present=True)
    with pytest.raises(InvalidInputError, match=r"classes not in `self\.classes_`"):
        labels.check(["a", "z"], all_present=False)
    with pytest.raises(InvalidInputError, match="fitted on multiclass targets"):
        labels.check(np.eye(3, dtype=int), all_present=False)


def test_accuracy_is_weighted_and_of_the_rows_asked_for():
    targets = ClassLabels.of(NAMES, one_output=True).targets(NAMES, "softmax", "float64")
    outputs = np.array([[0.1, 0.8, 0.1], [0.5, 0.2, 0.3]])  # b, a
    assert targets.score(outputs, np.array([0, 1]), None) == 0.5
    assert targets.score(outputs, np.array([0, 2]), None) == 1.0
    assert targets.score(outputs, np.array([0, 1]), np.array([1.0, 3.0])) == 0.25
    assert np.isnan(targets.score(outputs * np.inf, np.array([0, 1]), None))
    np.testing.assert_array_equal(targets.classes, [1, 2, 0, 2])


def test_accuracy_of_labels_counts_whole_rows():
    y = np.array([[1, 0], [1, 1]])
    targets = ClassLabels.of(y, one_output=True).targets(y, "sigmoid", "float64")
    assert targets.score(np.array([[0.9, 0.1], [0.9, 0.1]]), np.array([0, 1]), None) == 0.5
    assert targets.classes is None


@pytest.mark.parametrize("y", [[0.5, 1.5], [[1, 2], [3, 4]], [["a", "b"], ["c", "a"]]])
def test_check_labels(y):
    with pytest.raises(ValueError, match=r"Unknown label type|Multioutput"):
        check_labels(np.array(y))


def test_is_multilabel():
    assert is_multilabel(np.eye(3, dtype=int)) and not is_multilabel(NAMES) and not is_multilabel([0, 1])


def test_numbers():
    targets = number_targets(np.array([1, 2, 4]), "huber", "identity", "float32")
    assert targets.values.shape == (3, 1) and targets.values.dtype == np.float32
    assert targets.score(np.array([[1.0], [2.0]]), np.array([0, 1]), None) == 1.0
    assert number_targets(np.ones((3, 2)), "quadratic", "identity", "float64").values.shape == (3, 2)
    assert number_targets(np.array([0, 3]), "poisson", "exp", "float64").output_activation == "exp"
    for loss, y in [("poisson", [-1.0, 2.0]), ("cross_entropy", [0.0, 1.5])]:
        with pytest.raises(InvalidInputError, match=f"'{loss}' is defined for targets in"):
            number_targets(np.array(y), loss, "exp", "float64")


@pytest.mark.parametrize("weights", [None, np.array([1.0, 0.0, 2.0, 0.5])])
def test_r_squared_is_scikit_learns(weights):
    from sklearn.metrics import r2_score

    y = np.array([[1, 3, 3], [2, 3, 3], [4, 3, 3], [8, 3, 3]], dtype=np.float32)
    outputs = np.array([[1.5, 3, 3], [2, 3, 2], [3, 3, 3], [9, 3, 3]], dtype=np.float32)
    each = [r_squared(y[:, [k]], outputs[:, [k]], weights) for k in range(3)]
    assert each == pytest.approx([r2_score(y[:, k], outputs[:, k], sample_weight=weights) for k in range(3)])
    assert each[1:] == [1, 1 if weights is not None else 0]
    assert r_squared(y, outputs, weights) == pytest.approx(r2_score(y, outputs, sample_weight=weights))
    assert np.isnan(r_squared(y[:1], outputs[:1]))
