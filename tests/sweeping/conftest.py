from concurrent.futures import ThreadPoolExecutor

import pytest


@pytest.fixture(scope="session")
def worker():
    """One worker, whose process serves all tests: Keras takes seconds to start."""
    with ThreadPoolExecutor(1) as executor:
        yield executor
