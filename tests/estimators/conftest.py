import pytest

ENGINES = ["reference", pytest.param("native", marks=pytest.mark.needs("engine"))]


@pytest.fixture(params=ENGINES)
def engine(request):
    """Each engine that is installed."""
    return request.param
