"""The graphs of a model and of the models nested in it, read call by call."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras
from keras.src import tree
from keras.src.ops.operation import Operation

from keras_cnnstats.capture.expand import CannotFollowError, followed, traced
from keras_cnnstats.capture.feeds import input_names
from keras_cnnstats.capture.models import function_of
from keras_cnnstats.capture.weights import adapted, weight_of, weights_of
from keras_cnnstats.errors import InputShapeError, ModelError
from keras_cnnstats.graph import Call, Graph, TensorSpec, Weight

_MIXERS = frozenset(
    {"reshape", "transpose", "swapaxes", "moveaxis", "concatenate", "stack", "ravel", "get_item", "einsum"}
)
"""Operations that may mix the batch axis with others: a model that has one is read at a batch size that is known."""

_OPERATION_NAMES = {
    "all_close": "allclose",
    "batch_norm": "batch_normalization",
    "ctcdecode": "ctc_decode",
    "ctcloss": "ctc_loss",
    "hsvto_rgb": "hsv_to_rgb",
    "is_in": "isin",
    "layer_norm": "layer_normalization",
    "rgbto_grayscale": "rgb_to_grayscale",
    "rgbto_hsv": "rgb_to_hsv",
    "rmsnorm": "rms_normalization",
    "search_sorted": "searchsorted",
    "view_op": "view",
}


class _Kind(NamedTuple):
    """What a class of operations is: a layer, a model, a leaf of the report; what rules are looked up by; its name."""

    is_layer: bool
    is_model: bool
    is_leaf: bool
    target: Any
    name: str


class Reader:
    """Walks the graphs of a model and of the models nested in it, and notes each call of a leaf."""

    def __init__(self, batch_size: int, is_known: Callable[[Any], bool]) -> None:
        self.batch_size = batch_size
        self.is_known = is_known
        self.tensors: list[TensorSpec] = []
        self.calls: list[Call] = []
        self.times_called: dict[int, int] = {}
        self.weights: dict[int, tuple[Weight, ...]] = {}
        self.kinds: dict[type, _Kind] = {}
        self.followed: set[str] = set()
        self.times_named: dict[str, int] = {}

    def read(self, model: Any, function: Any, feeds: list[TensorSpec]) -> Graph:
        """Returns the graph of a model that only runs the graph of `function`."""
        if _mixes_batch(function):
            feeds = [self._with_batch(feed) for feed in feeds]
        inputs = tuple(self._new_tensor(feed) for feed in feeds)
        outputs = self._read_function(function, inputs, "", getattr(model, "trainable", True))
        is_open = any(tensor.shape[:1] == (None,) for tensor in function.inputs)
        return self._graph(model, inputs, input_names(function), outputs, is_open)

    def read_written(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Graph:
        """Returns the graph of a model that writes its own `call`, followed on the tensors in its arguments."""
        tensors = tree.flatten((args, kwargs))
        inputs = tuple(self._new_tensor(TensorSpec(tuple(tensor.shape), tensor.dtype)) for tensor in tensors)
        try:
            function = traced(model, tensors, args, kwargs)
        except CannotFollowError as reason:
            raise ModelError(
                f"model `{model.name}`: the call of `{type(model).__name__}` cannot be followed ({reason}). "
                "Write it in keras.ops, or build the model functionally: keras.Model(inputs, outputs)."
            ) from reason
        self.followed.add("")
        outputs = self._read_function(function, inputs, "", model.trainable)
        return self._graph(model, inputs, input_names(function), outputs, is_open=True)

    def _graph(
        self, model: Any, inputs: tuple[int, ...], names: list[str], outputs: tuple[int, ...], is_open: bool
    ) -> Graph:
        owned = {weight.key for weights in self.weights.values() for weight in weights}
        rest = [weight for weight in getattr(model, "weights", ()) if id(weight) not in owned]
        return Graph(
            name=model.name,
            dtype=getattr(model, "compute_dtype", None) or keras.config.floatx(),
            inputs=inputs,
            input_names=tuple(names),
            outputs=outputs,
            tensors=tuple(self.tensors),
            calls=tuple(self.calls),
            weights=tuple(weight_of(weight, getattr(model, "trainable", True)) for weight in rest),
            batch_size=self.batch_size,
            batch_is_open=is_open,
            channels_first=keras.config.image_data_format() == "channels_first",
        )

    def _new_tensor(self, spec: TensorSpec) -> int:
        self.tensors.append(spec)
        return len(self.tensors) - 1

    def _read_function(self, function: Any, feeds: tuple[int, ...], prefix: str, trainable: bool) -> tuple[int, ...]:
        """Notes the calls of a graph that is fed the tensors `feeds`; returns the tensors it makes."""
        numbers = {id(tensor): number for tensor, number in zip(function.inputs, feeds, strict=True)}
        for node in _nodes(function):
            sources = tuple([numbers[id(tensor)] for tensor in node.input_tensors])
            made = self._read_node(node, sources, prefix, trainable)
            for tensor, number in zip(node.outputs, made, strict=True):
                numbers[id(tensor)] = number
        return tuple(numbers[id(tensor)] for tensor in function.outputs)

    def _read_node(self, node: Any, sources: tuple[int, ...], prefix: str, trainable: bool) -> tuple[int, ...]:
        operation = node.operation
        kind = self._kind(operation)
        path = self._path(operation, prefix, kind)
        trainable = trainable and getattr(operation, "trainable", True)
        inner = function_of(operation) if kind.is_model else None
        if inner is not None and len(inner.inputs) == len(sources):
            return self._read_function(inner, sources, f"{path}/", trainable)
        note = ""
        if not kind.is_leaf:
            try:
                return self._follow(node, sources, path, trainable)
            except CannotFollowError as reason:
                note = f"its call cannot be followed ({reason}): write it in keras.ops"
        if self._is_as_built(node, sources):
            results = [TensorSpec(tuple(tensor.shape), tensor.dtype) for tensor in node.outputs]
        else:
            results = self._infer(node, sources, path)
        if isinstance(operation, keras.layers.EinsumDense):
            results = [_completed(operation.equation, self.tensors[sources[0]], results[0])]
        outputs = tuple(self._new_tensor(spec) for spec in results)
        self.calls.append(self._call(node, kind, path, sources, outputs, tuple(results), trainable, note))
        return outputs

    def _follow(self, node: Any, sources: tuple[int, ...], path: str, trainable: bool) -> tuple[int, ...]:
        """Notes the calls inside a layer that writes its own `call`, at a batch size that is known."""
        numbers = dict(zip(map(id, node.input_tensors), sources, strict=True))
        specs = {key: self._with_batch(self.tensors[number]) for key, number in numbers.items()}
        with followed(node.operation, node, specs) as function:
            if len(function.outputs) != len(node.outputs):
                raise CannotFollowError("it returns another number of tensors when it is called again")
            self.followed.add(f"{path}/")
            return self._read_function(function, tuple(numbers.values()), f"{path}/", trainable)

    def _with_batch(self, spec: TensorSpec) -> TensorSpec:
        return TensorSpec((self.batch_size, *spec.shape[1:]), spec.dtype) if spec.shape[:1] == (None,) else spec

    def _call(
        self,
        node: Any,
        kind: "_Kind",
        path: str,
        sources: tuple[int, ...],
        outputs: tuple[int, ...],
        results: tuple[TensorSpec, ...],
        trainable: bool,
        note: str,
    ) -> Call:
        operation = node.operation
        nth = self.times_called.get(id(operation), 0)
        self.times_called[id(operation)] = nth + 1
        if not nth:
            self.weights[id(operation)] = weights_of(operation if kind.is_layer else node, trainable)
        specs = tuple([self.tensors[number] for number in sources])
        args, kwargs = _arguments(node, specs)
        return Call(
            path=path,
            type=kind.name,
            nth=nth,
            layer=operation,
            target=kind.target,
            inputs=sources,
            outputs=outputs,
            specs=specs,
            results=results,
            args=args,
            kwargs=kwargs,
            weights=self.weights.get(id(operation), ()),
            channels_first=_channels_first(operation),
            note=note,
            adapted=adapted(operation),
        )

    def _kind(self, operation: Any) -> "_Kind":
        """What a class of operations is, asked once for each class."""
        cls = type(operation)
        kind = self.kinds.get(cls)
        if kind is None:
            is_layer = issubclass(cls, keras.layers.Layer)
            target = cls if is_layer else _public_function(cls)
            kind = self.kinds[cls] = _Kind(
                is_layer=is_layer,
                is_model=issubclass(cls, (keras.Model, keras.Function)),
                is_leaf=not is_layer or self.is_known(cls),
                target=target,
                name=cls.__name__ if is_layer else getattr(target, "__name__", cls.__name__),
            )
        return kind

    def _path(self, operation: Any, prefix: str, kind: "_Kind") -> str:
        if kind.is_layer or prefix not in self.followed:
            return f"{prefix}{operation.name}"
        # Keras numbers operations through the whole process; inside a layer they are numbered by themselves.
        name = f"{prefix}{_snake_case(type(operation).__name__)}"
        times = self.times_named.get(name, 0)
        self.times_named[name] = times + 1
        return f"{name}_{times}" if times else name

    def _is_as_built(self, node: Any, sources: tuple[int, ...]) -> bool:
        """Whether the shapes that Keras inferred when the call was made hold: it is fed what it was fed then."""
        for tensor, number in zip(node.input_tensors, sources, strict=True):
            now, then = self.tensors[number].shape, tensor.shape
            if now != then and (now[1:] != then[1:] or now[:1] != (None,) or then[0] != self.batch_size):
                return False
        return True

    def _infer(self, node: Any, sources: tuple[int, ...], path: str) -> list[TensorSpec]:
        fresh = iter([keras.KerasTensor(spec.shape, spec.dtype) for spec in (self.tensors[i] for i in sources)])
        arguments = node.arguments
        filled = {id(tensor): next(fresh) for tensor in arguments.keras_tensors}
        args, kwargs = arguments.fill_in(filled)
        try:
            made = node.operation.compute_output_spec(*args, **kwargs)
        except Exception as error:
            shapes = ", ".join(str(self.tensors[i].shape) for i in sources)
            raise InputShapeError(
                f"{path}: the layer does not accept the shapes that this input gives it ({shapes}). Keras says: {error}"
            ) from error
        return [TensorSpec(tuple(tensor.shape), tensor.dtype) for tensor in tree.flatten(made)]


def _nodes(function: Any) -> Iterator[Any]:
    """The calls of a graph in execution order; those that could run side by side in the order of `model.summary()`."""
    order = {id(operation): place for place, operation in enumerate(function._operations)}
    for depth in sorted(function._nodes_by_depth, reverse=True):
        for node in sorted(function._nodes_by_depth[depth], key=lambda node: order[id(node.operation)]):
            if not node.is_input:
                yield node


def _mixes_batch(function: Any) -> bool:
    """Whether some operation between the layers may move samples, so that the batch size has to be known."""
    for operation in function._operations:
        if isinstance(operation, keras.layers.Layer):
            inner = function_of(operation)
            if inner is not None and _mixes_batch(inner):
                return True
        elif _snake_case(type(operation).__name__) in _MIXERS:
            return True
    return False


def _completed(equation: str, fed: TensorSpec, made: TensorSpec) -> TensorSpec:
    """An einsum's output with the sizes that its input has, where the user left them open."""
    if None not in made.shape[1:]:
        return made
    source, result = equation.replace(" ", "").split(",")[0], equation.replace(" ", "").split("->")[1]
    if "..." in source:
        return made
    sizes = dict(zip(source, fed.shape, strict=True))
    shape = [sizes.get(letter) if size is None else size for letter, size in zip(result, made.shape, strict=True)]
    return TensorSpec(tuple(shape), made.dtype)


