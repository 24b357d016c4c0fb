"""That this file is here also lets the rooms below import `corpus`: pytest puts a conftest's folder on the path."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def pytests_own_folder(tmp_path_factory):
    """Have pytest make its folder before test_sandbox.py exchanges the one for temporary files."""
    return tmp_path_factory.getbasetemp()
