"""What becomes of a layer's contraction when its weights are quantised, or adapted by a low-rank product."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from keras_cnnstats.primitives import quantisation as steps
from keras_cnnstats.primitives.base import Multiplied, Primitive, Size, product
from keras_cnnstats.primitives.contraction import Contraction
from keras_cnnstats.primitives.elementwise import Cost, Elementwise
from keras_cnnstats.primitives.once import Once
from keras_cnnstats.units import Work


class Adaptation(NamedTuple):
    """What was made of a layer's weights since it was built: they were quantised, or a low-rank product was added.

    Attributes:
        mode: `int8`, `int4`, `float8`, `gptq` or `awq`; empty where the layer computes with its weights as they were.
        inputs: dtype that the inputs are quantised to at each call; empty where they are not, `None` where nobody knows
            how.
        bits: bits of a quantised weight.
        packed: bytes that hold two weights each; 0 where they are not packed.
        rows: weights of a column, where each group of them has a scale and a zero point of its own; else 0.
        groups: groups in a row of an embedding's table, likewise.
        has_float_zeros: whether the zero points are floats.
        is_restored: whether the weights become floats before the products, and not the outputs after.
        has_scale: whether there is a scale of the inputs, a 1, also where they are not quantised.
        rank: rank of the product that is added; 0 where none is.
        is_scaled: whether that product is multiplied by anything but 1.
        width: values of the last axis of the kernel, which the rows of the product have.
        dtype: dtype that the layer computes in.
    """

    mode: str = ""
    inputs: str | None = ""
    bits: int = 0
    packed: int = 0
    rows: int = 0
    groups: int = 0
    has_float_zeros: bool = False
    is_restored: bool = False
    has_scale: bool = False
    rank: int = 0
    is_scaled: bool = False
    width: int = 0
    dtype: str = "float32"

    def in_reverse(self, tied: bool) -> "Adaptation":
        """What there is of it when an embedding multiplies with its table: no product is added to quantised ones."""
        return self if tied and not self.mode else self._replace(rank=0)

    @property
    def types(self) -> str:
        """What its products are products of: inputs and weights."""
        if self.mode == "float8":
            return "float8_e4m3fn"
        inputs, weights = self.inputs or self.dtype, f"int{self.bits}"
        return weights if inputs == weights else f"{inputs} x {weights}"


def computed(how: Adaptation, contraction: Contraction, values: Size) -> list[Primitive]:
    """Returns the primitives of a contraction, as a layer computes it whose weights were adapted.

    Args:
        how: what was made of its weights.
        contraction: the contraction of its inputs with its kernel.
        values: values of its inputs.
    """
    if how.mode == "float8":
        return _float8(how, contraction, values)
    if how.mode:
        return [*_quantised(how, contraction, values), *_beside(how, contraction)]
    return [*merged(how, product((contraction.inputs, contraction.outputs))), contraction]


def merged(how: Adaptation, weights: Size) -> list[Primitive]:
    """Returns the primitives of `kernel + alpha / rank * (a @ b)`, done anew at each call.

    Args:
        how: what was made of the kernel; nothing is done where it was not adapted.
        weights: weights of the kernel, and so values of `a @ b`.

    Example: a kernel of 64 to 32 adapted by rank 4 takes as many products as the layer itself at 4 positions.

    >>> sum(part.work().macs for part in merged(Adaptation(rank=4), 64 * 32))
    8192
    """
    if not how.rank:
        return []
    # XLA drops a product with 1.
    added = Elementwise(cost=Cost(2, registered=2, hlo=1 + how.is_scaled), elements=weights, name=LowRank.kind)
    return [Once(primitive=Contraction(inputs=how.rank, outputs=weights, weights=False)), Once(primitive=added)]


def _float8(how: Adaptation, contraction: Contraction, values: Size) -> list[Primitive]:
    weights = product((contraction.inputs, contraction.outputs))
    rounded = contraction.bias if how.dtype == "float32" else 0
    return [*steps.float8(values, weights, rounded), replace(contraction, types=how.types)]


def _quantised(how: Adaptation, contraction: Contraction, values: Size) -> list[Primitive]:
    """The inputs quantised; the weights unpacked and brought back to floats, or else the outputs."""
    weights = product((contraction.inputs, contraction.outputs))
    before: list[Primitive] = []
    if how.inputs:
        before += steps.quantised(values, contraction.inputs)
    before += steps.unpacked(how.packed, signed=how.mode == "int4")
    if how.rows:
        before += steps.restored(weights, how.rows, cast_zeros=not how.has_float_zeros)
    elif how.is_restored:
        before += steps.divided(weights)
    if how.mode == "awq":
        before += steps.divided(weights, cast=False)
    return [*before, replace(contraction, types=how.types), *_rescaled(how, contraction, values)]


def _rescaled(how: Adaptation, contraction: Contraction, values: Size) -> list[Primitive]:
    outputs = product((contraction.outputs, contraction.positions))
    if how.is_restored:
        if how.inputs:
            return [*steps.rescaled(outputs, 1, cast=False), *steps.cast(values)]
        return steps.by_one(outputs, None) if how.has_scale else []
    if how.inputs:
        return steps.rescaled(outputs, 2)
    weights = product((contraction.inputs, contraction.outputs))
    ones = steps.by_one(outputs, contraction.outputs) if how.has_scale else []
    return [*steps.rescaled(outputs, 1, cast=False), *steps.cast_weights(weights), *ones]


def _beside(how: Adaptation, contraction: Contraction) -> list[Primitive]:
    if not how.rank or contraction.outputs is None:
        return []
    heads = contraction.outputs // how.width
    return [
        LowRank(
            inputs=contraction.inputs,
            outputs=contraction.outputs,
            positions=contraction.positions,
            rank=how.rank,
            heads=heads,
            scaled=how.is_scaled,
        )
    ]


def looked_up(how: Adaptation, tokens: Size, width: int, weights: int) -> list[Primitive]:
    """Returns the primitives of rows of a table whose weights were adapted, beside the look-up itself.

    Args:
        how: what was made of the weights.
        tokens: rows that are looked up.
        width: values of a row.
        weights: values of the table.
    """
    if not how.mode:
        return merged(how, weights)
    found = [*steps.unpacked(how.packed, signed=True), *steps.looked_up(tokens, width, how.groups)]
    if how.rank:
        found += steps.picked(tokens, how.rank)
        found.append(LowRank(inputs=None, outputs=width, positions=tokens, rank=how.rank, scaled=how.is_scaled))
    return found


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class LowRank(Primitive):
    """The product `alpha / rank * (x @ a) @ b`, which is added to the outputs of a layer whose kernel is quantised.

    Attributes:
        inputs: products in a value of `x @ a`; `None` where rows of `a` are looked up.
        outputs: outputs at one position.
        positions: positions that share the weights.
        rank: products in an output.
        heads: parts of the outputs that share `b` and have an `a` each.
        scaled: whether `alpha / rank` is not 1.
    """

    kind = "low-rank adaptation"
    inputs: Size
    outputs: int
    positions: Size
    rank: int
    heads: int = 1
    scaled: bool = False

    def work(self) -> Work | None:
        if self.positions is None:
            return None
        n = self.outputs * self.positions
        between = 0 if self.inputs is None else self.rank * self.heads * self.positions
        macs = between * (self.inputs or 0) + self.rank * n
        return Work(
            macs=macs,
            inside=macs,
            outputs=between + n,
            arithmetic=2 * n,
            registered=2 * n,
            hlo=(1 + self.scaled) * n,
        )

    @property
    def multiplied(self) -> tuple[Multiplied, ...]:
        positions, last = self.positions, self.rank * self.outputs // self.heads
        if self.inputs is None:
            return (Multiplied("lora_embeddings_b", last, product((last, positions))),)
        first = self.inputs * self.heads * self.rank
        return (
            Multiplied("lora_kernel_a", first, product((first, positions))),
            Multiplied("lora_kernel_b", last, product((last, self.heads, positions))),
        )
