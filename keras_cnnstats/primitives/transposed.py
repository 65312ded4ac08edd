"""Transposed convolution of any rank: each input spreads a kernel over the output."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

from keras_cnnstats.field import transposed_reach
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
from keras_cnnstats.primitives.lattice import positions_reached, taps_inside
from keras_cnnstats.primitives.spreads import Slide
from keras_cnnstats.units import NO_WORK, Training, Work


class Upwindow(NamedTuple):
    """The window of a transposed convolution on one axis.

    Input `j` adds to the outputs `j * stride + tap * dilation - before`.

    Attributes:
        kernel: taps.
        stride: output positions from one input to the next.
        dilation: output positions from one tap to the next.
        padding: `"valid"`, `"same"`, or so many output positions cut off on both sides.
        output_padding: positions added behind; `None` for the framework's choice.
        size: positions of the input; `None` where unknown.
        positions: positions of the output, as the framework gives them; `None` where unknown.
    """

    kernel: int
    stride: int = 1
    dilation: int = 1
    padding: str | int = "valid"
    output_padding: int | None = None
    size: Size = None
    positions: Size = None

    @property
    def extent(self) -> int:
        """Output positions from the first tap to the last, both included."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def expected_positions(self) -> Size:
        """Positions of the output by the general formula."""
        if self.size is None:
            return None
        whole = (self.size - 1) * self.stride
        if isinstance(self.padding, int):
            return whole + self.extent - 2 * self.padding + (self.output_padding or 0)
        if self.padding == "valid":
            behind = max(self.stride - self.extent, 0) if self.output_padding is None else self.output_padding
            return whole + self.extent + behind
        if self.output_padding is None:
            return self.size * self.stride
        return whole + self.extent % 2 + self.output_padding

    @property
    def outputs_touched(self) -> int:
        """Output positions that a product is added to, those that are cut off included; the size must be known."""
        assert self.size is not None
        whole = (self.size - 1) * self.stride + self.extent
        return positions_reached(whole, self.size, self.kernel, self.stride, self.dilation, 0)

    @property
    def before(self) -> int:
        """Output positions cut off in front: those that a convolution back to the input would have padded."""
        if isinstance(self.padding, int):
            return self.padding
        if self.padding == "valid":
            return 0
        if self.output_padding is None:
            return max(self.extent - self.stride, 0) // 2
        return max((self.extent - self.extent % 2 - self.output_padding) // 2, 0)


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class TransposedConvolution(Primitive):
    """Each input times a kernel is added to the output: counted from the input grid, cropped products included.

    Attributes:
        windows: one for each axis.
        c_in: input channels.
        c_out: output channels.
        bias: whether a bias is added to each output.
        weights: whether the kernel (and the bias) are weights of the layer.
        maps: the input and the kernel, where that is an argument.
    """

    kind = "transposed convolution"
    windows: tuple[Upwindow, ...]
    c_in: int
    c_out: int
    bias: bool = False
    weights: bool = True
    maps: tuple[Map, ...] = ()

    @property
    def area(self) -> int:
        """Taps of the kernel."""
        return prod([window.kernel for window in self.windows])

    @property
    def kernel_size(self) -> int:
        """Values of the kernel."""
        return self.area * self.c_in * self.c_out

    def work(self) -> Work | None:
        sizes = product(window.size for window in self.windows)
        positions = product(window.positions for window in self.windows)
        if sizes is None or positions is None:
            return None
        channels = self.c_in * self.c_out
        inside = touched = 1
        for window in self.windows:
            assert window.size is not None and window.positions is not None
            grid = window.kernel, window.stride, window.dilation, window.before
            # The products that stay are those of the convolution that goes the other way.
            inside *= taps_inside(window.positions, window.size, *grid)
            touched *= window.outputs_touched
        return Work(
            macs=sizes * self.area * channels,
            inside=inside * channels,
            outputs=touched * self.c_out if channels else 0,
            biases=positions * self.c_out if self.bias else 0,
        )

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None:
            return None
        forward = work.times(samples)
        inputs = weights = NO_WORK
        if 0 in towards:
            inputs = forward.products((product(window.size for window in self.windows) or 0) * self.c_in * samples)
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
        return (self.area * self.c_in + self.bias) * self.c_out if self.weights else 0

    @property
    def spread(self) -> Slide:
        return Slide(
            tuple(
                transposed_reach(window.kernel, window.stride, window.dilation, window.before)
                for window in self.windows
            )
        )

    def claims(self) -> Iterable[Claim]:
        for index, window in enumerate(self.windows):
            if window in self.windows[:index] or window.size is None or window.positions is None:
                continue
            expected = (window.size - window.kernel) // window.stride + 1
            if expected != window.positions:
                formula = f"floor(({window.size} - {window.kernel}) / {window.stride}) + 1 = {expected}"
                yield Claim("output size", "S5", formula, expected, window.positions)
        work = self.work()
        if work is not None:
            sides = " * ".join(str(window.positions) for window in self.windows)
            taps = self.area * self.c_in
            expected = (2 * taps - 1 + self.bias) * self.c_out * (product(w.positions for w in self.windows) or 0)
            actual = 2 * work.macs - work.outputs + work.biases
            if expected != actual:
                formula = f"[{taps} + {taps - 1}{' + 1' * self.bias}] * {self.c_out} * {sides} = {expected:,}"
                yield Claim("flops", "F4", formula, expected, actual)

    def defects(self) -> Iterable[Claim]:
        for window in dict.fromkeys(self.windows):
            expected = window.expected_positions
            if expected is not None and window.positions is not None and expected != window.positions:
                formula = f"({window.size} - 1) * {window.stride} + ... = {expected}"
                yield Claim("output size", "S0", formula, expected, window.positions)