def _channels_first(operation: Any) -> bool:
    return getattr(operation, "data_format", None) == "channels_first"


def _arguments(node: Any, specs: tuple[TensorSpec, ...]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call, each tensor, variable and array in them as its spec."""
    arguments = node.arguments
    tensors = arguments.keras_tensors
    if len(arguments.args) == 1 and not arguments.kwargs:
        # The quick way for nearly all calls: one tensor, or one list of tensors.
        (only,) = arguments.args
        if only is tensors[0]:
            return specs, {}
        if isinstance(only, (list, tuple)) and len(only) == len(tensors):
            return (specs,), {}
    by_tensor = {id(tensor): spec for tensor, spec in zip(tensors, specs, strict=True)}

    def described(value: Any) -> Any:
        if id(value) in by_tensor:
            return by_tensor[id(value)]
        if hasattr(value, "shape") and hasattr(value, "dtype"):
            return TensorSpec(tuple(value.shape), str(value.dtype))
        return value

    args = tree.map_structure(described, arguments.args)
    kwargs = tree.map_structure(described, arguments.kwargs)
    return args, kwargs


def _public_function(operation_class: type) -> Any:
    """The function of `keras.ops` that makes operations of a class; the class itself where there is none."""
    if not issubclass(operation_class, Operation) or not operation_class.__module__.startswith("keras.src.ops"):
        return operation_class
    name = _snake_case(operation_class.__name__)
    name = _OPERATION_NAMES.get(name, name)
    return getattr(keras.ops, name, None) or getattr(keras.ops.image, name, operation_class)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
