"""Outputs and all gradients are those of the layers of Keras, over the table of configurations."""

from typing import Any

import keras
import numpy as np
import pytest

from tests.layers.configurations import WITH_TWIN, Configuration, arranged
from tests.layers.running import Values, assert_equal, each, run, upstream, weights_like

OF_TWINS: dict[tuple[str, str], Values] = {}
"""What was computed already: both data formats have the same twin."""


def of_twin(configuration: Configuration, dtype: str) -> Values:
    """What Keras computes, channels last: TensorFlow's kernels for the CPU know nothing else."""
    key = str(configuration).removesuffix("-first"), dtype
    if key not in OF_TWINS:
        OF_TWINS[key] = _computed(configuration, dtype)
    return OF_TWINS[key]


def _computed(configuration: Configuration, dtype: str) -> Values:
    # TensorFlow has no maximum over volumes in float64; of the numbers in this table, float32 loses nothing.
    twin = configuration.twin("float32" if configuration.layer == "ReferenceMaxPooling3D" else dtype)
    x = configuration.numbers()
    twin.build(x.shape)
    twin.set_weights(weights_like(twin, configuration.seed))
    return run(twin, x, compiled=_lacks_a_kernel(configuration) or None)


def _lacks_a_kernel(configuration: Configuration) -> bool:
    """Whether TensorFlow computes it on the CPU only when XLA compiles it."""
    arguments, layer = configuration.arguments, configuration.layer
    dilated = "Transpose" in layer and "dilation_rate" in arguments
    return "groups" in arguments or dilated or layer.endswith("Pooling3D")


def of_reference(configuration: Configuration, dtype: str) -> Values:
    """What the reference layer computes, in its own data format, with the channels put last again."""
    layer = configuration.built(dtype)
    layer.set_weights(weights_like(layer, configuration.seed))
    x = arranged(configuration.numbers(), configuration.data_format)
    shape = layer.compute_output_shape(x.shape)
    back = arranged(upstream(_last(shape, configuration)), configuration.data_format)
    output, (towards_x, *others) = run(layer, x, back)
    assert output.shape == tuple(shape)
    if configuration.data_format == "channels_first":
        output, towards_x = np.moveaxis(output, 1, -1), np.moveaxis(towards_x, 1, -1)
    return Values(output, [towards_x, *others])


def _last(shape: Any, configuration: Configuration) -> tuple[int, ...]:
    batch, *rest = shape
    return (batch, *rest[1:], rest[0]) if configuration.data_format == "channels_first" else tuple(shape)


def test_the_table_has_two_hundred_configurations() -> None:
    assert len({str(configuration) for configuration in WITH_TWIN}) == len(WITH_TWIN) >= 200


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.slow)])
@each(WITH_TWIN)
def test_outputs_and_gradients_are_those_of_keras(
    configuration: Configuration, dtype: str, request: pytest.FixtureRequest
) -> None:
    if keras.backend.backend() == "torch" and str(configuration).startswith("ReferenceAveragePooling3D-same"):
        reason = "on PyTorch, Keras' own mean over volumes is not the one that it gives on the other backends"
        request.applymarker(pytest.mark.xfail(reason=reason))
    assert_equal(of_reference(configuration, dtype), of_twin(configuration, dtype), dtype)
