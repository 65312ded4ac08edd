"""Views: what a layer makes of a weight alone by moving its values around, such as the transpose of an embedding."""

from typing import Any

import keras
from keras.src import tree
from keras.src.backend.common.symbolic_scope import in_symbolic_scope


class ComputedError(Exception):
    """A `call` that computes with its weights alone, which a symbolic call would do at once, unseen."""


_FREE = frozenset(
    {
        "BroadcastTo", "Cast", "Concatenate", "ConvertToTensor", "Copy", "Diag", "Diagonal", "ExpandDims", "Flip",
        "FullLike", "GetItem", "Moveaxis", "OnesLike", "Pad", "Ravel", "Repeat", "Reshape", "Roll", "Slice", "Split",
        "Squeeze", "Stack", "StopGradient", "Swapaxes", "Take", "TakeAlongAxis", "Tile", "Transpose", "Tril", "Triu",
        "Unstack", "ZerosLike",
    }
)  # fmt: skip
"""Operations that compute nothing: done once, whatever the batch."""

_WITHOUT_SLOPE = frozenset({"FullLike", "OnesLike", "StopGradient", "ZerosLike"})
"""Those of them that no gradient passes."""


class _View(keras.Variable):
    """A variable whose values nobody may compute with: a function of the backend would do it at once, unseen."""

    @property
    def value(self) -> Any:
        if not in_symbolic_scope():
            raise ComputedError
        return super().value


class Views:
    """Stands in for what is made of weights alone: variables that have a shape, no value, and a weight behind them."""

    def __init__(self) -> None:
        self.behind: dict[int, tuple[Any, Any]] = {}

    def weight(self, variable: Any) -> Any:
        """The weight behind a variable, itself for one that is no view; `None` where no gradient gets there."""
        return self.behind.get(id(variable), (variable, variable))[1]

    def made(self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Stands in for what an operation makes of weights alone.

        Raises:
            ComputedError: it computes something, or of more than one weight.
        """
        kind = type(operation).__name__
        weights = {id(each): each for each in map(self.weight, variables_in(args, kwargs)) if each is not None}
        if kind not in _FREE or len(weights) > 1:
            raise ComputedError
        weight = None if kind in _WITHOUT_SLOPE else next(iter(weights.values()), None)
        args, kwargs = tree.map_structure(_symbolic, (args, kwargs))
        specs = operation.compute_output_spec(*args, **kwargs)
        return tree.map_structure(lambda spec: self._view(spec, weight), specs)

    def _view(self, spec: Any, weight: Any) -> Any:
        view = _View("zeros", shape=spec.shape, dtype=spec.dtype, name="view")
        self.behind[id(view)] = view, weight
        return view


def variables_in(*values: Any) -> list[Any]:
    """Returns the variables in a structure of arguments."""
    return [each for each in tree.flatten(values) if isinstance(each, keras.Variable)]


def _symbolic(value: Any) -> Any:
    return keras.KerasTensor(value.shape, value.dtype) if isinstance(value, keras.Variable) else value
