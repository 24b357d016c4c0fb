from importlib import import_module

import pytest

LIBRARIES = ["numpy", "torch", "jax.numpy", "array_api_strict"]


@pytest.fixture(params=LIBRARIES)
def xp(request):
    """Every array library that core is tested with."""
    return import_module(request.param)
