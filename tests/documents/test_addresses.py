from pathlib import Path

import pytest

from backlit.documents.addresses import is_address


@pytest.mark.parametrize(
    "path", ["s3://bucket/run", Path("s3://bucket/run"), "gs://b", "file:///tmp/run", "hdfs://h:1/x"]
)
def test_the_address_of_a_store_is_known(path):
    assert is_address(path)


@pytest.mark.parametrize("path", ["run", "runs/s3:", "/tmp/s3://run", "C:/runs", "C:\\runs", Path("run") / "a:b", "."])
def test_a_folder_is_none(path):
    assert not is_address(path)
