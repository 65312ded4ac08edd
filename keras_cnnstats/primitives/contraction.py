"""Contraction: dense layers, einsum, matrix products: sums of products over shared dimensions."""

from collections.abc import Iterable
from dataclasses import dataclass

from keras_cnnstats.primitives.base import (
    Claim,
    Learned,
    Map,
    Multiplied,
    Primitive,
    Size,
    kernel_and_bias,
    product,
    sums,
)
from keras_cnnstats.primitives.normalization import Normalization
from keras_cnnstats.primitives.spreads import POINTWISE, Contract, Gather, Route, Spread
from keras_cnnstats.primitives.wrapping import Reading
from keras_cnnstats.units import NO_WORK, Training, Work


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Contraction(Primitive):
    """Each output is a sum of `inputs` products, at each of `positions` positions.

    Attributes:
        inputs: products in one output (`I` of the textbook).
        outputs: outputs at one position (`O` of the textbook).
        positions: positions that share the weights.
        bias: biases added to the outputs of one position; as many as outputs, or fewer where outputs share them.
        weights: whether one factor is a weight of the layer.
        looks: where its outputs look.
        maps: both factors, where neither is a weight of the layer.
        kernel: how the name of the weight that it multiplies with ends, where that is not `kernel`.
        types: what the products are products of; empty: what the layer computes in.
    """

    kind = "dense"
    inputs: Size
    outputs: Size
    positions: Size = 1
    bias: int = 0
    weights: bool = True
    looks: Spread = POINTWISE
    maps: tuple[Map, ...] = ()
    kernel: str = ""
    types: str = ""

    def work(self) -> Work | None:
        if self.inputs is None or self.outputs is None or self.positions is None:
            return None
        outputs = self.outputs * self.positions
        macs = self.inputs * outputs
        # A sum of no products takes no additions.
        summed = outputs if self.inputs else 0
        return Work(macs=macs, inside=macs, outputs=summed, biases=outputs if self.bias else 0)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or (towards and not self.weights and not self.maps):
            return None
        forward = work.times(samples)
        inputs = weights = NO_WORK
        if self.weights:
            assert self.inputs is not None and self.outputs is not None and self.positions is not None
            if 0 in towards:
                inputs = forward.products(self.inputs * self.positions * samples)
            # Where the kernel is made at each call, it is the second map.
            if 1 in towards or self.kernel_name in learns:
                weights = forward.products(self.inputs * self.outputs)
            if "bias" in learns:
                weights = weights.plus(sums(forward.biases, self.bias))
            return Training(forward, inputs, weights)
        for place in towards:
            factor = self.maps[place]
            gradient = forward.products(factor.values(samples))
            inputs, weights = (inputs, weights.plus(gradient)) if factor.weight else (inputs.plus(gradient), weights)
        return Training(forward, inputs, weights)

    @property
    def sources(self) -> tuple[Map, ...]:
        return self.maps

    @property
    def parameters(self) -> int:
        if not self.weights or self.inputs is None or self.outputs is None:
            return 0
        return self.inputs * self.outputs + self.bias

    @property
    def kernel_name(self) -> str:
        """How the name of the weight that it multiplies with ends."""
        return self.kernel or "kernel"

    @property
    def learned(self) -> tuple[Learned, ...]:
        return kernel_and_bias(self.parameters - self.bias, self.bias, self.kernel_name) if self.weights else ()

    @property
    def multiplied(self) -> tuple[Multiplied, ...]:
        if not (self.weights or self.kernel) or self.inputs is None or self.outputs is None:
            return ()
        size = self.inputs * self.outputs
        return (Multiplied(self.kernel_name, size, product((size, self.positions))),)

    @property
    def operands(self) -> str:
        return self.types

    @property
    def spread(self) -> Spread:
        return self.looks

    def claims(self) -> Iterable[Claim]:
        if not self.weights or self.inputs is None or self.outputs is None:
            return
        i, o, one = self.inputs, self.outputs, bool(self.bias)
        if self.bias not in (0, o):
            expected = (i + 1) * o
            yield Claim("parameters", "P6", f"({i} + 1) * {o} = {expected:,}", expected, self.parameters)
        if self.positions not in (None, 1):
            expected = (2 * i - 1 + one) * o
            formula = f"[{i} + {i - 1}{' + 1' * one}] * {o} = {expected:,}"
            yield Claim("flops", "F3", formula, expected, expected * (self.positions or 0))


