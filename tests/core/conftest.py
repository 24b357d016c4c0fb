from importlib import import_module

import pytest

import needs

# JAX compiles each operation first, for every shape; jitted it is compared in any case
JAX = pytest.param("jax.numpy", marks=pytest.mark.thorough)
LIBRARIES = ["numpy", "torch", JAX, "array_api_strict"]


@pytest.fixture(params=LIBRARIES)
def xp(request):
    """Every array library that core is tested with."""
    if request.param in needs.NEEDS:
        needs.require(request.param)
    return import_module(request.param)
