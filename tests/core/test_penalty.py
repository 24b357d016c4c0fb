import numpy as np
import pytest

import needs
from backlit.core.penalty import NO_PENALTY, Penalty
from backlit.errors import InvalidInputError

W = [np.array([[1.0, -2.0], [0.0, 3.0]]), np.array([[-4.0, 0.5]])]


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (NO_PENALTY, 0.0),
        (Penalty(l2=0.1), 0.05 * 30.25),
        (Penalty(l1=0.1), 0.1 * 10.5),
        (Penalty(alpha=0.1), 0.1 / 16 * 30.25),  # scikit-learn's: alpha / (2 · batch weight)
        (Penalty(l2=0.2, l1=0.3, alpha=0.4), (0.1 + 0.4 / 16) * 30.25 + 0.3 * 10.5),
    ],
)
def test_cost(penalty, expected):
    assert penalty.cost(W, 8.0) == pytest.approx(expected, rel=1e-15)
    assert type(penalty.cost(W, 8.0)) is float


def test_gradient():
    nabla_w = np.array([[10.0, 20.0], [30.0, 40.0]])
    ours = Penalty(l2=0.2, l1=0.3, alpha=0.4).add_gradient(nabla_w, W[0], 8.0)
    # the slope of |w| at w = 0 is taken as 0
    expected = [[10 + 0.25 + 0.3, 20 - 0.5 - 0.3], [30.0, 40 + 0.75 + 0.3]]
    np.testing.assert_allclose(ours, expected, rtol=1e-15)
    assert NO_PENALTY.add_gradient(nabla_w, W[0], 8.0) is nabla_w
    np.testing.assert_array_equal(nabla_w, [[10.0, 20.0], [30.0, 40.0]])


@pytest.mark.parametrize("penalty", [Penalty(l2=0.2), Penalty(l1=0.3), Penalty(alpha=0.4), Penalty(0.2, 0.3, 0.4)])
def test_gradient_is_that_of_the_cost(penalty):
    torch = needs.imported("torch")

    weights = [torch.tensor(w, requires_grad=True) for w in W]
    automatic = torch.autograd.grad(penalty.cost_array(weights, 8.0), weights)
    for w, by_torch in zip(W, automatic, strict=True):
        np.testing.assert_allclose(penalty.add_gradient(np.zeros_like(w), w, 8.0), by_torch.numpy(), rtol=1e-15)


def test_libraries_and_dtypes(xp):
    for dtype in ("float32", "float64"):
        w = xp.asarray(W[0].astype(dtype))
        gradient = Penalty(0.2, 0.3, 0.4).add_gradient(xp.zeros_like(w), w, 8.0)
        assert gradient.dtype == w.dtype
        assert Penalty(0.2, 0.3, 0.4).cost([w], 8.0) == pytest.approx(0.125 * 14 + 0.3 * 6, rel=1e-6)


@pytest.mark.parametrize("name", ["l2", "l1", "alpha"])
@pytest.mark.parametrize("value", [-1e-9, float("nan"), float("inf")])
def test_what_is_refused(name, value):
    with pytest.raises(InvalidInputError, match=f"{name} must be a number that is not negative, but {value!r} came"):
        Penalty(**{name: value})
