import numpy as np
import pytest
import torch

from backlit.core.clipping import clip_factor


@pytest.mark.parametrize("clip_norm", [0.01, 1.0, 4.0, 100.0])
def test_as_torch_clips(clip_norm):
    rng = np.random.default_rng(0)
    nabla = [rng.normal(size=shape) for shape in ((3, 4), (3,), (2, 3), (2,))]
    parameters = [torch.nn.Parameter(torch.zeros(*array.shape, dtype=torch.float64)) for array in nabla]
    for parameter, array in zip(parameters, nabla, strict=True):
        parameter.grad = torch.tensor(array)
    torch.nn.utils.clip_grad_norm_(parameters, clip_norm)
    factor = clip_factor(nabla, clip_norm)
    for parameter, array in zip(parameters, nabla, strict=True):
        np.testing.assert_allclose(parameter.grad.numpy(), factor * array, rtol=1e-14)


def test_a_short_gradient_stays_and_nan_is_not_hidden():
    assert clip_factor([np.array([0.3, 0.4])], 0.6) == 1.0
    assert clip_factor([np.zeros(3)], 1.0) == 1.0
    assert np.isnan(clip_factor([np.array([np.nan, 1.0])], 1.0))
    big = np.full(4, 1e30, dtype="float32")  # its squares are beyond float32
    assert clip_factor([big], 1.0) == pytest.approx(5e-31)
