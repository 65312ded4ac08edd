"""Convolution of any rank: plain, grouped, depthwise."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod

from keras_cnnstats.primitives.base import Claim, Learned, Map, Multiplied, Primitive, kernel_and_bias, product, sums
from keras_cnnstats.primitives.spreads import Slide
from keras_cnnstats.primitives.window import Window, size_claims, size_defects
from keras_cnnstats.units import NO_WORK, Training, Work


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Convolution(Primitive):
    """Each output is a sum of products over a window and over the input channels of its group.

    Attributes:
        windows: one for each axis.
        c_in: input channels.
        c_out: output channels.
        groups: groups that the channels are divided into; as many as input channels in a depthwise convolution.
        bias: whether a bias is added to each output.
        weights: whether the kernel (and the bias) are weights of the layer, and not maps like the input.
        maps: the input and the kernel, where that is an argument.
    """

    kind = "convolution"
    windows: tuple[Window, ...]
    c_in: int
    c_out: int
    groups: int = 1
    bias: bool = False
    weights: bool = True
    maps: tuple[Map, ...] = ()

    @classmethod
    def depthwise(
        cls,
        windows: tuple[Window, ...],
        channels: int,
        multiplier: int,
        bias: bool = False,
        weights: bool = True,
        maps: tuple[Map, ...] = (),
    ) -> "Convolution":
        """Each input channel is convolved with `multiplier` kernels of its own."""
        return cls(
            windows=windows,
            c_in=channels,
            c_out=channels * multiplier,
            groups=channels,
            bias=bias,
            weights=weights,
            maps=maps,
        )

    @classmethod
    def of_kernel(
        cls, windows: tuple[Window, ...], c_in: int, kernel: tuple[int, ...], maps: tuple[Map, ...] = ()
    ) -> "Convolution":
        """The kernel is a map like the input, of shape (*window, channels of a group, output channels)."""
        return cls(windows=windows, c_in=c_in, c_out=kernel[-1], groups=c_in // kernel[-2], weights=False, maps=maps)

    @property
    def taps(self) -> int:
        """Products in one output: kernel area times the input channels of a group."""
        return prod([window.kernel for window in self.windows]) * (self.c_in // self.groups)

    @property
    def kernel_size(self) -> int:
        """Values of the kernel."""
        return self.taps * self.c_out

    def work(self) -> Work | None:
        positions = product(window.positions for window in self.windows)
        if positions is None or any(window.size is None for window in self.windows):
            return None
        outputs = positions * self.c_out
        inside = prod([window.taps_inside for window in self.windows]) * (self.c_in // self.groups) * self.c_out
        biases, summed = outputs if self.bias else 0, outputs if self.taps else 0
        return Work(macs=self.taps * outputs, inside=inside, outputs=summed, biases=biases)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None:
            return None
        forward = work.times(samples)
        inputs = weights = NO_WORK
        if 0 in towards:
            # What no window touches gets no gradient.
            reached = prod([window.positions_reached for window in self.windows])
            inputs = forward.products(reached * self.c_in * samples)
        if "kernel" in learns or 1 in towards:
            weights = forward.products(self.kernel_size)
        if "bias" in learns:
            weights = weights.plus(sums(forward.biases, self.c_out))
        return Training(forward, inputs, weights)

    @property
    def sources(self) -> tuple[Map, ...]:
        return self.maps

    @property
    def learned(self) -> tuple[Learned, ...]:
        return kernel_and_bias(self.kernel_size, self.c_out * self.bias) if self.weights else ()

    @property
    def multiplied(self) -> tuple[Multiplied, ...]:
        work = self.work()
        macs = None if work is None else work.macs
        return (Multiplied("kernel", self.kernel_size, macs),) if self.weights else ()

    @property
    def parameters(self) -> int:
        return (self.taps + self.bias) * self.c_out if self.weights else 0

    @property
    def spread(self) -> Slide:
        return Slide(tuple([window.reach for window in self.windows]))

    def claims(self) -> Iterable[Claim]:
        if self.groups > 1:
            yield from self._group_claims()
        yield from size_claims(self.windows)

    def _group_claims(self) -> Iterator[Claim]:
        number = "2" if self.groups == self.c_in else "1"
        area = " * ".join(str(window.kernel) for window in self.windows)
        taps = self.taps * self.groups
        if self.weights:
            expected = (taps + self.bias) * self.c_out
            formula = f"({area} * {self.c_in}{' + 1' * self.bias}) * {self.c_out} = {expected:,}"
            yield Claim("parameters", f"P{number}", formula, expected, self.parameters)
        work = self.work()
        if work is not None:
            sides = " * ".join(str(window.positions) for window in self.windows)
            expected = (2 * taps - 1 + self.bias) * work.outputs
            formula = f"[{taps} + {taps - 1}{' + 1' * self.bias}] * {self.c_out} * {sides} = {expected:,}"
            actual = 2 * work.macs - work.outputs + work.biases
            yield Claim("flops", f"F{number}", formula, expected, actual)

    def defects(self) -> Iterable[Claim]:
        return size_defects(self.windows)
