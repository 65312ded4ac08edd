"""What holds for every test: fixed seeds, a TensorFlow that is silent when it starts, and no walks over old models."""

import gc
import os
import random
import shutil
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("JAX_ENABLE_X64", "1")  # tests that compare numbers do so in float64

import hypothesis
import pytest

# The same examples in each run: a failure is of the change at hand. No deadline: the first call of Keras takes seconds.
hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("fixed")


@pytest.fixture(autouse=True)
def fixed_seeds():
    """Seeds Python, NumPy and the backend, and does not load Keras for a test that does without."""
    random.seed(0)
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)
    elif "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)


@pytest.fixture(autouse=True, scope="module")
def short_memory():
    """Keeps the garbage collector from walking, again and again, what the backends hold of the modules before.

    After a thousand models that takes longer than the tests do.
    """
    gc.freeze()  # what the module imports
    yield
    gc.collect()
    gc.freeze()
    # To count what is set aside is to walk over it, which building without weights would do for each model.
    gc.get_freeze_count = lambda: 1


BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def browser():
    """A real browser; tests are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium on the path")
    with playwright.sync_playwright() as started:
        # Without a sandbox, which a container does not offer: the pages are our own.
        launched = started.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield launched
        launched.close()
