"""How each layer of a head is done on a map, which stands for the vector that the original has there."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keras import layers

from keras_cnnstats.capture.steps import Step
from keras_cnnstats.equivalence.copies import Copies
from keras_cnnstats.equivalence.dense import check_dense, mixes_units, over_channels, over_map
from keras_cnnstats.equivalence.flow import Flow
from keras_cnnstats.equivalence.heads import AVERAGES, MAXIMA
from keras_cnnstats.errors import ModelError

POOLINGS = {
    **dict(zip(AVERAGES, (layers.AveragePooling1D, layers.AveragePooling2D, layers.AveragePooling3D), strict=True)),
    **dict(zip(MAXIMA, (layers.MaxPooling1D, layers.MaxPooling2D, layers.MaxPooling3D), strict=True)),
}

ON_EACH_VALUE = (
    layers.Dropout, layers.AlphaDropout, layers.GaussianDropout, layers.GaussianNoise, layers.ActivityRegularization,
    layers.Identity, layers.ReLU, layers.LeakyReLU, layers.ELU,
)  # fmt: skip

ALONG_AN_AXIS = (
    layers.Softmax, layers.BatchNormalization, layers.LayerNormalization, layers.RMSNormalization,
    layers.UnitNormalization,
)  # fmt: skip


def turned(path: str, step: Step, flow: Flow, outputs: Sequence[Any], copies: Copies) -> Flow:
    """Returns what a step of the head makes, done on a map.

    Args:
        path: where the step's layer is.
        step: the step in the original.
        flow: what it is given.
        outputs: shape of what it makes in the original.
        copies: the layers made so far.

    Raises:
        ModelError: it cannot be done on a map.
    """
    layer = step.operation
    _check(path, step, flow)
    if type(layer) in POOLINGS:
        return _pooled(path, layer, flow, copies)
    if type(layer) in (layers.Flatten, layers.Reshape):
        return _reshaped(path, layer, flow, outputs)
    if isinstance(layer, layers.Dense) and flow.flattened is not None:
        return _dense(path, layer, flow, copies)
    args, kwargs = step.arguments({id(step.inputs[0]): flow.tensor})
    changes = {} if flow.flattened is None else _changes(path, layer, flow)
    tensor = copies.called(path, layer, args, kwargs, **changes)
    return replace(flow, tensor=tensor, shape=tuple(outputs) if flow.flattened is None else flow.shape, in_head=True)


def _check(path: str, step: Step, flow: Flow) -> None:
    """Refuses a map that no window of a known size can slide over."""
    if None in flow.shape[1:]:
        raise ModelError(
            f"{path}: expected a map of a known size, on which the head was trained. Received: {flow.shape}. Build the "
            "model with an input of that size."
        )
    if not flow.in_head and None not in flow.tensor.shape[1:]:
        raise ModelError(
            f"{path}: expected a map whose size follows that of the input. Received: {tuple(flow.tensor.shape)}, which "
            "a layer before it fixes, such as `Resizing` or `Reshape`. Put that before the model."
        )
    if step.is_masked and not isinstance(step.operation, (layers.Flatten, layers.Reshape)):
        raise ModelError(f"{path}: its input is masked, which a window is not. Take the mask away before the head.")
    if len(step.outputs) != 1:
        raise ModelError(f"{path}: expected one output in the head. Received: {len(step.outputs)}. Take it out of it.")


def _changes(path: str, layer: Any, flow: Flow) -> dict[str, Any]:
    """Which arguments a layer on vectors needs anew, so that it does the same at each position of a map."""
    kind = type(layer)
    if _is_on_each_value(layer):
        return {}
    if not flow.is_one_position:
        raise ModelError(
            f"{path}: `{kind.__name__}` treats the places of a flattened map {flow.shape[1:]} unlike each other, which "
            "no window does. Put it before the map is flattened, or behind the first dense layer."
        )
    if kind in ALONG_AN_AXIS and layer.axis in (-1, 1, [-1], [1], (-1,), (1,)):
        return {"axis": flow.channel_axis if isinstance(layer.axis, int) else [flow.channel_axis]}
    if kind is layers.PReLU:
        return {"shared_axes": [axis for axis in range(1, len(flow.shape)) if axis != flow.channel_axis]}
    if kind is layers.Activation:
        return {"activation": over_channels(layer, flow.data_format)}
    raise ModelError(
        f"{path}: expected a layer that can be done at each position of a map: a dense layer, an activation, dropout, "
        f"noise, a normalisation of the units. Received: `{kind.__name__}`. Take it out of the head, or put it behind "
        "the converted model."
    )


def _is_on_each_value(layer: Any) -> bool:
    if type(layer) is layers.Activation:
        return not mixes_units(layer.activation)
    return type(layer) in ON_EACH_VALUE and getattr(layer, "noise_shape", None) is None


def _pooled(path: str, layer: Any, flow: Flow, copies: Copies) -> Flow:
    """A pooling over all positions: over windows of the size that it was trained on."""
    flow = replace(flow, data_format=layer.data_format)

    def over_windows() -> Any:
        return POOLINGS[type(layer)](
            flow.positions, strides=1, data_format=layer.data_format, name=layer.name, dtype=layer.dtype_policy
        )

    tensor = copies.replaced(path, layer, over_windows, flow.tensor, flow.positions)
    return flow.with_channels(tensor, flow.shape[flow.channel_axis], None if layer.keepdims else flow.data_format)


def _reshaped(path: str, layer: Any, flow: Flow, outputs: Sequence[Any]) -> Flow:
    """A map that becomes a vector, or a vector that becomes a map of one position: nothing is done on the map."""
    if len(outputs) == 2:
        stored = getattr(layer, "data_format", "channels_last")
        return replace(flow, flattened=flow.flattened or stored, in_head=True)
    if flow.is_one_position and flow.flattened and tuple(outputs[1:]) == flow.shape[1:]:
        return replace(flow, flattened=None)
    raise ModelError(
        f"{path}: a `Reshape` in the head is expected to make a vector of a map, or a map of one position of a vector. "
        f"Received: output shape {tuple(outputs)}. Take it out of the head."
    )


def _dense(path: str, layer: Any, flow: Flow, copies: Copies) -> Flow:
    """A dense layer: a convolution with kernels as large as the map that was flattened."""
    check_dense(layer)

    def convolution() -> Any:
        return over_map(layer, flow.shape, flow.data_format, flow.flattened or flow.data_format)

    tensor = copies.replaced(path, layer, convolution, flow.tensor, flow.positions)
    return flow.with_channels(tensor, layer.units, flow.data_format)
