"""Calls on tensors of PyTorch that have a shape and no values: nothing that depends on an input is computed."""

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import keras

from keras_cnnstats.graph import TensorSpec
from keras_cnnstats.measure.counts import CannotMeasureError

Run = Callable[[Sequence[Any]], list[Any]]
Seen = TypeVar("Seen")


def run_without_values(
    run: Run, specs: Sequence[TensorSpec], held: int, watching: Callable[[Sequence[Any]], AbstractContextManager[Seen]]
) -> tuple[list[Any], Seen]:
    """Returns what a function makes, and what was seen on the way.

    Args:
        run: the function of tensors.
        specs: shape and dtype of each tensor.
        held: how many of them are variables of a layer, which come first.
        watching: what is entered around the call, given the tensors.

    Raises:
        CannotMeasureError: what it runs depends on the values.
    """
    from torch._subclasses.fake_tensor import DataDependentOutputException

    try:
        return _run(run, specs, held, watching)
    except DataDependentOutputException:
        # A value was read: of what no input has gone into, such as a seed or the places of a cut, there is one.
        pass
    try:
        return _run(run, specs, held, watching, constants=True)
    except DataDependentOutputException as error:
        raise CannotMeasureError("what it runs depends on the values") from error


def _run(
    run: Run,
    specs: Sequence[TensorSpec],
    held: int,
    watching: Callable[[Sequence[Any]], AbstractContextManager[Seen]],
    constants: bool = False,
) -> tuple[list[Any], Seen]:
    """The call on the device where Keras runs; with `constants`, what is made of none of the tensors has values."""
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    device = str(keras.ops.zeros(()).device)
    without_values = FakeTensorMode(allow_non_fake_inputs=True)

    def tensor(place: int, spec: TensorSpec) -> Any:
        dtype = getattr(torch, spec.dtype)
        # What a layer holds in whole numbers is its seeds and counters.
        if constants and place < held and not dtype.is_floating_point:
            return torch.zeros(spec.shape, dtype=dtype, device=device)
        with without_values:
            return torch.empty(spec.shape, dtype=dtype, device=device)

    tensors = [tensor(place, spec) for place, spec in enumerate(specs)]
    with nullcontext() if constants else without_values, watching(tensors) as seen, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run(tensors), seen
