import numpy as np

from backlit.data.array_likes import with_gaps


def test_masked_values_are_gaps():
    assert with_gaps(np.ma.array([1, 2, 3], mask=[0, 1, 0])).tolist() == [1, None, 3]
    assert with_gaps(np.ma.array(["a", "b"], mask=[1, 0])).tolist() == [None, "b"]
    assert np.isnan(with_gaps(np.ma.array([1.5, 2.5], mask=[0, 1]))).tolist() == [False, True]
    assert with_gaps(np.ma.array([1, 2])).dtype == np.int64
