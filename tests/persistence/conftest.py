from pathlib import Path

import pytest

pytest.register_assert_rewrite("model_files")  # its failed assertions show their values, as those of tests do


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.safetensors"
