import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.setdefault("JAX_ENABLE_X64", "1")  # read when jax is imported; every comparison with jax is in float64

settings.register_profile("default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", parent=settings.get_profile("default"), derandomize=False, max_examples=5000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def data_dir():
    """The folder of real data sets; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("BACKLIT_DATA") or Path(__file__).parents[1] / "../shared/data").resolve()
    if not folder.is_dir():
        pytest.skip(f"the real data sets are not at {folder} (set BACKLIT_DATA)")
    return folder
