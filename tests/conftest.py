"""What holds for every test: fixed seeds, and a TensorFlow that is silent when it starts."""

import os
import random
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
