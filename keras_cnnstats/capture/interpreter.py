"""Layers written in `keras.ops` are run on numbers that are no tensors: a stand-in for the backend computes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

import keras
from keras.src import backend, tree
from keras.src.activations import activations
from keras.src.ops import core, image, linalg, math, nn, numpy

from keras_cnnstats.capture.lenient import replaced

_MODULES = (activations, core, image, linalg, math, nn, numpy)


@contextmanager
def interpreted(is_ours: Callable[[Any], bool], functions: Mapping[str, Callable[..., Any]]) -> Iterator[None]:
    """Hands the functions that `keras.ops` calls of the backend over, inside, where they are called with our numbers.

    A layer that is called with them runs its `call`, and a function with a gradient of its own is that function.

    Args:
        is_ours: whether one of the arguments of a function is such that it is handed over.
        functions: what does it, by the name of the backend's function.

    Raises:
        NotImplementedError: the backend is called with our numbers for what none of `functions` does.
    """

    def concerned(*args: Any, **kwargs: Any) -> bool:
        return any(map(is_ours, tree.flatten((args, kwargs))))

    def layer_called(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return layer.call(*args, **kwargs) if concerned(args, kwargs) else layer_call(layer, *args, **kwargs)

    layer_call = keras.layers.Layer.__call__
    stand_in = _StandIn(backend, concerned, functions)
    with ExitStack() as stack:
        for module in _MODULES:
            stack.enter_context(replaced(module, backend=stand_in))
        stack.enter_context(replaced(keras.layers.Layer, __call__=layer_called))
        yield


class _StandIn:
    """A backend, or one of its modules, whose functions are ours where they are called with our numbers."""

    def __init__(self, real: Any, concerned: Callable[..., bool], functions: Mapping[str, Callable[..., Any]]) -> None:
        self._real = real
        self._concerned = concerned
        self._functions = functions

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name == "custom_gradient":
            return _without_gradient
        if isinstance(found, ModuleType):
            return _StandIn(found, self._concerned, self._functions)
        is_computing = isinstance(self._real, ModuleType) and self._real is not backend
        return self._either(name, found) if is_computing or name in self._functions else found

    def _either(self, name: str, real: Any) -> Any:
        def function(*args: Any, **kwargs: Any) -> Any:
            if not self._concerned(*args, **kwargs):
                return real(*args, **kwargs)
            if name not in self._functions:
                raise NotImplementedError(name)
            return self._functions[name](*args, **kwargs)

        return function


def _without_gradient(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: function(*args)[0]
