"""The algebra of receptive fields on one axis: which input positions does an output position see?

Output position `i` sees the input positions `[lo + i * jump, hi + i * jump]`. A window, an up-sampling and a
transposed convolution are all one thing here, a `Reach`: how many positions of its input each output position
touches, and how far the next one moves on. Where outputs of different phase see different extents (an
up-sampling by 2 has two phases), the field keeps each phase, so that what follows stays exact.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import gcd, inf, lcm
from typing import NamedTuple

from keras_cnnstats.units import Extent

PHASES_AT_MOST = 4096
"""A field with more phases than this (two odd resizings in a row) is called unknown rather than computed for long. No
network has a tenth of that, but a file may ask for it."""


class Slack(NamedTuple):
    """A padding that depends on an input size nobody gave: some integer from `low` to `high`.

    Two paddings with equal `key` are the same number.
    """

    key: object
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Unsized:
    """A position that is known up to paddings that are not: `base + sum(coefficient * slack)`."""

    base: int | Fraction
    slacks: tuple[tuple[Slack, int | Fraction], ...]

    def __add__(self, other: "Position") -> "Position":
        return _combine(self, other, 1)

    def __radd__(self, other: "Position") -> "Position":
        return _combine(self, other, 1)

    def __sub__(self, other: "Position") -> "Position":
        return _combine(self, other, -1)

    def __rsub__(self, other: "Position") -> "Position":
        return _combine(Unsized(-self.base, tuple((slack, -factor) for slack, factor in self.slacks)), other, 1)

    @property
    def bounds(self) -> tuple[int | Fraction, int | Fraction]:
        """The least and the greatest value that the unknown paddings allow."""
        ends = [sorted((slack.low * factor, slack.high * factor)) for slack, factor in self.slacks]
        return self.base + sum(low for low, _ in ends), self.base + sum(high for _, high in ends)


Position = int | Fraction | Unsized


def _combine(a: Unsized, b: Position, sign: int) -> Position:
    if not isinstance(b, Unsized):
        return Unsized(a.base + sign * b, a.slacks)
    factors = dict(a.slacks)
    for slack, factor in b.slacks:
        factors[slack] = factors.get(slack, 0) + sign * factor
    slacks = tuple((slack, factor) for slack, factor in factors.items() if factor)
    base = a.base + sign * b.base
    return Unsized(base, slacks) if slacks else base


def _least(positions: list[Position]) -> Position | None:
    """The smallest position, or `None` where unknown paddings leave it open."""
    best = positions[0]
    for position in positions[1:]:
        gap: Position = position - best
        low, high = gap.bounds if isinstance(gap, Unsized) else (gap, gap)
        if low < 0 < high:
            return None
        if high <= 0:
            best = position
    return best


def _around(spans: list[tuple[Position, Position]]) -> tuple[Position, Position] | None:
    """The hull of some spans, or `None` where unknown paddings leave it open."""
    lo, hi = _least([lo for lo, _ in spans]), _least([_negative(hi) for _, hi in spans])
    return None if lo is None or hi is None else (lo, _negative(hi))


def _negative(position: Position) -> Position:
    return 0 - position


def tidy(value: int | Fraction) -> int | Fraction:
    """Returns a whole fraction as an integer."""
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


class Reach(NamedTuple):
    """What output positions touch of the input, on one axis, repeating every `len(spans)` outputs.

    Output `period * q + r` touches the inputs `advance * q + first`, `+ step`, ..., `advance * q + last` with
    `(first, last) = spans[r]`, where `period = len(spans)`; a span of `None` touches nothing.
    `slack` stands for a padding before the input that is not known and comes off each span.
    """

    spans: tuple[tuple[int, int] | None, ...]
    advance: int
    step: int = 1
    slack: tuple[int, int] | None = None


def widest(reach: Reach) -> int:
    """Returns the most input positions that an output touches, from the first to the last.

    >>> widest(Reach(((0, 3), None, (1, 5)), 2))
    5
    """
    return max([last - first + 1 for first, last in filter(None, reach.spans)], default=0)


def window_reach(kernel: int, stride: int = 1, dilation: int = 1, before: int = 0) -> Reach:
    """The reach of a window: a convolution's or a pooling's, with `before` positions of padding in front."""
    return Reach(((-before, (kernel - 1) * dilation - before),), stride, dilation)


@lru_cache(maxsize=4096)
def transposed_reach(kernel: int, stride: int, dilation: int, before: int) -> Reach | None:
    """The reach of a transposed convolution, `before` of whose output positions are cut off in front.

    Input `j` adds to the outputs `j * stride + t * dilation - before` for each tap `t`. It is unknown (`None`) where
    there are more phases than `PHASES_AT_MOST`.
    """
    if stride > PHASES_AT_MOST:
        return None
    common = gcd(stride, dilation)
    every = stride // common
    inverse = pow(dilation // common, -1, every)
    spans: list[tuple[int, int] | None] = []
    for output in range(before, before + stride):
        # Of the taps that land on it, each `every`-th does; the first comes from the last input.
        tap = output // common * inverse % every
        if output % common or tap >= kernel:
            spans.append(None)
            continue
        last_tap = tap + (kernel - 1 - tap) // every * every
        spans.append(((output - last_tap * dilation) // stride, (output - tap * dilation) // stride))
    return Reach(tuple(spans), 1)


class Field(NamedTuple):
    """The receptive field of a map on one input axis, in input positions.

    Attributes:
        size: positions seen by one output position (the largest over the phases); `inf` for the whole input, 0 where
            nothing of this axis is seen, `None` where it is unknown.
        lo: first position that output 0 sees; negative in the padding. `None` where there is none to name.
        jump: input positions from one output position to the next: the stride product.
        phases: `(lo, hi)` of each phase where there are several, `None` for a phase that sees nothing.
    """

    size: Extent
    lo: Position | None = None
    jump: int | Fraction | None = None
    phases: tuple[tuple[Position, Position] | None, ...] = ()

    @property
    def ends(self) -> tuple[Position, Position]:
        """First and last position that output 0 sees, where the field is an interval."""
        assert self.lo is not None and self.size is not None and not isinstance(self.size, float)
        return self.lo, self.lo + (self.size - 1)

    @property
    def effective_padding(self) -> int | Fraction | None:
        """`-lo`: how far the field of output 0 hangs over the input's edge."""
        return None if self.lo is None or isinstance(self.lo, Unsized) else -self.lo

    @property
    def center(self) -> int | Fraction | None:
        """The middle of what output 0 sees (averaged over the phases), in input positions."""
        middle = self._twice_center()
        return None if middle is None or isinstance(middle, Unsized) else tidy(Fraction(middle) / 2)

    def _twice_center(self) -> Position | None:
        if self.lo is None or self.size is None:
            return None
        if not self.phases:
            lo, hi = self.ends
            return lo + hi
        seen = [phase for phase in self.phases if phase is not None]
        total: Position = 0
        for lo, hi in seen:
            total = total + lo + hi
        if isinstance(total, Unsized):
            share = tuple((slack, Fraction(factor) / len(seen)) for slack, factor in total.slacks)
            return Unsized(Fraction(total.base) / len(seen), share)
        return tidy(Fraction(total) / len(seen))

    def clipped(self, input_size: int | None, positions: int | None) -> Extent:
        """Returns the most positions inside the input that any of the `positions` outputs sees."""
        if self.size is None or self.size == 0 or input_size is None:
            return None if input_size is None and self.size != 0 else self.size
        if self.size == inf:
            return input_size
        phases = self.phases or (() if self.lo is None else (self.ends,))
        jump = self.jump
        if not phases or jump is None or any(isinstance(end, Unsized) for phase in phases for end in phase or ()):
            return min(self.size, input_size)
        most: list[int | Fraction] = [0]
        for number, (lo, hi) in ((number, phase) for number, phase in enumerate(phases[:positions]) if phase):
            assert not isinstance(lo, Unsized) and not isinstance(hi, Unsized)
            drift = number * jump
            times = None if positions is None else (positions - 1 - number) // len(phases)
            most.append(_most_inside(lo + drift, hi + drift, jump * len(phases), times, input_size))
        return tidy(max(most))


