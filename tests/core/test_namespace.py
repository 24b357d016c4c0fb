import subprocess
import sys
from importlib import import_module

import mpmath as mp
import numpy as np
import pytest

from backlit.core.namespace import erfc, namespace


def test_namespace_of_each_library(xp):
    arrays = xp.asarray([1.0]), xp.asarray([2.0])
    assert float(namespace(*arrays).sum(arrays[0] + arrays[1])) == 3.0
    assert namespace(arrays[0]).__name__.startswith(xp.__name__) or xp.__name__ in namespace(arrays[0]).__name__


def test_numpy_is_its_own_namespace():
    assert namespace(np.ones(1), np.ones(2)) is np


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("torch", "array_api_strict")]
)
def test_libraries_are_not_mixed(name):
    xp = import_module(name)
    with pytest.raises(TypeError, match="Multiple namespaces"):
        namespace(xp.asarray([1.0]), np.ones(1))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_erfc(xp, dtype):
    z = np.linspace(-6, 9 if dtype == "float32" else 26, 141).astype(dtype)
    computed = erfc(xp.asarray(z))
    assert type(computed) is type(xp.asarray(z))
    assert computed.dtype == xp.asarray(z).dtype
    eps = float(np.finfo(dtype).eps)
    for z_i, value in zip(z, np.asarray(computed), strict=True):
        true = mp.erfc(mp.mpf(float(z_i)))
        # erfc(z) turns an error of z into 2 z² times as much
        assert abs(float(value) - true) <= (4 + 2 * float(z_i) ** 2) * eps * true, z_i


def test_erfc_keeps_nan(xp):
    assert np.isnan(np.asarray(erfc(xp.asarray(np.array([np.nan]))))).all()


def test_core_loads_no_other_library():
    program = (
        "import sys; import backlit.core.backpropagation, backlit.core.gradient_check, backlit.core.optimizers; "
        "sys.exit(', '.join({'torch', 'jax', 'sklearn', 'polars', 'rich'} & set(sys.modules)) or 0)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
