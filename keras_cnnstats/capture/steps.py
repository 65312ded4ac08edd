"""The graph of a model as steps, for those who build it anew on other inputs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from keras.src import tree

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


class Step(NamedTuple):
    """One call of one layer, operation or nested model.

    Attributes:
        operation: what is called.
        inputs: the tensors that it is given.
        outputs: the tensors that it makes.
        arguments: its arguments, with what a mapping holds under the identity of a tensor in the tensor's place.
        is_masked: whether one of its inputs comes with a mask.
    """

    operation: Any
    inputs: tuple[Any, ...]
    outputs: tuple[Any, ...]
    arguments: Callable[[Mapping[int, Any]], Arguments]
    is_masked: bool


def steps_of(function: Any) -> Iterator[Step]:
    """Gives the steps of a graph in an order in which they can be done."""
    for depth in sorted(function._nodes_by_depth, reverse=True):
        for node in function._nodes_by_depth[depth]:
            if not node.is_input:
                masked = any(getattr(tensor, "_keras_mask", None) is not None for tensor in node.input_tensors)
                yield Step(
                    node.operation, tuple(node.input_tensors), tuple(node.outputs), node.arguments.fill_in, masked
                )


def structured(function: Any, inputs: Sequence[Any], outputs: Sequence[Any]) -> tuple[Any, Any]:
    """Returns other inputs and outputs in the structures that those of a graph have: lists, dicts, single tensors."""
    return (
        tree.pack_sequence_as(function._inputs_struct, list(inputs)),
        tree.pack_sequence_as(function._outputs_struct, list(outputs)),
    )