def einsum_dense(equation: str, x: tuple[Size, ...], y: tuple[Size, ...], bias_axes: str | None) -> Contraction:
    """Returns the contraction of an einsum between an input and a kernel.

    Args:
        equation: such as `"abc,cd->abd"`; an ellipsis stands for axes that only the input has: in front the batch too.
        x: shape of the input, batch axis included.
        y: shape of the output, batch axis included.
        bias_axes: letters of the output axes that the bias has.

    Example: 50 positions, each 64 inputs to 128 outputs.

    >>> contraction = einsum_dense("abc,cd->abd", (None, 50, 64), (None, 50, 128), "d")
    >>> contraction.inputs, contraction.outputs, contraction.positions, contraction.parameters
    (64, 128, 50, 8320)
    """
    inputs, result = equation.replace(" ", "").split("->")
    source, kernel = inputs.split(",")
    # Keras leaves a size of the output open where the user wrote `None` for it; the input has it.
    sizes = _letter_sizes(result, y) | {letter: n for letter, n in _letter_sizes(source, x).items() if n is not None}
    axes = [letter for letter in result if letter != "."]
    summed = [letter for letter in source if letter in kernel and letter not in axes]
    batch = result[0] if not result.startswith("...") else None
    rest = [letter for letter in axes if letter not in kernel and letter != batch]
    hidden = [size for letter, size in sizes.items() if letter.isdigit() and (batch or letter != "0")]
    return Contraction(
        inputs=product(sizes[letter] for letter in summed),
        outputs=product(sizes[letter] for letter in axes if letter in kernel),
        positions=product([*(sizes[letter] for letter in rest), *hidden]),
        bias=product(sizes[letter] for letter in bias_axes or "") or 0 if bias_axes else 0,
        looks=_einsum_looks(_letter_sizes(source, x), _letter_sizes(result, y)),
    )


def einsum_product(equation: str, a: tuple[Size, ...], b: tuple[Size, ...], maps: tuple[Map, ...] = ()) -> Contraction:
    """Returns the contraction of an einsum between two maps; the first axis of the result is the batch.

    A result without axes is the sum over the samples too, of which the work of each is a part.

    Example: the scores of 4 heads of 16 values between 50 and 30 positions.

    >>> scores = einsum_product("BTNH,BSNH->BNTS", (1, 50, 4, 16), (1, 30, 4, 16))
    >>> scores.inputs, scores.work().macs
    (16, 96000)
    """
    operands, result = equation.replace(" ", "").split("->")
    first, second = operands.split(",")
    hidden = max(_hidden(first, a), _hidden(second, b))
    across, sizes = _letter_sizes(second, b, hidden), _letter_sizes(first, a, hidden)
    is_fed = not maps or not (maps[0].weight or maps[0].source is None)
    batch = next(iter(sizes if is_fed else across), "")
    for letter, size in across.items():
        # A map of one position is repeated along the others of an axis under the ellipsis.
        if letter not in sizes or (letter.isdigit() and sizes[letter] == 1):
            sizes[letter] = size
    before, dots, behind = result.partition("...")
    # The result has the axes under the ellipsis of both maps, and its own letters around them.
    names = [*before, *(sorted(filter(str.isdigit, sizes), key=int) if dots else ""), *behind]
    summed = [letter for letter in sizes if letter not in names and (names or letter != batch)]
    *positions, last = [sizes[letter] for letter in names[1:]] or [1]
    return Contraction(
        inputs=product(sizes[letter] for letter in summed),
        outputs=last,
        positions=product(positions),
        weights=False,
        looks=_looks(
            [_einsum_looks(_letter_sizes(*each, hidden), dict.fromkeys(names)) for each in ((first, a), (second, b))],
            maps,
        ),
        maps=maps,
    )


