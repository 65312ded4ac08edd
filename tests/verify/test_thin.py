"""Thin layers show what the wide ones show: the same positions are looked at, and what is wrong is found."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats.capture import capture
from keras_cnnstats.graph import Call, TensorSpec
from keras_cnnstats.verification import CONFIRMED, DIFFERS
from keras_cnnstats.verify import slopes
from keras_cnnstats.verify.gradient import check_fields
from keras_cnnstats.verify.slopes import Mask, looked_at, nothing
from keras_cnnstats.verify.thin import FEW, thinned
from keras_cnnstats.verify.twins import twin_of

WIDE, SAMPLES = 12, 3
IMAGE, SEQUENCE, VOLUME = (14, 11, WIDE), (23, WIDE), (6, 7, 5, WIDE)

ALIKE: dict[str, tuple[tuple[int, ...], Callable[[Any], Any]]] = {
    "convolution": (IMAGE, layers.Conv2D(8, 3, activation="relu")),
    "of an image": ((14, 11, 3), layers.Conv2D(16, 5, strides=2, padding="same")),
    "strides": (IMAGE, layers.Conv2D(8, (3, 2), strides=(2, 3), padding="same")),
    "dilation": (IMAGE, layers.Conv2D(8, 3, dilation_rate=2, padding="same")),
    "groups": (IMAGE, layers.Conv2D(24, 3, groups=3)),
    "a group for each channel": (IMAGE, layers.Conv2D(WIDE, 3, groups=WIDE, padding="same")),
    "causal": (SEQUENCE, layers.Conv1D(8, 3, dilation_rate=2, padding="causal")),
    "volumes": (VOLUME, layers.Conv3D(8, 2, strides=2)),
    "depthwise": (IMAGE, layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2)),
    "separable": (IMAGE, layers.SeparableConv2D(8, 3, padding="same")),
    "dense": (IMAGE, layers.Dense(16)),
    "batch normalization": (IMAGE, layers.BatchNormalization()),
    "layer normalization": (IMAGE, layers.LayerNormalization()),
    "activation": (IMAGE, layers.Activation("gelu")),
    "softmax": (IMAGE, layers.Activation("softmax")),
    "maximum": (IMAGE, layers.MaxPooling2D(3, strides=2, padding="same")),
    "mean": (IMAGE, layers.AveragePooling2D(2)),
    "global mean": (IMAGE, layers.GlobalAveragePooling2D()),
    "global maximum": (IMAGE, layers.GlobalMaxPooling2D(keepdims=True)),
    "padding": (IMAGE, layers.ZeroPadding2D(((1, 2), (0, 3)))),
    "cropping": (IMAGE, layers.Cropping2D(((1, 2), (0, 3)))),
    "a gate": (IMAGE, lambda x: layers.Multiply()([x, layers.GlobalAveragePooling2D(keepdims=True)(x)])),
    "one for all channels": (IMAGE, lambda x: layers.Multiply()([x, layers.Conv2D(1, 1)(x)])),
    "sum": (IMAGE, lambda x: layers.Add()([x, layers.ReLU()(x)])),
    "side by side": (IMAGE, lambda x: layers.Concatenate()([x, layers.Conv2D(2, 1)(x)])),
    "operations": (IMAGE, lambda x: ops.multiply(x, ops.relu(x)) + x),
}
"""Layers that have a thin one, and what they are fed."""

OTHERS: dict[str, tuple[tuple[int, ...], Callable[[Any], Any]]] = {
    "narrow": ((14, 11, FEW), layers.Conv2D(FEW, 3)),
    "channels first": ((WIDE, 14, 11), layers.AveragePooling2D(2, data_format="channels_first")),
    "another axis": (IMAGE, layers.BatchNormalization(axis=1)),
    "several axes": (IMAGE, layers.LayerNormalization(axis=(1, 2, 3))),
    "one above the other": (IMAGE, lambda x: layers.Concatenate(axis=1)([x, x])),
    "moved": (IMAGE, layers.Permute((2, 3, 1))),
    "with a constant": (IMAGE, lambda x: ops.add(x, np.ones(WIDE, "float32"))),
    "groups of an image": ((14, 11, 3), layers.Conv2D(WIDE, 3, groups=3)),
}
"""Calls whose channels are few, or stand elsewhere, or may not be alike."""


@contextmanager
def last_call(shape: tuple[int, ...], stack: Callable[[Any], Any]) -> Iterator[Call]:
    x = keras.Input(batch_shape=(SAMPLES, *shape))
    with capture(keras.Model(x, stack(x))) as graph:
        yield graph.calls[-1]


def some_of(spec: TensorSpec) -> Mask:
    """All channels of few positions, others in each sample."""
    found = nothing(spec)
    positions = np.random.default_rng(0).random((*found.shape[:-1], 1)) < 0.05
    positions[0, ..., :1] = True
    return found | positions


class OnlyThin(slopes._Probed):
    """What refuses to run at full width."""

    def __init__(self, call: Call, layer: Any, specs: Sequence[TensorSpec], wanted: Sequence[Mask]) -> None:
        assert max(spec.shape[-1] or 0 for spec in specs) <= FEW
        super().__init__(call, layer, specs, wanted)


@pytest.mark.parametrize("name", ALIKE)
def test_thin_one_looks_where_the_wide_one_looks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with last_call(*ALIKE[name]) as call:
        assert thinned(call, twin_of(call), call.specs) is not None
        wanted = [some_of(spec) for spec in call.results]
        wide = looked_at(call, call.specs, wanted)
        monkeypatch.setattr(slopes, "_Probed", OnlyThin)
        thin = looked_at(call, call.specs, [mask[..., :1] for mask in wanted])
    assert [mask.shape[-1] for mask in thin] == [1] * len(thin)
    assert all((few == many).all() for few, many in zip(thin, wide, strict=True))
    assert any(mask.any() for mask in thin)


@pytest.mark.parametrize("name", OTHERS)
def test_others_run_as_they_are(name: str) -> None:
    with last_call(*OTHERS[name]) as call:
        assert thinned(call, twin_of(call), call.specs) is None


def test_one_channel_shows_its_group() -> None:
    with last_call(IMAGE, layers.Conv2D(6, 3, groups=3)) as call:
        wanted = nothing(call.results[0])
        wanted[0, 4, 4, 2] = True
        (found,) = looked_at(call, call.specs, [wanted])
    assert np.flatnonzero(found.any(axis=(0, 1, 2))).tolist() == [4, 5, 6, 7]
    assert np.flatnonzero(found.any(axis=(0, 2, 3))).tolist() == [4, 5, 6]


# Networks that are wide


def wide() -> keras.Model:
    x = inputs = keras.Input((32, 32, 3))
    x = layers.Conv2D(16, 3, strides=2, padding="same", name="stem")(x)
    y = layers.Conv2D(16, 5, groups=4, padding="same", name="grouped")(x)
    y = layers.Conv2D(32, 1, activation="gelu")(layers.LayerNormalization()(y))
    gate = layers.Conv2D(32, 1, activation="sigmoid")(layers.GlobalAveragePooling2D(keepdims=True)(y))
    y = layers.Conv2D(16, 1, name="projected")(layers.Multiply(name="gated")([y, gate]))
    x = layers.Concatenate(name="merged")([x, layers.Add()([x, y])])
    x = layers.MaxPooling2D(2, name="pool")(layers.DepthwiseConv2D(3, padding="same", name="depthwise")(x))
    return keras.Model(inputs, x)


def test_every_field_of_a_wide_network_is_confirmed() -> None:
    keras.utils.clear_session()
    model = wide()
    found = check_fields(model, cnnstats.analyze(model))
    assert {check.verdict for check in found} == {CONFIRMED}


@pytest.mark.parametrize("axis", [0, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("change", [{"size": 1}, {"size": -1}, {"lo": -1}, {"jump": 1}], ids=str)
@pytest.mark.parametrize("layer", ["projected", "pool"])
def test_planted_error_is_found(layer: str, change: dict[str, int], axis: int) -> None:
    keras.utils.clear_session()
    model = wide()
    report = cnnstats.analyze(model)
    row = report[layer]
    field = row.local_fields[axis]
    mistaken = field._replace(**{name: getattr(field, name) + more for name, more in change.items()})
    wrong = row._replace(local_fields=tuple([mistaken if each == axis else row.local_fields[each] for each in (0, 1)]))
    planted = cnnstats.Report(report.header, tuple(wrong if each is row else each for each in report.rows))
    found = {check.quantity: check for check in check_fields(model, planted, [layer])}
    assert found["local_receptive_field"].verdict == DIFFERS
    assert found["local_receptive_field"].reason.startswith("hw"[axis])
