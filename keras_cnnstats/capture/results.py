"""The shapes of what a call makes: as Keras noted them when the call was made, or inferred anew for other sizes."""

from typing import Any

import keras
from keras.src import tree

from keras_cnnstats.capture.arguments import spec_of, specs_of
from keras_cnnstats.capture.lenient import completed
from keras_cnnstats.capture.state import quietly
from keras_cnnstats.errors import InputShapeError
from keras_cnnstats.graph import TensorSpec

Specs = tuple[TensorSpec, ...]


class Results:
    """What calls make, for a batch size, and for sizes that the user has asked for or not."""

    def __init__(self, batch_size: int, asked: bool) -> None:
        self.batch_size = batch_size
        self.asked = asked

    def of(self, node: Any, specs: Specs, path: str) -> Specs:
        """What a call makes, as the layer says."""
        results = specs_of(node.outputs) if self.are_as_built(node, specs) else self._infer(node, specs, path)
        if isinstance(node.operation, keras.layers.EinsumDense):
            fed, made = specs[0], results[0]
            results = (made._replace(shape=completed(node.operation.equation, fed.shape, made.shape)),)
        return results

    def are_as_built(self, node: Any, specs: Specs) -> bool:
        """Whether the shapes that Keras inferred when the call was made hold: it is fed what it was fed then."""
        for tensor, spec in zip(node.arguments.keras_tensors, specs, strict=True):
            now, then = spec.shape, tensor._shape
            if now is then or now == then:
                continue
            if now[1:] != then[1:] or now[:1] != (None,) or then[0] != self.batch_size:
                return False
        return True

    def _infer(self, node: Any, specs: Specs, path: str) -> Specs:
        try:
            return tuple(said_of_shapes(node, specs) or _inferred(node, specs))
        except Exception as error:
            if not self.asked:
                # Nobody asked for other sizes than the layer was built for: it cannot say at a known batch size.
                return tuple([self.with_batch(spec_of(tensor)) for tensor in node.outputs])
            shapes = ", ".join(str(spec.shape) for spec in specs)
            raise InputShapeError(
                f"{path}: the layer does not accept the shapes that this input gives it ({shapes}). Keras says: {error}"
            ) from error

    def with_batch(self, spec: TensorSpec) -> TensorSpec:
        """The same tensor at the batch size that is asked for, where it was left open."""
        return TensorSpec((self.batch_size, *spec.shape[1:]), spec.dtype) if spec.shape[:1] == (None,) else spec


def _inferred(node: Any, specs: Specs) -> list[TensorSpec]:
    """What a call makes of tensors, by Keras' own inference."""
    # A name of their own, which Keras would otherwise make up for each.
    fresh = iter([keras.KerasTensor(spec.shape, spec.dtype, name="fed") for spec in specs])
    arguments = node.arguments
    filled = {id(tensor): next(fresh) for tensor in arguments.keras_tensors}
    args, kwargs = arguments.fill_in(filled)
    with quietly():
        made = tree.flatten(node.operation.compute_output_spec(*args, **kwargs))
    return [spec_of(tensor) for tensor in made]


def said_of_shapes(node: Any, specs: Specs) -> list[TensorSpec] | None:
    """What one of Keras' own layers makes of one tensor, or of one list of them, as it says of their shapes alone.

    That is what the inference comes to in the end, a dozen times as quick; `None` where there is more to a call.
    """
    layer, arguments, base = node.operation, node.arguments.args, keras.layers.Layer
    kind = type(layer)
    is_said = (
        kind.__module__.startswith("keras.src.layers.")
        and kind.compute_output_spec is base.compute_output_spec
        and kind.compute_output_shape is not base.compute_output_shape
    )
    if not is_said or len(arguments) != 1 or len(node.arguments.keras_tensors) != len(specs):
        return None
    (given,) = arguments
    if isinstance(given, list) and len(given) == len(specs):
        shape = layer.compute_output_shape([spec.shape for spec in specs])
    elif isinstance(given, keras.KerasTensor) and len(specs) == 1:
        shape = layer.compute_output_shape(specs[0].shape)
    else:
        return None
    is_one = isinstance(shape, tuple) and all(size is None or isinstance(size, int) for size in shape)
    return [TensorSpec(shape, layer.compute_dtype)] if is_one else None


def says_its_shape(layer: Any) -> bool:
    """Returns whether a layer says itself which shape it makes, so that it may be another one than it does make."""
    base = keras.layers.Layer
    return (
        type(layer).compute_output_shape is not base.compute_output_shape
        or type(layer).compute_output_spec is not base.compute_output_spec
    )
