from importlib import import_module

import pytest

import needs

LIBRARIES = ["numpy", "torch", "jax.numpy", "array_api_strict"]


@pytest.fixture(params=LIBRARIES)
def xp(request):
    """Every array library that core is tested with."""
    if request.param in needs.NEEDS:
        needs.require(request.param)
    return import_module(request.param)
