"""The graphs of a model and of the models nested in it, read call by call."""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import keras
from keras.src import tree

from keras_cnnstats.capture.adapted import adapted, roles
from keras_cnnstats.capture.arguments import are_plain, arguments_of, implied_masks, masks_of, spec_of, stored_note
from keras_cnnstats.capture.expand import CannotFollowError, Constant, Keeper, check_shapes, measured, traced
from keras_cnnstats.capture.feeds import input_names, missing_inputs
from keras_cnnstats.capture.lenient import lenient
from keras_cnnstats.capture.models import function_of
from keras_cnnstats.capture.operations import Kind, Kinds, mixes_batch, snake_case
from keras_cnnstats.capture.results import Results, says_its_shape
from keras_cnnstats.capture.state import quietly
from keras_cnnstats.capture.views import Views
from keras_cnnstats.capture.weights import multiplied_in, variables_within, weight_of, weights_given, weights_of
from keras_cnnstats.errors import CNNStatsError, ModelError
from keras_cnnstats.graph import Call, Graph, TensorSpec, Weight
from keras_cnnstats.measure import backend_name
from keras_cnnstats.primitives.measured import Measured
from keras_cnnstats.units import Work


class Reader:
    """Walks the graphs of a model and of the models nested in it, and notes each call of a leaf."""

    def __init__(self, model: Any, batch_size: int, is_known: Callable[[Any], bool], asked: bool) -> None:
        self.model = model
        self.batch_size = batch_size
        self.results = Results(batch_size, asked)
        self.keeper = Keeper()
        self.views = Views()
        self.tensors: list[TensorSpec] = []
        self.calls: list[Call] = []
        self.times_called: dict[int, int] = {}
        self.weights: dict[int, tuple[Weight, ...]] = {}
        self.kinds = Kinds(is_known)
        self.followed: set[str] = set()
        self.times_named: dict[str, int] = {}
        self.uncounted: list[int] = []
        self.held = _held(model)

    def read(self, function: Any, feeds: list[TensorSpec]) -> Graph:
        """Returns the graph of a model that only runs the graph of `function`."""
        if mixes_batch(function):
            feeds = [self.results.with_batch(feed) for feed in feeds]
        inputs = tuple(self._new_tensor(feed) for feed in feeds)
        outputs = self._read_function(function, inputs, "", getattr(self.model, "trainable", True))
        is_open = any(tensor.shape[:1] == (None,) for tensor in function.inputs)
        return self._graph(inputs, input_names(function), outputs, is_open)

    def read_written(self, feeds: list[tuple[tuple[Any, ...], dict[str, Any]]]) -> Graph:
        """Returns the graph of a model that writes its own `call`.

        Args:
            feeds: arguments of a call, symbolic tensors in them; several where it is open of which dtype they are.
        """
        model = self.model
        self.keeper.keep(model)
        function, tensors, reason = None, [], CannotFollowError("")
        for args, kwargs in feeds:
            tensors = tree.flatten((args, kwargs))
            try:
                function = traced(model, tensors, args, kwargs, self.views, self.keeper)
                break
            except CannotFollowError as error:
                # What is said of the first is said of what the user gave.
                reason = error if not reason.args[0] else reason
        if function is None:
            return self._read_whole(*feeds[0], reason)
        inputs = tuple(self._new_tensor(spec_of(tensor)) for tensor in tensors)
        self.followed.add("")
        outputs = self._read_function(function, inputs, "", model.trainable)
        return self._graph(inputs, input_names(function), outputs, is_open=True)

    def _read_whole(self, args: tuple[Any, ...], kwargs: dict[str, Any], reason: CannotFollowError) -> Graph:
        """The graph of a model that cannot be followed: one call, which the backend counts."""
        model, tensors = self.model, tree.flatten((args, kwargs))
        try:
            work, shapes = measured(model, model.variables, args, kwargs)
        except CannotFollowError:
            raise ModelError(
                f"model `{model.name}`: the call of `{type(model).__name__}` cannot be followed ({reason}). "
                f"{missing_inputs(model, args, kwargs) or _WRITE_IT}"
            ) from reason
        if work is None:
            raise ModelError(
                f"model `{model.name}`: the call of `{type(model).__name__}` cannot be followed ({reason}), and "
                f"counted by {backend_name()} only where all sizes are known: pass input_shape= without None."
            ) from reason
        inputs = tuple(self._new_tensor(spec_of(tensor)) for tensor in tensors)
        results = tuple(TensorSpec(shape, model.compute_dtype) for shape in shapes)
        outputs = tuple(self._new_tensor(spec) for spec in results)
        weights = weights_of(model, model.trainable)
        self.weights[id(model)] = weights
        self.calls.append(
            Call(
                path=model.name,
                type=type(model).__name__,
                layer=model,
                target=type(model),
                inputs=inputs,
                outputs=outputs,
                specs=tuple(map(spec_of, tensors)),
                results=results,
                weights=weights,
                note=f"counted by {backend_name()}: its call cannot be followed ({reason})",
                measured=_with_weights(Measured(counted=work), weights),
            )
        )
        return self._graph(inputs, [tensor.name for tensor in tensors], outputs, is_open=True)

    def read_applied(self, function: Any, specs: Sequence[TensorSpec]) -> tuple[Call, ...]:
        """Returns the calls that a plain Python function makes of tensors."""
        fed = [keras.Input(batch_shape=spec.shape, dtype=spec.dtype) for spec in specs]
        try:
            with quietly(), lenient(self.views, self.keeper.noted):
                graph = keras.Function(fed, tree.flatten(function(*fed)))
        except Exception as error:
            raise CannotFollowError(f"{type(error).__name__}: {error}") from error
        self._read_function(graph, tuple([self._new_tensor(spec) for spec in specs]), "", trainable=False)
        return tuple(self.calls)

    def _graph(self, inputs: tuple[int, ...], names: list[str], outputs: tuple[int, ...], is_open: bool) -> Graph:
        model = self.model
        owned = {weight.key for weights in self.weights.values() for weight in weights}
        # Following a layer may have made it build more.
        held = self.held if not self.followed else _held(model)
        rest = [weight for weight in held if id(weight) not in owned]
        known = roles(model) if rest and isinstance(model, keras.layers.Layer) else {}
        return Graph(
            name=model.name,
            dtype=getattr(model, "compute_dtype", None) or keras.config.floatx(),
            inputs=inputs,
            input_names=tuple(names),
            outputs=outputs,
            tensors=tuple(self.tensors),
            calls=tuple(self.calls),
            weights=tuple(weight_of(weight, getattr(model, "trainable", True), known) for weight in rest),
            batch_size=self.batch_size,
            batch_is_open=is_open,
            channels_first=keras.config.image_data_format() == "channels_first",
        )

    def _specs(self, numbers: tuple[int, ...]) -> tuple[TensorSpec, ...]:
        tensors = self.tensors
        return tuple([tensors[number] for number in numbers])

    def _new_tensor(self, spec: TensorSpec) -> int:
        self.tensors.append(spec)
        return len(self.tensors) - 1

    def _new_tensors(self, specs: Sequence[TensorSpec]) -> tuple[int, ...]:
        first = len(self.tensors)
        self.tensors.extend(specs)
        return tuple(range(first, len(self.tensors)))

    def _read_function(self, function: Any, feeds: tuple[int, ...], prefix: str, trainable: bool) -> tuple[int, ...]:
        """Notes the calls of a graph that is fed the tensors `feeds`; returns the tensors it makes."""
        # Models may be nested deeper than functions of Python may call each other.
        waiting = [self._reading(function, feeds, prefix, trainable)]
        made: tuple[int, ...] | None = None
        while True:
            try:
                waiting.append(self._reading(*waiting[-1].send(made), trainable))
                made = None
            except StopIteration as done:
                outputs: tuple[int, ...] = done.value
                waiting.pop()
                if not waiting:
                    return outputs
                made = outputs

    def _reading(
        self, function: Any, feeds: tuple[int, ...], prefix: str, trainable: bool
    ) -> Generator[tuple[Any, tuple[int, ...], str], tuple[int, ...] | None, tuple[int, ...]]:
        """Notes the calls of a graph; asks for what the graphs of nested models make by yielding how they are read."""
        numbers = {id(tensor): number for tensor, number in zip(function.inputs, feeds, strict=True)}
        for node in _nodes(function):
            sources = tuple([numbers[id(tensor)] for tensor in node.arguments.keras_tensors])
            kind = self.kinds.of(node.operation)
            path = self._path(node.operation, prefix, kind)
            inner = function_of(node.operation) if kind.is_model else None
            if inner is not None and len(inner.inputs) == len(sources):
                made = yield inner, sources, f"{path}/"
            else:
                made = self._read_node(node, kind, path, sources, prefix, trainable)
            for tensor, number in zip(node.outputs, made or (), strict=True):
                numbers[id(tensor)] = number
        return tuple([numbers[id(tensor)] for tensor in function.outputs])

    def _read_node(
        self, node: Any, kind: Kind, path: str, sources: tuple[int, ...], prefix: str, trainable: bool
    ) -> tuple[int, ...]:
        operation = node.operation
        reason = None
        if not kind.is_leaf and kind.is_layer:
            try:
                return self._follow(node, sources, path, trainable)
            except CannotFollowError as error:
                reason = error
        specs = self._specs(sources)
        results = self.results.of(node, specs, path)
        is_plain = are_plain(node.arguments.keras_tensors)
        if kind.is_leaf:
            counted, note = None, "" if is_plain else stored_note(node)
        else:
            counted, note = self._count(node, sources, results, reason)
        outputs = self._new_tensors(results)
        call = self._call(node, kind, path, sources, specs, outputs, results, trainable)
        if kind.is_layer and not is_plain:
            call = call._replace(kwargs={**call.kwargs, **implied_masks(node)})
        if not kind.is_layer and prefix in self.followed:
            call = call._replace(followed=True)
        if note:
            call = call._replace(note=note, measured=counted and _with_weights(counted, call.weights))
        if not kind.is_leaf and not kind.is_layer and counted is None:
            self.uncounted.append(len(self.calls))
        if isinstance(operation, Constant):
            # What depends on no input reads none, though the graph has hung it on one.
            call = call._replace(inputs=(), specs=(), args=(), note=_CONSTANT)
        self.calls.append(call)
        return outputs

    def _follow(self, node: Any, sources: tuple[int, ...], path: str, trainable: bool) -> tuple[int, ...]:
        """Notes the calls inside a layer that writes its own `call`, at a batch size that is known."""
        operation = node.operation
        self.keeper.keep(operation)
        fresh, args, kwargs = self._symbolic_arguments(node, sources)
        masks = masks_of(node, fresh)
        function = traced(operation, [*fresh.values(), *masks], args, kwargs, self.views, self.keeper)
        if len(function.outputs) != len(node.outputs):
            raise CannotFollowError("it returns another number of tensors when it is called again")
        specs = self._specs(sources)
        if self.results.are_as_built(node, specs) or says_its_shape(operation):
            check_shapes([tensor.shape for tensor in function.outputs], self.results.of(node, specs, path))
        numbers = dict(zip(map(id, node.input_tensors), sources, strict=True))
        fed = (*numbers.values(), *[self._new_tensor(spec_of(mask)) for mask in masks])
        self.followed.add(f"{path}/")
        before = len(self.calls)
        try:
            outputs = self._read_function(function, fed, f"{path}/", trainable)
        except CNNStatsError:
            raise
        except Exception as error:
            self._forget(before)
            raise CannotFollowError(f"{type(error).__name__}: {error}") from error
        self._check_counted(before, node, sources, path)
        return outputs

    def _check_counted(self, before: int, node: Any, sources: tuple[int, ...], path: str) -> None:
        """Gives up the calls inside a layer if one of them cannot be counted by itself, and the layer whole can."""
        uncounted = [place for place in self.uncounted if place >= before]
        if uncounted:
            reason = CannotFollowError(f"its `{self.calls[uncounted[0]].type}` runs functions that no rule looks into")
            try:
                self._counted(node, sources, self.results.of(node, self._specs(sources), path))
            except CannotFollowError as gap:
                for place in uncounted:
                    self.calls[place] = self.calls[place]._replace(note=_uncounted(gap))
                return
            self._forget(before)
            raise reason

    def _forget(self, calls: int) -> None:
        """Takes back all calls that were noted behind so many."""
        for call in self.calls[calls:]:
            self.times_called[id(call.layer)] -= 1
        del self.calls[calls:]
        self.uncounted = [place for place in self.uncounted if place < calls]

    def _count(
        self, node: Any, sources: tuple[int, ...], results: Sequence[TensorSpec], reason: CannotFollowError | None
    ) -> tuple[Measured | None, str]:
        """The backend's count of a call that no rule knows and that cannot be followed; what the user should know."""
        backend = backend_name()
        try:
            counted = self._counted(node, sources, results)
        except CannotFollowError as gap:
            if reason is None:
                return None, _uncounted(gap)
            also = "" if str(gap) == str(reason) else f", nor counted by {backend} ({gap})"
            return None, f"its call cannot be followed ({reason}){also}: {reason.remedy}"
        why = "" if reason is None else f": its call cannot be followed ({reason})"
        return counted, f"counted by {backend}{why}"

    def _counted(self, node: Any, sources: tuple[int, ...], results: Sequence[TensorSpec]) -> Measured:
        operation = node.operation
        variables = operation.variables if isinstance(operation, keras.layers.Layer) else self._variables()
        _, args, kwargs = self._symbolic_arguments(node, sources)
        work, shapes = measured(operation, variables, args, kwargs)
        check_shapes(shapes, results)
        return Measured(counted=self._of_batch(work))

    def _variables(self) -> list[Any]:
        """All variables that an operation may read."""
        holders = [self.model] if hasattr(self.model, "variables") else self.model.operations
        return [variable for holder in holders for variable in getattr(holder, "variables", ())]

    def _of_batch(self, work: Work | None) -> Work | None:
        """The work for the batch that is asked for, where the model has a fixed one."""
        fed = self.tensors[0].shape[:1]
        if work is None or not fed or fed[0] in (None, self.batch_size):
            return work
        if any(term * self.batch_size % fed[0] for term in work):
            raise CannotFollowError(f"its work is no multiple of the batch of {fed[0]}")
        return Work(*[term * self.batch_size // fed[0] for term in work])

    def _symbolic_arguments(
        self, node: Any, sources: tuple[int, ...]
    ) -> tuple[dict[int, Any], tuple[Any, ...], dict[str, Any]]:
        """Symbolic tensors in the place of a call's, by the identity of those, and its arguments with them."""
        numbers = dict(zip(map(id, node.input_tensors), sources, strict=True))
        specs = {key: self.results.with_batch(self.tensors[number]) for key, number in numbers.items()}
        fresh = {key: keras.Input(batch_shape=spec.shape, dtype=spec.dtype) for key, spec in specs.items()}
        args, kwargs = node.arguments.fill_in(fresh)
        return fresh, args, kwargs

    def _call(
        self,
        node: Any,
        kind: Kind,
        path: str,
        sources: tuple[int, ...],
        specs: tuple[TensorSpec, ...],
        outputs: tuple[int, ...],
        results: tuple[TensorSpec, ...],
        trainable: bool,
    ) -> Call:
        operation = node.operation
        key = id(operation)
        nth = self.times_called.get(key, 0)
        self.times_called[key] = nth + 1
        if nth:
            weights = self.weights.get(key, ())
        else:
            given = weights_of(operation, trainable) if kind.is_layer else weights_given(node, trainable, self.views)
            weights = self.weights[key] = given
        args, kwargs = arguments_of(node, specs, self.views)
        # By place: by name it takes half as long again, for each call of a model.
        return Call(
            path,
            kind.name,
            nth,
            operation,
            kind.target,
            sources,
            outputs,
            specs,
            results,
            args,
            kwargs,
            weights,
            _channels_first(operation),
            adapted=adapted(operation) if weights and kind.is_layer else (),
            dtype=multiplied_in(operation, specs, results),
        )

    def _path(self, operation: Any, prefix: str, kind: Kind) -> str:
        if kind.is_layer or prefix not in self.followed:
            return f"{prefix}{operation.name}"
        # Keras numbers operations through the whole process; inside a layer they are numbered by themselves.
        name = f"{prefix}{snake_case(type(operation).__name__)}"
        times = self.times_named.get(name, 0)
        self.times_named[name] = times + 1
        return f"{name}_{times}" if times else name


_CONSTANT = "made of weights and sizes alone, the same for each sample: not counted"
_WRITE_IT = "Write it in keras.ops, or build the model functionally: keras.Model(inputs, outputs)."


def _nodes(function: Any) -> Iterator[Any]:
    """The calls of a graph in execution order; those that could run side by side in the order of `model.summary()`."""
    order = {id(operation): place for place, operation in enumerate(function.operations)}
    for depth in sorted(function._nodes_by_depth, reverse=True):
        nodes = function._nodes_by_depth[depth]
        for node in nodes if len(nodes) == 1 else sorted(nodes, key=lambda node: order[id(node.operation)]):
            if not node.is_input:
                yield node


def _held(model: Any) -> list[Any]:
    return variables_within(model) if isinstance(model, keras.layers.Layer) else list(getattr(model, "weights", ()))


def _with_weights(counted: Measured, weights: tuple[Weight, ...]) -> Measured:
    return Measured(counted=counted.counted, weights=sum(weight.size for weight in weights))


def _uncounted(gap: CannotFollowError) -> str:
    return f"{backend_name()} cannot count it ({gap}): write its steps out"


def _channels_first(operation: Any) -> bool:
    return getattr(operation, "data_format", None) == "channels_first"
