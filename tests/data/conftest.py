import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data():
    """The folder of real data sets; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("BACKLIT_DATA") or Path(__file__).parents[2] / "../shared/data").resolve()
    if not folder.is_dir():
        pytest.skip(f"the real data sets are not at {folder} (set BACKLIT_DATA)")
    return folder