def _most_inside(
    lo: int | Fraction, hi: int | Fraction, jump: int | Fraction, times: int | None, input_size: int
) -> int | Fraction:
    """The most positions of `[lo, hi]`, moved on by `jump` up to `times` times (`None`: any), inside the input."""
    # Clipping is least where the middles of the field and of the input are closest.
    nearest = 0 if not jump else int(Fraction(input_size - 1 - lo - hi) / 2 // jump)
    shifts = [max(shift if times is None else min(shift, times), 0) * jump for shift in (nearest, nearest + 1)]
    return max(max(min(hi + shift, input_size - 1) - max(lo + shift, 0) + 1, 0) for shift in shifts)


NOTHING = Field(0)
"""Sees nothing of this axis."""

WHOLE = Field(inf)
"""Sees the whole input."""

UNKNOWN = Field(None)
"""Nobody could derive what it sees."""

ONE = Field(1, 0, 1)
"""An input map: each position sees itself."""


@lru_cache(maxsize=32768)
def through(field: Field, reach: Reach, key: object = None) -> Field:
    """Returns the field behind a window, an up-sampling or a transposed convolution.

    Args:
        field: the field of the map that `reach` reads.
        reach: what each output touches of that map.
        key: what identifies the padding of `reach` where that is unknown; equal keys are equal paddings.
    """
    if field.size is None or field.size == 0:
        return field
    period = len(reach.spans)
    jump = field.jump
    if jump is not None:
        jump = tidy(jump * reach.advance if period == 1 else Fraction(jump * reach.advance) / period)
    if field.size == inf or field.lo is None or field.jump is None or jump is None:
        return Field(field.size, None, jump)
    shift: Position = 0
    if reach.slack is not None:
        low, high = reach.slack
        shift = low * field.jump if low == high else Unsized(0, ((Slack(key, low, high), field.jump),))
    if period == 1 and not field.phases:
        assert reach.spans[0] is not None
        first, last = reach.spans[0]
        lo, hi = field.ends
        return from_phases([(lo + first * field.jump - shift, hi + last * field.jump - shift)], jump)
    return _through_phases(field, reach, jump, shift)


def _through_phases(field: Field, reach: Reach, jump: int | Fraction, shift: Position) -> Field:
    assert field.lo is not None and field.size is not None and field.jump is not None
    before = field.phases or (field.ends,)
    period = len(reach.spans)
    cycles = len(before) // gcd(reach.advance, len(before))
    if period * cycles > PHASES_AT_MOST:
        return UNKNOWN
    phases: list[tuple[Position, Position] | None] = []
    for output in range(period * cycles):
        span = reach.spans[output % period]
        if span is None:
            phases.append(None)
            continue
        start = output // period * reach.advance
        taps = range(start + span[0], start + span[1] + 1, reach.step)
        # What a position sees moves on from round to round, so that the first and the last round of taps decide.
        drifts = {tap: tap * field.jump - output * jump for tap in (*taps[: len(before)], *taps[-len(before) :])}
        touched = [(before[tap % len(before)], drift - shift) for tap, drift in drifts.items()]
        spans = [(phase[0] + drift, phase[1] + drift) for phase, drift in touched if phase is not None]
        around = _around(spans) if spans else None
        if spans and around is None:
            return Field(None, None, jump)
        phases.append(around)
    return from_phases(phases, jump)


def from_phases(phases: list[tuple[Position, Position] | None], jump: int | Fraction) -> Field:
    """Returns the field with the given phases; its size is the largest, its start that of the phase that has it."""
    if all(phase == phases[0] for phase in phases):
        phases = phases[:1]
    best: tuple[int | Fraction, Position] | None = None
    for phase in phases:
        if phase is None:
            continue
        extent = phase[1] - phase[0]
        if isinstance(extent, Unsized):
            return UNKNOWN
        if best is None or extent + 1 > best[0]:
            best = (extent + 1, phase[0])
    if best is None:
        return NOTHING
    size, lo = best
    if not isinstance(lo, Unsized):
        lo = tidy(lo)
    return Field(tidy(size), lo, jump, tuple(phases) if len(phases) > 1 else ())


@lru_cache(maxsize=16384)
def merge(fields: tuple[Field, ...], positions: int | None) -> tuple[Field, bool | None]:
    """Returns the field of a map in which branches meet, and whether the branches are aligned.

    The field is the hull. Branches are aligned where their jumps and their centres agree (`None` where that depends on
    an input size nobody gave); where the jumps do not, the hull is taken over all the map's `positions`.
    """
    seeing = list(dict.fromkeys(field for field in fields if field.size != 0))
    if len(seeing) < 2:
        return (seeing[0] if seeing else NOTHING), True
    if any(field.size is None for field in seeing):
        return UNKNOWN, True
    if any(field.size == inf for field in seeing):
        return Field(inf, None, next((field.jump for field in seeing if field.jump is not None), None)), True
    if any(field.lo is None or field.jump is None for field in seeing):
        return UNKNOWN, True
    if any(field.jump != seeing[0].jump for field in seeing):
        return _merge_drifting(seeing, positions), False
    return _hull(seeing), _aligned(seeing)


def _aligned(fields: list[Field]) -> bool | None:
    centers = [field._twice_center() for field in fields]
    gaps = [center - centers[0] for center in centers[1:]]  # type: ignore[operator]  # callers have sorted out the rest
    if any(not isinstance(gap, Unsized) and gap != 0 for gap in gaps):
        return False
    return None if any(isinstance(gap, Unsized) for gap in gaps) else True


def _hull(fields: list[Field]) -> Field:
    jump = fields[0].jump
    assert jump is not None
    period = lcm(*(len(field.phases) or 1 for field in fields))
    if period > PHASES_AT_MOST:
        return UNKNOWN
    phases: list[tuple[Position, Position] | None] = []
    for output in range(period):
        seen = [phase_of(field, output) for field in fields]
        present = [phase for phase in seen if phase is not None]
        if not present:
            phases.append(None)
            continue
        around = _around(present)
        if around is None:
            return Field(None, None, jump)
        phases.append(around)
    return from_phases(phases, jump)


def phase_of(field: Field, output: int) -> tuple[Position, Position] | None:
    """Returns the first and the last position that `output` sees, less `output * jump`; `None` if it sees nothing."""
    if field.phases:
        return field.phases[output % len(field.phases)]
    return field.ends


def _merge_drifting(fields: list[Field], positions: int | None) -> Field:
    """The hull of branches that move at different speeds: each position's, over all positions, at the largest jump."""
    jump = max(field.jump for field in fields if field.jump is not None)
    if positions is None:
        return Field(None, None, jump)
    spans: list[tuple[Position, Position]] = []
    for field in fields:
        assert field.jump is not None
        phases = field.phases or (field.ends,)
        for first, phase in enumerate(phases[:positions]):
            # Farthest apart are the first and the last position of each phase.
            last = first + (positions - 1 - first) // len(phases) * len(phases)
            drifts = [output * (field.jump - jump) for output in (first, last)]
            spans.extend([(phase[0] + drift, phase[1] + drift) for drift in drifts if phase is not None])
    around = _around(spans) if spans else None
    return Field(None, None, jump) if spans and around is None else from_phases([around], jump)
