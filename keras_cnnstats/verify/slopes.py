"""What one call looks at: which values of its inputs some values of its outputs depend on, by the gradient.

The real layer runs, on numbers and weights that are made up: positive, so that nothing cancels, and generic, so that
nothing adds up to nothing. What has no slope (rounding, comparing, looking up) is changed instead, slice by slice.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from inspect import signature
from math import prod
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from keras_cnnstats.graph import Call, TensorSpec
from keras_cnnstats.verify.calls import mapped
from keras_cnnstats.verify.doubled import doubled, doubled_layer, is_doubled
from keras_cnnstats.verify.pullbacks import pullback
from keras_cnnstats.verify.thin import thinned
from keras_cnnstats.verify.twins import PICKING_INSIDE, SAYING_WHICH, twin_of

Mask = NDArray[np.bool_]
"""Which values of a tensor are meant; one value wide in its channels where they are alike."""

_LEVELS = ((0.1, 0.4), (0.6, 0.9), (1.5, 3.0), (-0.9, -0.1))
"""Ranges of made-up inputs, from which the first is taken that has a slope: activations are flat here or there."""

_CHANGES = (1e3, -1e3, 0.0, 1.0)
"""What a slice is changed to: more and less than all that it may be compared with, nothing, and another index."""

_NOISE = 1e-5
"""What rounding changes of the largest value; what arrives of a slice that is changed is more."""

_SLICES_AT_MOST = 4096

_COUNT = 1_000_003
"""How many numbers are made up: a prime, so that they stand differently in each row of a tensor."""


class CannotTellError(Exception):
    """Nobody can measure what the call looks at; the message is the reason."""


def nothing(spec: TensorSpec) -> Mask:
    """Returns the mask that means no value of a tensor."""
    return np.zeros(sizes_of(spec), np.bool_)


def sizes_of(spec: TensorSpec) -> tuple[int, ...]:
    """Returns the shape of a tensor of which all sizes are known."""
    if None in spec.shape:
        raise CannotTellError("a size is unknown")
    return tuple([size or 0 for size in spec.shape])


def narrowed(mask: Mask) -> Mask:
    """Returns the mask, one value wide in its last dimension where all are alike along it."""
    return mask[..., :1].copy() if mask.ndim > 1 and (mask == mask[..., :1]).all() else mask


def looked_at(call: Call, specs: Sequence[TensorSpec], wanted: Sequence[Mask]) -> list[Mask]:
    """Returns which values of each input the wanted values of the outputs depend on, sample by sample.

    Args:
        call: the call.
        specs: shape and dtype of each input; all sizes are known, and need not be those of the call.
        wanted: the values of each output.

    Raises:
        CannotTellError: it cannot be measured.
    """
    try:
        return _looked_at(call, specs, wanted)
    except CannotTellError:
        raise
    except Exception as error:
        text = next(filter(None, map(str.strip, str(error).splitlines())), "no message")
        raise CannotTellError(f"{call.path} does not run by itself ({type(error).__name__}: {text})") from error


def _looked_at(call: Call, specs: Sequence[TensorSpec], wanted: Sequence[Mask]) -> list[Mask]:
    layer = twin_of(call)
    if all(mask.ndim > 1 and mask.shape[-1] == 1 for mask in wanted) and (thin := thinned(call, layer, specs)):
        found = [narrowed(mask) for mask in _Probed(call, thin.layer, thin.specs, wanted).looked_at()]
        if all(mask.shape[-1] == 1 for mask in found):
            return found
    return [narrowed(mask) for mask in _Probed(call, layer, specs, wanted).looked_at()]


class _Probed:
    """A call on made-up numbers."""

    def __init__(self, call: Call, layer: Any, specs: Sequence[TensorSpec], wanted: Sequence[Mask]) -> None:
        self.call = call
        self.is_doubled = is_doubled(call)
        self.layer = doubled_layer(layer, specs) if self.is_doubled else layer
        self.specs = [*map(self._kept, specs)]
        self.wanted = wanted
        takes = signature(self.layer.call).parameters if hasattr(self.layer, "call") else {}
        self.at_inference: dict[str, Any] = {"training": False} if "training" in takes else {}
        # A tensor that is given twice is one input.
        self.fed = sorted({id(spec): place for place, spec in enumerate(call.specs)}.values())
        self.asked = [place for place, mask in enumerate(wanted) if mask.any()]
        variables = getattr(self.layer, "variables", ())
        self.held = [(each, _weight(tuple(each.shape), each.dtype, place)) for place, each in enumerate(variables)]

    def _kept(self, spec: TensorSpec) -> TensorSpec:
        """The shape and dtype that a tensor is kept in."""
        return doubled(spec) if self.is_doubled else spec

    def looked_at(self) -> list[Mask]:
        smooth = self._smooth()
        found = self._by_slope(smooth)
        changed = self._is_opaque or len(smooth) < len(self.asked)
        for place in self.fed:
            if changed or not found[place].any():
                found[place] |= self._by_change(place)
        return found

    def _smooth(self) -> list[int]:
        """Which of the outputs that are wanted have a slope, or something that stands in for them and has one."""
        stands_in = self.call.target in SAYING_WHICH
        return [place for place in self.asked if stands_in or "float" in self.call.results[place].dtype]

    @property
    def _is_opaque(self) -> bool:
        """Whether it may pick one of several values inside, where nobody has looked for what stands in for it."""
        is_known = type(self.call.layer).__module__.startswith(("keras.", "keras_cnnstats."))
        return not is_known or isinstance(self.call.layer, PICKING_INSIDE)

    def run(self, tensors: Sequence[Any], places: Sequence[int]) -> list[Any]:
        """Makes some of the outputs of the inputs."""
        by_spec = {id(spec): tensor for spec, tensor in zip(self.call.specs, tensors, strict=True)}

        def tensor(spec: TensorSpec) -> Any:
            return by_spec[id(spec)] if id(spec) in by_spec else _constant(self.call, self._kept(spec))

        with keras.StatelessScope(state_mapping=self.held, initialize_variables=False):
            args, kwargs = mapped((self.call.args, dict(self.call.kwargs) | self.at_inference), tensor)
            made = [each for each in keras.tree.flatten(self.layer(*args, **kwargs)) if each is not None]
        return [made[place] for place in places]

    # By the gradient

    def _by_slope(self, places: Sequence[int]) -> list[Mask]:
        numbers = [place for place in self.fed if "float" in self.specs[place].dtype]
        found = [nothing(spec) for spec in self.specs]
        if not numbers or not places:
            return found
        for level in _LEVELS:
            tensors = [_tensor(spec, level, place) for place, spec in enumerate(self.specs)]

            def run(smooth: Sequence[Any], tensors: list[Any] = tensors) -> list[Any]:
                given = dict(zip(numbers, smooth, strict=True))
                made = self.run([given.get(place, tensor) for place, tensor in enumerate(tensors)], places)
                return [self._weighted(*each) for each in zip(made, places, strict=True)]

            slopes = pullback(run, [tensors[place] for place in numbers])
            for place, slope in zip(numbers, slopes, strict=True):
                if slope is not None:
                    values = keras.ops.convert_to_numpy(slope)
                    found[place] |= np.isfinite(values) & (values != 0)
            if all(found[place].any() for place in numbers):
                break
        return found

    def _weighted(self, made: Any, place: int) -> Any:
        """What is wanted of an output, with weights that are made up."""
        weights = self.wanted[place] * _numbers(made.shape, (0.5, 1.5), 7 + place)
        return made * keras.ops.convert_to_tensor(weights, keras.backend.standardize_dtype(made.dtype))

    # By changing a slice

    def _by_change(self, place: int) -> Mask:
        """Each slice along each dimension that changes something: what is looked at, or the block around it."""
        spec = self.specs[place]
        tensors = [_tensor(each, _LEVELS[0], number) for number, each in enumerate(self.specs)]
        before = self._outputs(tensors)
        if not self._changed(tensors, place, (), before).any():
            self._check_that_it_counts(place)
            return nothing(spec)
        shape = sizes_of(spec)
        if sum(shape[1:]) > _SLICES_AT_MOST:
            raise CannotTellError(f"{self.call.path} has no gradient, and too many values to change one after another")
        seen = np.ones(shape, np.bool_)
        for dim, size in enumerate(shape[1:], 1):
            slices = [self._changed(tensors, place, (slice(None),) * dim + (index,), before) for index in range(size)]
            spread = [shape[0] if axis == 0 else size if axis == dim else 1 for axis in range(len(shape))]
            seen &= np.stack(slices, 1).reshape(spread)
        if not seen.any():
            raise CannotTellError(f"{self.call.path} has no gradient, and only all of its values together change it")
        return seen

    def _check_that_it_counts(self, place: int) -> None:
        """Raises `CannotTellError` where an input changes nothing that is wanted, nor anything else."""
        if all(mask.all() for mask in self.wanted):
            raise CannotTellError(f"{self.call.path} makes the same of all numbers that were tried")
        whole = _Probed(self.call, self.layer, self.specs, [np.ones_like(mask) for mask in self.wanted])
        if not whole._by_slope(whole._smooth())[place].any() and not whole._by_change(place).all():
            raise CannotTellError(
                f"{self.call.path} has no gradient, and changes with few of the numbers that were tried"
            )

    def _outputs(self, tensors: Sequence[Any]) -> list[Any]:
        return [keras.ops.convert_to_numpy(each) for each in self.run(tensors, self.asked)]

    def _changed(self, tensors: list[Any], place: int, where: tuple[Any, ...], before: list[Any]) -> Mask:
        """In which samples something that is wanted changes with a slice of an input."""
        found = np.zeros(sizes_of(self.specs[place])[0], np.bool_)
        for values in _changes(keras.ops.convert_to_numpy(tensors[place]), where):
            changed = [*tensors]
            changed[place] = keras.ops.convert_to_tensor(values, self.specs[place].dtype)
            try:
                after = self._outputs(changed)
            except Exception:  # no such index, for one
                continue
            for output, was, now in zip(self.asked, before, after, strict=True):
                differs = _differs(was, now) & self.wanted[output]
                by_sample = len(differs) == len(found)
                found |= differs.reshape(len(differs), -1).any(1) if by_sample else differs.any()
        return found


def _changes(values: Any, where: tuple[Any, ...]) -> Iterator[Any]:
    if values.dtype.kind == "f":
        for change in _CHANGES:
            changed = values.copy()
            changed[where] = change * _numbers(changed[where].shape, (1, 2), 3)
            yield changed
    else:
        changed = values.copy()
        changed[where] = 1 - changed[where] if values.dtype.kind != "b" else ~changed[where]
        yield changed


def _differs(was: Any, now: Any) -> Mask:
    if was.dtype.kind != "f":
        return np.asarray(was != now)
    with np.errstate(invalid="ignore"):
        largest = np.abs(was).max(initial=0, where=np.isfinite(was))
        return np.asarray(~((np.abs(now - was) <= _NOISE * largest) | (np.isnan(now) & np.isnan(was)) | (now == was)))


# Made-up numbers


@cache
def _pool(level: tuple[float, float]) -> Any:
    low, high = level
    return low + (high - low) * np.random.default_rng(0).random(_COUNT, dtype="float32")


def _numbers(shape: Sequence[int], level: tuple[float, float], start: int) -> Any:
    return np.resize(_pool(level)[1_009 * start :], shape)


def _tensor(spec: TensorSpec, level: tuple[float, float], place: int) -> Any:
    """Stands in for an input: integers are the index 0, and masks hide nothing."""
    if spec.dtype == "string":
        raise CannotTellError("it is fed strings")
    shape = sizes_of(spec)
    if "float" in spec.dtype:
        return keras.ops.convert_to_tensor(_numbers(shape, level, place), spec.dtype)
    return keras.ops.full(shape, spec.dtype == "bool", dtype=spec.dtype)


def _weight(shape: tuple[int, ...], dtype: str, place: int) -> Any:
    """Stands in for a variable: a kernel that takes a mean, small biases and variances, whole numbers of 1."""
    if "float" not in dtype:
        return keras.ops.full(shape, "uint" not in dtype, dtype=dtype)
    inputs = prod(shape[:-1]) if len(shape) > 1 else 10
    return keras.ops.convert_to_tensor(_numbers(shape, (0.5, 1.5), place + 11) / inputs, dtype)


def _constant(call: Call, spec: TensorSpec) -> Any:
    """Stands in for an array or a variable among the arguments."""
    if "float" in spec.dtype:
        return _weight(tuple(size or 1 for size in spec.shape), spec.dtype, 5)
    if spec.dtype == "bool" and None not in spec.shape:
        return keras.ops.full(spec.shape, True, dtype="bool")
    raise CannotTellError(f"{call.path} is given whole numbers that are not kept")
