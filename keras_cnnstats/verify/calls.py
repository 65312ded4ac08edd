"""One call of a graph, made so that a backend can run it by itself: the real layer, on tensors that are given."""

from collections.abc import Callable, Collection, Iterator, Sequence
from inspect import signature
from typing import Any, NamedTuple

import keras
from keras import layers

from keras_cnnstats.graph import Call, Graph, TensorSpec

_RECURRENCES = (layers.RNN, layers.Bidirectional)


class Runnable(NamedTuple):
    """A call as a function of tensors.

    Attributes:
        run: makes the outputs; the first tensors are the values of the layer's variables, the rest what it is fed.
        specs: shape and dtype of each tensor.
        held: how many of them are variables.
        makes_numbers: whether it makes floating-point numbers.
        longer: of a recurrence, the same call with one step more.
        steps: of a recurrence, its steps.
    """

    run: Callable[[Sequence[Any]], list[Any]]
    specs: tuple[TensorSpec, ...]
    held: int
    makes_numbers: bool
    longer: "Runnable | None" = None
    steps: int = 0

    @property
    def is_sized(self) -> bool:
        """Whether all sizes are known."""
        return not any(None in spec.shape for spec in self.specs)


def runnable(call: Call, graph: Graph, constants: Collection[int] = ()) -> Runnable:
    """Returns a call as a function of tensors, for a batch of a size that is known.

    Args:
        call: the call.
        graph: the graph that it stands in, which knows how large a first axis is in a batch.
        constants: places among its inputs of what it is not fed: zeros stand there.
    """
    found = _runnable(call, graph, constants)
    steps = call.specs[0].shape[1] if isinstance(call.layer, _RECURRENCES) else None
    return found._replace(longer=_runnable(_longer(call, steps), graph), steps=steps) if steps else found


def _longer(call: Call, steps: int) -> Call:
    """The call with one step more in the sequence, and in its mask."""
    fed = call.specs[0]
    longer = fed._replace(shape=(fed.shape[0], steps + 1, *fed.shape[2:]))

    def stretched(spec: TensorSpec) -> TensorSpec:
        return longer if spec is fed else spec._replace(shape=longer.shape[:2]) if spec.dtype == "bool" else spec

    args, kwargs = with_tensors(call, stretched)
    return call._replace(args=args, kwargs=kwargs)


def _runnable(call: Call, graph: Graph, constants: Collection[int] = ()) -> Runnable:
    def is_fed(spec: TensorSpec) -> bool:
        return call.place(spec) not in constants

    variables = list(getattr(call.layer, "variables", ()))
    # A layer that changes images at random takes it that it trains; a model that predicts tells it otherwise.
    parameters = signature(call.layer.call).parameters if isinstance(call.layer, layers.Layer) else {}
    takes_training = "training" in list(parameters)[len(call.args) :]
    fed = [_with_batch(spec, graph) for spec in specs_of(call) if is_fed(spec)]

    def tensor(spec: TensorSpec, given: Iterator[Any]) -> Any:
        if is_fed(spec):
            return next(given)
        return keras.ops.zeros(_with_batch(spec, graph).shape, spec.dtype)

    def run(tensors: Sequence[Any]) -> list[Any]:
        values, given = list(tensors[: len(variables)]), iter(tensors[len(variables) :])
        held = list(zip(variables, values, strict=True))
        with keras.StatelessScope(state_mapping=held, initialize_variables=False):
            args, kwargs = with_tensors(call, lambda spec: tensor(spec, given))
            if takes_training:
                kwargs["training"] = False
            return tensors_in(call.layer(*args, **kwargs))

    of_variables = [TensorSpec(tuple(each.shape), each.dtype) for each in variables]
    makes_numbers = any("float" in spec.dtype for spec in call.results)
    return Runnable(run, (*of_variables, *fed), len(variables), makes_numbers)


def tensors_in(made: Any) -> list[Any]:
    """Returns the tensors that something is made of; what a shape tells is a number of Python's, and becomes one."""
    flat = [each for each in keras.tree.flatten(made) if each is not None]
    return [keras.ops.convert_to_tensor(each) if isinstance(each, int) else each for each in flat]


def specs_of(call: Call) -> list[TensorSpec]:
    """Returns the tensors among the arguments of a call, in the order in which it is fed them."""
    return list(_specs((call.args, dict(call.kwargs))))


def _specs(arguments: Any) -> Iterator[TensorSpec]:
    """The tensors in a structure of arguments, in their order."""
    if isinstance(arguments, TensorSpec):
        yield arguments
    elif isinstance(arguments, (list, tuple)):
        for each in arguments:
            yield from _specs(each)
    elif isinstance(arguments, dict):
        for each in arguments.values():
            yield from _specs(each)


def with_tensors(call: Call, tensor: Callable[[TensorSpec], Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Returns the arguments of a call with a tensor in the place of each that stands in them."""
    return mapped(call.args, tensor), mapped(dict(call.kwargs), tensor)


def mapped(arguments: Any, change: Callable[[TensorSpec], Any]) -> Any:
    """Returns arguments with something else in the place of each tensor that stands in them."""
    if isinstance(arguments, TensorSpec):
        return change(arguments)
    if isinstance(arguments, (list, tuple)):
        changed = [mapped(each, change) for each in arguments]
        return type(arguments)(*changed) if hasattr(arguments, "_fields") else type(arguments)(changed)
    if isinstance(arguments, dict):
        return {name: mapped(each, change) for name, each in arguments.items()}
    return arguments


def _with_batch(spec: TensorSpec, graph: Graph) -> TensorSpec:
    return spec._replace(shape=(graph.first_size(spec.shape), *spec.shape[1:])) if spec.shape else spec
