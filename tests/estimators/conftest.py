import pytest

from backlit.engine import native_is_available

ENGINES = ["reference", pytest.param("native", marks=pytest.mark.skipif(not native_is_available(), reason="not built"))]


@pytest.fixture(params=ENGINES)
def engine(request):
    """Each engine that is installed."""
    return request.param
