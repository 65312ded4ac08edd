"""What a distribution of Keras says of a model: the mesh, and how each weight and each output is divided."""

from typing import Any

import keras

from keras_cnnstats.capture.weights import variables_within
from keras_cnnstats.errors import DistributionError
from keras_cnnstats.placement import Axes, Layout, Placement


def placement_of(model: Any, distribution: Any = None) -> Placement | None:
    """Returns how a model lies on the devices of a mesh; `None` where nobody has asked for a distribution.

    Args:
        model: the model.
        distribution: a `keras.distribution.DataParallel` or `ModelParallel`; by default the one that is set.

    Raises:
        DistributionError: it is not one, it divides a weight along one axis twice, or into parts that are not equal.
    """
    distribution = keras.distribution.distribution() if distribution is None else distribution
    if distribution is None:
        return None
    if not isinstance(distribution, (keras.distribution.DataParallel, keras.distribution.ModelParallel)):
        raise DistributionError(
            "distribution: expected a keras.distribution.DataParallel or ModelParallel. Received: "
            f"{distribution!r} of type {type(distribution).__name__}."
        )
    mesh = dict(zip(distribution.device_mesh.axis_names, map(int, distribution.device_mesh.shape), strict=True))
    layers = [model, *model._flatten_layers(include_self=False)] if isinstance(model, keras.layers.Layer) else []
    outputs = {id(layer): _axes(distribution.get_tensor_layout(f"{layer.path}/output"), "") for layer in layers}
    return Placement(
        mesh=mesh,
        batch=distribution.batch_dim_name,
        layouts={id(each): _layout(each, distribution, mesh) for each in variables_within(model)} if layers else {},
        outputs={key: axes for key, axes in outputs.items() if axes},
    )


def _layout(variable: Any, distribution: Any, mesh: dict[str, int]) -> Layout:
    shape = tuple(variable.shape)
    axes = _axes(distribution.get_variable_layout(variable), variable.path)
    axes += (None,) * (len(shape) - len(axes))
    named = [axis for axis in axes if axis is not None]
    if len(axes) > len(shape) or len(set(named)) < len(named):
        raise DistributionError(
            f"distribution: expected a layout of `{variable.path}`, of shape {shape}, with at most one axis of the "
            f"mesh for each of its dimensions, and each axis once. Received: {axes}."
        )
    for size, axis in zip(shape, axes, strict=True):
        if axis is not None and size % mesh[axis]:
            raise DistributionError(
                f"distribution: `{variable.path}`, of shape {shape}, cannot be laid out as {axes}: {size} is no "
                f"multiple of the {mesh[axis]} devices along `{axis}`."
            )
    return Layout(shape, axes)


def _axes(layout: Any, path: str) -> Axes:
    if layout is None:
        return ()
    if not hasattr(layout, "axes"):
        raise DistributionError(
            f"distribution: expected a keras.distribution.TensorLayout of `{path}`. Received: {layout!r}."
        )
    return tuple(layout.axes)
