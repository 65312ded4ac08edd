"""Pairs of an output and a tap that land on a position, counted without going through them."""

from functools import lru_cache
from math import gcd


def floor_sum(count: int, modulus: int, factor: int, offset: int) -> int:
    """Returns the sum of `(factor * i + offset) // modulus` over `0 <= i < count`, in logarithmic time.

    Source: as Euclid's algorithm goes, with the roles of the two axes exchanged in each step.

    >>> floor_sum(5, 3, 2, 1), sum((2 * i + 1) // 3 for i in range(5))
    (7, 7)
    """
    total = 0
    while count > 0:
        total += (count - 1) * count // 2 * (factor // modulus) + count * (offset // modulus)
        factor, offset = factor % modulus, offset % modulus
        last = factor * count + offset
        if last < modulus:
            break
        count, offset = divmod(last, modulus)
        modulus, factor = factor, modulus
    return total


def _below(bound: int, outputs: int, taps: int, stride: int, dilation: int) -> int:
    """Pairs of an output and a tap with `output * stride + tap * dilation < bound`."""
    # Up to some tap all outputs lie below; up to another one, some do.
    every = min(max((bound - 1 - (outputs - 1) * stride) // dilation + 1, 0), taps)
    some = min(max((bound - 1) // dilation + 1, 0), taps)
    if every >= some:
        return every * outputs
    # For a tap, `(bound - 1 - tap * dilation) // stride + 1` outputs; from the last tap down these grow.
    least = bound - 1 - (some - 1) * dilation
    return every * outputs + floor_sum(some - every, stride, dilation, least) + some - every


@lru_cache(maxsize=65536)
def taps_inside(size: int, positions: int, kernel: int, stride: int, dilation: int, before: int) -> int:
    """Counts the pairs of an output and a tap with `0 <= output * stride + tap * dilation - before < size`.

    >>> taps_inside(5, 5, 3, 1, 1, 1)
    13
    """
    if positions < 1 or kernel < 1:
        return 0
    grid = positions, kernel, stride, dilation
    return _below(before + size, *grid) - _below(before, *grid)


@lru_cache(maxsize=65536)
def positions_reached(size: int, positions: int, kernel: int, stride: int, dilation: int, before: int) -> int:
    """Counts the positions inside the input that some pair of an output and a tap lands on.

    Output `i` and tap `t` land where output `i - d` and tap `t + s` do, with the dilation `d` and the stride `s` over
    their greatest common divisor. Of all that land on one position, one has no such other.

    >>> positions_reached(7, 3, 2, 2, 3, 0)
    5
    """
    common = gcd(stride, dilation)
    outputs, taps = dilation // common, stride // common
    pairs = taps_inside(size, positions, kernel, stride, dilation, before)
    others = taps_inside(size, positions - outputs, kernel - taps, stride, dilation, before - outputs * stride)
    return pairs - others