def _looks(routes: list[Route], maps: tuple[Map, ...]) -> Spread:
    """Where the products of two maps look; of the first where it is not said what they are."""
    if not maps:
        return routes[0]
    read = [(each.source, route.sources) for each, route in zip(maps, routes, strict=True) if not each.weight]
    return Contract(tuple([(source, dims) for source, dims in read if source is not None and source >= 0]))


def _hidden(term: str, shape: tuple[Size, ...]) -> int:
    """How many axes stand under the ellipsis, if there is one."""
    before, dots, behind = term.partition("...")
    return len(shape) - len(before) - len(behind) if dots else 0


def _letter_sizes(term: str, shape: tuple[Size, ...], widest: int = 0) -> dict[str, Size]:
    """Sizes by letter; the axes under an ellipsis by their place in it, `"0"`, `"1"`, ..., or in the widest of several.

    Those of several stand one under the other from the last one on.
    """
    before, _, behind = term.partition("...")
    own = _hidden(term, shape)
    last = max(own, widest)
    names = [*before, *(str(place) for place in range(last - own, last)), *behind]
    return dict(zip(names, shape, strict=True))


def _einsum_looks(source: dict[str, Size], result: dict[str, Size]) -> Route:
    places = list(source)
    return Route(tuple(places.index(letter) if letter in source else None for letter in result))


def batch_dot(
    a: tuple[Size, ...], b: tuple[Size, ...], axes: int | tuple[int, int], normalize: bool = False
) -> list[Primitive]:
    """Returns the primitives of a sum of products over an axis of each of two maps, sample by sample.

    Args:
        a: shape of the first map, batch axis included.
        b: shape of the second.
        axes: the axis summed over in each.
        normalize: whether the vectors are set to length 1 first.
    """
    first, second = axes if isinstance(axes, (tuple, list)) else (axes, axes)
    first, second = first % len(a), second % len(b)
    rest_a = product(size for place, size in enumerate(a) if place not in (0, first))
    rest_b = product(size for place, size in enumerate(b) if place not in (0, second))
    sizes = product(a[1:]), product(b[1:])
    sources = (-2, -1) if normalize else (0, 1)
    contraction = Contraction(
        inputs=a[first],
        outputs=rest_a,
        positions=rest_b,
        weights=False,
        looks=Gather(None),
        maps=tuple(Map(size, source) for size, source in zip(sizes, sources, strict=True)),
    )
    if not normalize:
        return [contraction]
    lengths = [Normalization(groups=rest, size=a[first], method="unit") for rest in (rest_a, rest_b)]
    readings = [Reading(primitive=each, maps=(Map(sizes[place], place),)) for place, each in enumerate(lengths)]
    return [*readings, contraction]


def matrix_product(
    a: tuple[Size, ...], b: tuple[Size, ...], y: tuple[Size, ...], maps: tuple[Map, ...] = ()
) -> Contraction:
    """Returns the contraction of the last axis of `a` with the last but one of `b`, with the result `y`.

    Axes before the last two are broadcast; the first one of `y` is the batch, unless `y` is a plain matrix of a batch.
    """
    columns = b[-1] if len(b) > 1 else 1
    width = 1 if len(b) == 1 else 0
    rest = y[1 : len(y) - 1 + width]
    batches = len(y) - (len(a) > 1) - (len(b) > 1)
    rows = [*_aligned(batches, len(a) - 2), *([len(a) - 2] * (len(a) > 1)), *([None] * (len(b) > 1))]
    across = [*_aligned(batches, len(b) - 2), *([None] * (len(a) > 1)), *([len(b) - 1] * (len(b) > 1))]
    return Contraction(
        inputs=a[-1],
        outputs=columns,
        positions=product(rest),
        weights=False,
        looks=_looks([Route(tuple(rows)), Route(tuple(across))], maps),
        maps=maps,
    )


def _aligned(axes: int, own: int) -> list[int | None]:
    """The dimensions of a map under so many axes that are broadcast, aligned at the right."""
    return [place - (axes - own) if place >= axes - own else None for place in range(axes)]
