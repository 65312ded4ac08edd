"""Layers written in `keras.ops` are run on numbers that are no tensors: each operation is done by somebody else."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
from keras.src import backend, tree
from keras.src.ops import core, image, linalg, math, nn, numpy, operation
from keras.src.ops.operation import Operation

from keras_cnnstats.capture.lenient import replaced

_MODULES = (backend, core, image, linalg, math, nn, numpy, operation)


@contextmanager
def interpreted(is_ours: Callable[[Any], bool], interpret: Callable[..., Any]) -> Iterator[None]:
    """Hands operations over, inside.

    A layer that is called runs its `call`, and a function with a gradient of its own is that function.

    Args:
        is_ours: whether one of the arguments of an operation is such that it is handed over.
        interpret: does the operation that it is given, with its arguments.
    """

    def concerned(args: Any = None, kwargs: Any = None) -> bool:
        return any(map(is_ours, tree.flatten((args, kwargs))))

    def layer_called(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return layer.call(*args, **kwargs) if concerned(args, kwargs) else layer_call(layer, *args, **kwargs)

    def without_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args: function(*args)[0]

    layer_call = keras.layers.Layer.__call__
    with ExitStack() as stack:
        for module in _MODULES:
            stack.enter_context(replaced(module, any_symbolic_tensors=concerned))
        stack.enter_context(replaced(Operation, symbolic_call=interpret))
        stack.enter_context(replaced(keras.layers.Layer, __call__=layer_called))
        stack.enter_context(replaced(keras.ops, custom_gradient=without_gradient))
        yield
