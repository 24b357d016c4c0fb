import pytest

pytest.register_assert_rewrite("read_back")  # its failed assertions show their values, as those of tests do
