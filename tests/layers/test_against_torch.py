"""Outputs and all gradients are those of PyTorch: as they were stored, and where it is installed, as it gives them."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.layers.configurations import WITH_TORCH, Configuration
from tests.layers.make_torch_fixtures import PATH
from tests.layers.running import Values, assert_equal, each, run, weights_like
from tests.layers.torch_values import torch_values


@cache
def fixtures() -> dict[str, Any]:
    with np.load(PATH) as arrays:
        return dict(arrays)


def fixture(configuration: Configuration) -> Values:
    prefix = f"{configuration}/gradient"
    gradients = [array for name, array in fixtures().items() if name.startswith(prefix)]
    return Values(fixtures()[f"{configuration}/output"], gradients)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@each(WITH_TORCH)
def test_outputs_and_gradients_are_those_that_torch_gave(configuration: Configuration, dtype: str) -> None:
    layer = configuration.built(dtype)
    layer.set_weights(weights_like(layer, configuration.seed))
    assert_equal(run(layer, configuration.numbers()), fixture(configuration), dtype)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("configuration", WITH_TORCH, ids=str)
def test_torch_gives_what_is_stored(configuration: Configuration) -> None:
    pytest.importorskip("torch", reason="the values that it gave are stored, and held against in the other test")
    assert_equal(torch_values(configuration), fixture(configuration), "float64")


def test_the_fixture_has_just_the_table() -> None:
    assert {name.split("/")[0] for name in fixtures()} == {str(configuration) for configuration in WITH_TORCH}
