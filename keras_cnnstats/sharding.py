"""What each device of a mesh computes: how the loops of each call are divided along the axes of the mesh.

A weight stays where it lies, and an axis of the mesh divides at most one loop of a call: first the samples, then what
the call makes, then what it sums over. Where that cannot be told, what the call makes is divided in an unknown way. A
compiler may do better, by dividing a call whose weights and inputs are whole because of what comes behind it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from keras_cnnstats.describe import Described
from keras_cnnstats.graph import Call, Graph
from keras_cnnstats.placement import Axes, Placement
from keras_cnnstats.precision import times
from keras_cnnstats.primitives import (
    BatchNormalization,
    Contraction,
    Convolution,
    Disturbance,
    Elementwise,
    Kept,
    Lookup,
    Pooling,
    Primitive,
    Reduction,
)
from keras_cnnstats.units import NO_WORK, Work

_ELEMENTWISE = Elementwise, Disturbance, BatchNormalization, Kept
"""Primitives that leave each dimension what it is."""


class Division(NamedTuple):
    """Into how many parts the work of a call is divided.

    Attributes:
        products: the products of its contractions.
        results: all else: sums, biases, functions of each element.
        shared: what is made of weights alone, once for all samples.
    """

    products: int
    results: int
    shared: int = 1

    def of(self, primitive: Primitive, work: Work) -> Work | None:
        """The part of each device of the work of a primitive; `None` where the parts are not equal."""
        terms = work._asdict()
        others = self.shared if primitive.is_shared else self.results
        products = self.shared if primitive.is_shared else self.products
        parts = {name: products if name in ("macs", "inside") else others for name in terms}
        if any(terms[name] % part for name, part in parts.items()):
            return None
        return Work(**{name: terms[name] // part for name, part in parts.items()})


class _Loops(NamedTuple):
    """The dimensions of what a call reads and makes, each by the letter of its loop.

    Attributes:
        operands: of its inputs, then of its weights.
        result: of what it makes.
        shared: of what it makes of weights alone, before it reads an input.
    """

    operands: tuple[str, ...]
    result: str
    shared: str = ""


def divisions(graph: Graph, described: Sequence[Described], placement: Placement) -> list[Division | None]:
    """Returns how the work of each call is divided; `None` where that is unknown."""
    if graph.batch_size % placement.parts((placement.batch,)):
        # Nobody has half a sample.
        return [None] * len(graph.calls)
    known: dict[int, Axes | None] = {}
    for number in graph.inputs:
        rank = len(graph.tensors[number].shape)
        known[number] = (placement.batch, *(None,) * (rank - 1))[:rank]
    found: list[Division | None] = []
    for call, each in zip(graph.calls, described, strict=True):
        division, made = _divided(call, each, [known[number] for number in call.inputs], placement)
        asked = placement.outputs.get(id(call.layer))
        for number, spec in zip(call.outputs, call.results, strict=True):
            axes = made if made is None or len(made) == len(spec.shape) else None
            known[number] = axes if asked is None else (*asked, *(None,) * (len(spec.shape) - len(asked)))
        found.append(division)
    return found


def work_of(described: Described, samples: int, division: Division | None) -> Work | None:
    """Returns what each device computes of a call, over so many samples on all devices together."""
    if described.primitives is None or division is None:
        return None
    total = NO_WORK
    for primitive, facts in zip(described.primitives, described.facts, strict=True):
        if facts.work is None:
            return None
        part = division.of(primitive, facts.work.times(times(primitive, samples)))
        if part is None:
            return None
        total = total.plus(part)
    return total


def _divided(
    call: Call, described: Described, read: Sequence[Axes | None], placement: Placement
) -> tuple[Division | None, Axes | None]:
    """How the work of a call is divided, and what it makes."""
    if not call.inputs:
        return Division(1, 1), (None,) * (len(call.results[0].shape) if call.results else 0)
    weights = [placement.layouts[weight.key].axes for weight in call.weights if weight.key in placement.layouts]
    inputs = [axes for axes in read if axes is not None]
    if len(inputs) < len(read) or not call.results or described.primitives is None:
        return None, None
    is_whole = not any(any(axes) for axes in weights) and all(set(axes[1:]) <= {None} for axes in inputs)
    rank = len(call.results[0].shape)
    if is_whole:
        # Only the samples are divided.
        first = next((axes[0] for axes in inputs if axes and axes[0]), None)
        parts = placement.parts((first,))
        return Division(parts, parts), (first, *(None,) * (rank - 1))[:rank]
    loops = _loops(call, described, weights)
    if loops is None:
        return None, None
    operands = [*inputs, *weights]
    if [len(letters) for letters in loops.operands] != [len(axes) for axes in operands]:
        return None, None
    return _along(loops, operands, placement)


def _along(loops: _Loops, operands: Sequence[Axes], placement: Placement) -> tuple[Division | None, Axes | None]:
    """How loops are divided, where some dimensions of what is read are."""
    asked: dict[str, str] = {}
    for letters, axes in zip(loops.operands, operands, strict=True):
        for letter, axis in zip(letters, axes, strict=True):
            if axis is not None and asked.setdefault(letter, axis) != axis:
                return None, None
    kept: dict[str, str] = {}
    for letter in (*loops.result, *asked):
        if letter in asked and asked[letter] not in kept.values():
            kept.setdefault(letter, asked[letter])
    made = tuple([kept.get(letter) for letter in loops.result])
    shared = placement.parts([kept.get(letter) for letter in loops.shared])
    return Division(placement.parts(kept.values()), placement.parts(made), shared), made


def _loops(call: Call, described: Described, weights: Sequence[Axes]) -> _Loops | None:
    """The loops of a call that reads something divided; `None` where they are not known."""
    primitives = [each for each in described.primitives or () if not each.is_shared]
    if not primitives or not all(isinstance(each, _ELEMENTWISE) for each in primitives[1:]):
        return None
    rank = len(call.specs[0].shape)
    match primitives[0]:
        case Elementwise() | Disturbance() | BatchNormalization() | Kept() | Pooling():
            return _keeping(call, weights)
        case Convolution() if weights and len(weights[0]) == rank:
            return _convolution(call, rank, [len(axes) for axes in weights])
        case Contraction():
            return _contraction(call, [len(axes) for axes in weights])
        case Lookup() if [len(axes) for axes in weights] == [2]:
            # Where rows are divided, each device looks up those that it has, and all are added.
            indices = _LETTERS[: len(call.specs[0].shape)]
            return _Loops((indices, "yz"), f"{indices}z")
        case Reduction() if hasattr(call.layer, "data_format"):
            letters = _LETTERS[:rank]
            return _Loops((letters,), f"b{letters[1 if call.channels_first else -1]}")
        case _:
            return None


_LETTERS = "bcdefghijklmnopqrstuvwxy"


def _keeping(call: Call, weights: Sequence[Axes]) -> _Loops | None:
    """Functions of each element, and of windows: each dimension stays what it is, and weights stand for channels."""
    rank = len(call.results[0].shape)
    letters = _LETTERS[:rank]
    if any(len(spec.shape) != rank for spec in call.specs) or any(len(axes) != 1 for axes in weights):
        return None
    channels = letters[1 if call.channels_first else -1]
    return _Loops((*[letters for _ in call.specs], *[channels for _ in weights]), letters, shared=channels)


def _convolution(call: Call, rank: int, weights: Sequence[int]) -> _Loops | None:
    """A window that slides over positions: where these are divided, what neighbours hand over is not known."""
    groups = getattr(call.layer, "groups", 1)
    if groups != 1 or getattr(call.layer, "depth_multiplier", None) is not None or weights[1:] not in ([], [1]):
        return None
    # Before and behind it positions are other loops; those of the kernel are never divided.
    before, behind, window = _LETTERS[1 : rank - 1], _LETTERS[8 : 6 + rank], _LETTERS[14 : 12 + rank]
    read = f"by{before}" if call.channels_first else f"b{before}y"
    made = f"bz{behind}" if call.channels_first else f"b{behind}z"
    return _Loops((read, f"{window}yz", *["z" for _ in weights[1:]]), made)


def _contraction(call: Call, weights: Sequence[int]) -> _Loops | None:
    """Sums of products over dimensions that both operands have."""
    rank = len(call.specs[0].shape)
    equation = getattr(call.layer, "equation", None) or getattr(call.layer, "subscripts", None)
    if equation is not None:
        read, arrow, made = equation.replace(" ", "").partition("->")
        operands = read.split(",")
        is_plain = arrow and "." not in equation and len(operands) == len(call.specs) + len(weights[:1])
        bias = [made[len(made) - size :] for size in weights[1:]]
        return _Loops((*operands, *bias), made) if is_plain and len(set(made)) == len(made) else None
    if list(weights) in ([2], [2, 1]) and len(call.specs) == 1:
        outer = _LETTERS[: rank - 1]
        return _Loops((f"{outer}y", "yz", *["z" for _ in weights[1:]]), f"{outer}z")
    if call.type == "matmul" and not weights and len(call.specs) == 2 and len(call.specs[1].shape) == rank > 1:
        outer = _LETTERS[: rank - 2]
        return _Loops((f"{outer}xy", f"{outer}yz"), f"{outer}xz")
    return None
