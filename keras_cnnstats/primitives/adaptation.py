"""What becomes of a layer's contraction when its weights are quantised, or adapted by a low-rank product."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from keras_cnnstats.primitives import quantisation as steps
from keras_cnnstats.primitives.base import Learned, Map, Multiplied, Primitive, Size, product
from keras_cnnstats.primitives.contraction import Contraction
from keras_cnnstats.primitives.convolution import Convolution
from keras_cnnstats.primitives.rearrangement import Lookup
from keras_cnnstats.primitives.wrapping import reading
from keras_cnnstats.units import NO_WORK, Training, Work


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


def computed(
    how: Adaptation, contraction: Contraction, values: Size, source: int | None = 0, is_first: bool = True
) -> list[Primitive]:
    """Returns the primitives of a contraction, as a layer computes it whose weights were adapted.

    Args:
        how: what was made of its weights.
        contraction: the contraction of its inputs with its kernel.
        values: values of its inputs.
        source: where these come from (see `Map`).
        is_first: whether it is the first of its row and its inputs are those of the call.
    """
    read = Map(values, source)
    if how.rank and not how.mode:
        weights = product((contraction.inputs, contraction.outputs))
        return merged(how, contraction, weights, read, f"lora_{contraction.kernel_name}")
    found: list[Primitive] = [contraction]
    if how.mode == "float8":
        found = _float8(how, contraction, values)
    elif how.mode:
        found = _quantised(how, contraction, values)
        found += _beside(how, contraction, _behind(read, len(found)))
    return found if is_first else reading(found, (read,))


def convolved(how: Adaptation, convolution: Convolution, shape: tuple[Size, ...]) -> list[Primitive]:
    """Returns the primitives of a convolution, as a layer computes it whose weights were adapted.

    Args:
        how: what was made of its weights.
        convolution: the convolution of its input with its kernel.
        shape: of the input, without the batch axis.
    """
    return merged(how, convolution, convolution.kernel_size, Map(product(shape))) if how.rank else [convolution]


def _behind(read: Map, steps: int) -> Map:
    """A map, seen from so many primitives further behind."""
    return read if read.source is None or read.source >= 0 else read._replace(source=read.source - steps)


def merged(
    how: Adaptation, layer: Contraction | Convolution | Lookup, weights: Size, read: Map, name: str = "lora_kernel"
) -> list[Primitive]:
    """Returns the primitives of a layer whose kernel is `kernel + alpha / rank * (a @ b)`, made anew at each call.

    Args:
        how: what was made of the kernel.
        layer: what is done with the kernel.
        weights: weights of the kernel, and so values of `a @ b`.
        read: the inputs.
        name: how the names of the two thin matrices begin.

    Example: a kernel of 64 to 32 adapted by rank 4 takes as many products as the layer itself at 4 positions.

    >>> dense = Contraction(inputs=64, outputs=32)
    >>> [part.work().macs for part in merged(Adaptation(rank=4, width=32), dense, 64 * 32, Map(64))]
    [8192, 2048]
    """
    kernel = LowRankKernel(weights=weights, width=how.width, rank=how.rank, scaled=how.is_scaled, name=name)
    return [kernel, replace(layer, maps=(_behind(read, 1), Map(weights, -1, weight=True)))]


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
    if how.mode in ("int8", "int4"):
        before += steps.again(weights, how.rows)
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


def _beside(how: Adaptation, contraction: Contraction, read: Map) -> list[Primitive]:
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
            maps=(Map(product((contraction.outputs, contraction.positions)), -1), read),
        )
    ]


def looked_up(how: Adaptation, table: Lookup) -> list[Primitive]:
    """Returns the primitives of a look-up in a table whose weights were adapted.

    Args:
        how: what was made of the weights.
        table: the look-up.
    """
    tokens, width = table.picked, table.width
    if not how.mode:
        return merged(how, table, table.parameters, Map(tokens), "lora_embeddings") if how.rank else [table]
    found = [table, *steps.unpacked(how.packed, signed=True), *steps.looked_up(tokens, width, how.groups)]
    if how.rank:
        found += steps.picked(tokens, how.rank)
        found.append(
            LowRank(inputs=None, outputs=width, positions=tokens, rank=how.rank, rows=table.rows, scaled=how.is_scaled)
        )
    return found


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class LowRankKernel(Primitive):
    """The sum `kernel + alpha / rank * (a @ b)`, which takes a kernel's place: it is made once a call.

    Attributes:
        weights: weights of the kernel.
        width: those of them in a row: outputs of the layer, or of one of its heads.
        rank: products in a value of `a @ b`.
        scaled: whether `alpha / rank` is not 1.
        name: how the names of `a` and `b` begin.
    """

    kind = "low-rank adaptation"
    weights: Size
    width: int
    rank: int
    scaled: bool = False
    name: str = "lora_kernel"

    def work(self) -> Work | None:
        if self.weights is None:
            return None
        macs = self.rank * self.weights
        # XLA drops a product with 1.
        return Work(
            macs=macs,
            inside=macs,
            outputs=self.weights,
            arithmetic=2 * self.weights,
            registered=2 * self.weights,
            hlo=(1 + self.scaled) * self.weights,
        )

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or not learns:
            return None if work is None else Training(work)
        assert self.weights is not None
        gradient = Work(arithmetic=self.weights, hlo=self.scaled * self.weights)
        for each in self.learned:
            gradient = gradient.plus(work.products(each.size) if each.name in learns else NO_WORK)
        return Training(work, weights=gradient)

    @property
    def sources(self) -> tuple[Map, ...]:
        # Nothing but weights.
        return (Map(self.weights, None),)

    @property
    def learned(self) -> tuple[Learned, ...]:
        rows = 0 if self.weights is None else self.weights // self.width
        return Learned(f"{self.name}_a", rows * self.rank), Learned(f"{self.name}_b", self.rank * self.width)

    @property
    def is_shared(self) -> bool:
        return True


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class LowRank(Primitive):
    """The product `alpha / rank * (x @ a) @ b`, which is added to the outputs of a layer whose kernel is quantised.

    Attributes:
        inputs: products in a value of `x @ a`; `None` where rows of `a` are looked up.
        outputs: outputs at one position.
        positions: positions that share the weights.
        rank: products in an output.
        heads: parts of the outputs that share `b` and have an `a` each.
        rows: rows of `a`, where they are looked up.
        scaled: whether `alpha / rank` is not 1.
        maps: the outputs that it is added to, and the inputs.
    """

    kind = "low-rank adaptation"
    inputs: Size
    outputs: int
    positions: Size
    rank: int
    heads: int = 1
    rows: int = 0
    scaled: bool = False
    maps: tuple[Map, ...] = ()

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

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.positions is None:
            return None
        forward = work.times(samples)
        first, last = self.learned
        inputs = weights = NO_WORK
        n, between = self.outputs * self.positions * samples, self.rank * self.heads * self.positions * samples
        scaling, macs = Work(arithmetic=n, hlo=self.scaled * n), self.rank * n
        back = Work(macs=macs, inside=macs, outputs=between)
        if last.name in learns:
            weights = back._replace(outputs=last.size)
        if first.name in learns:
            weights = weights.plus(self._towards_rows(first, between))
        if 1 in towards:
            values = (self.inputs or 0) * self.positions * samples
            inputs = back.plus(_products(between * (self.inputs or 0), values)).plus(scaling)
        elif learns:
            weights = weights.plus(scaling).plus(back if first.name in learns else NO_WORK)
        return Training(forward, inputs, weights)

    def _towards_rows(self, rows: Learned, between: int) -> Work:
        """The gradient towards `a`: products with the inputs, or an addition where a row was looked up."""
        if self.inputs is None:
            return Work(arithmetic=between, hlo=between)
        return _products(between * self.inputs, rows.size)

    @property
    def sources(self) -> tuple[Map, ...]:
        return self.maps

    @property
    def learned(self) -> tuple[Learned, Learned]:
        name = "lora_embeddings" if self.inputs is None else "lora_kernel"
        rows = self.rows if self.inputs is None else self.inputs * self.heads
        return Learned(f"{name}_a", rows * self.rank), Learned(f"{name}_b", self.rank * self.outputs // self.heads)

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


def _products(macs: int, results: int) -> Work:
    return Work(macs=macs, inside=macs, outputs=results)
