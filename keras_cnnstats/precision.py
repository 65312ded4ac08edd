"""What products are products of, and how many of them remain where those with a zero weight are skipped."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from keras_cnnstats.graph import Call, Weight
from keras_cnnstats.primitives.base import Multiplied, Primitive, is_called
from keras_cnnstats.units import Count


class Sparsity(NamedTuple):
    """Zeros among the weights that are multiplied with; `None` where a product's weight could not be told.

    Attributes:
        zeros: weights that are zero, of the kernels alone: no biases, no scales, no tables that rows are picked from.
        weights: those weights, all together. Both count a weight of several calls in the first.
        macs: multiply-accumulate pairs that remain where those with a zero weight are skipped.
    """

    zeros: Count
    weights: Count
    macs: Count

    @property
    def share(self) -> float | None:
        """The share of zeros among the weights; `None` where it is unknown or there are no weights."""
        return None if self.zeros is None or not self.weights else self.zeros / self.weights


UNKNOWN = Sparsity(None, None, None)
NOTHING_MULTIPLIED = Sparsity(0, 0, 0)


class Used(NamedTuple):
    """A weight that a call multiplies with.

    Attributes:
        weight: the weight.
        macs: products with its values, each of which is in equally many.
    """

    weight: Weight
    macs: int


def summed(pairs: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Returns the counts by name, in the order in which the names come.

    >>> summed([("float32", 3), ("int8", 1), ("float32", 2)])
    (('float32', 5), ('int8', 1))
    """
    found: dict[str, int] = {}
    for name, count in pairs:
        found[name] = found.get(name, 0) + count
    return tuple(found.items())


def times(primitive: Primitive, samples: int) -> int:
    """Returns how often the work of a primitive is done for so many samples."""
    return 1 if primitive.is_shared else samples


def macs_by_type(dtype: str, primitives: Sequence[Primitive], macs: Sequence[int]) -> tuple[tuple[str, int], ...]:
    """Returns the products of a call by what they are products of, such as `int8` or `float16 x int4`.

    Args:
        dtype: what the call multiplies in.
        primitives: what it is made of.
        macs: multiply-accumulate pairs of each of them.
    """
    pairs = zip(primitives, macs, strict=True)
    return summed((primitive.operands or dtype, count) for primitive, count in pairs if count)


def used(call: Call, primitives: Sequence[Primitive], samples: int) -> list[Used] | None:
    """Returns the weights that a call multiplies with; `None` where it cannot be told which they are.

    The kernels of a layer are told by their names, their sizes and their order: where these are not what the
    primitives ask for, or a kernel is left over, nothing is known.
    """
    asked = [(primitive, each) for primitive in primitives for each in primitive.multiplied]
    held = [weight for weight in call.weights if not weight.is_state]
    if not asked and not isinstance(call.target, type):
        return _argument(call, held, primitives, samples)
    found, left = [], [weight for weight in held if "kernel" in weight.name or weight.name == "lora_embeddings_b"]
    for name in dict.fromkeys(each.name for _, each in asked):
        theirs = [weight for weight in held if is_called(weight.name, name)]
        mine = [(primitive, each) for primitive, each in asked if each.name == name]
        if [weight.size for weight in theirs] != [each.size for _, each in mine]:
            return None
        found += [_used(weight, *each, samples) for weight, each in zip(theirs, mine, strict=True)]
        left = [weight for weight in left if weight not in theirs]
    return None if left else found


def _used(weight: Weight, primitive: Primitive, each: Multiplied, samples: int) -> Used:
    assert each.macs is not None
    return Used(weight, each.macs * times(primitive, samples))


def _argument(call: Call, held: list[Weight], primitives: Sequence[Primitive], samples: int) -> list[Used] | None:
    """The one weight that an operation is given, as a whole, which its one contraction multiplies with."""
    work = [(primitive, done) for primitive in primitives if (done := primitive.work()) and done.macs]
    if not held or not work:
        return []
    given = [each.elements for each in call.maps if each.weight]
    if len(held) > 1 or len(work) > 1 or given != [held[0].size] or work[0][1].macs % held[0].size:
        return None
    ((primitive, done),) = work
    return [Used(held[0], done.macs * times(primitive, samples))]


def remaining(macs: Count, uses: Sequence[Used] | None, zeros: Mapping[int, int], counted: set[int]) -> Sparsity:
    """Returns what is left of the products of a call.

    Args:
        macs: all of them.
        uses: the weights that it multiplies with.
        zeros: zeros of each variable.
        counted: weights that earlier calls have counted; those of this call are added.
    """
    if macs is None or uses is None or any(use.weight.key not in zeros for use in uses):
        return UNKNOWN
    skipped = sum([use.macs * zeros[use.weight.key] // use.weight.size for use in uses if use.weight.size])
    fresh = {use.weight.key: use.weight for use in uses if use.weight.key not in counted}
    counted.update(fresh)
    return Sparsity(
        zeros=sum([zeros[key] for key in fresh]),
        weights=sum([weight.size for weight in fresh.values()]),
        macs=macs - skipped,
    )
