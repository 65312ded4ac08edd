"""What a report's field says of each output position, which positions tell whether it is so, and the verdict."""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, inf
from typing import NamedTuple

from keras_cnnstats.field import Field, Unsized
from keras_cnnstats.units import Extent as Size

PHASES_AT_MOST = 8
"""Positions of so many phases are looked at; of more, so many spread over them."""

SPREAD = 32
"""About so many positions are looked at of a map whose positions see another part of a hull each."""

PLACES = 5
"""So many places are looked at in a map of which nobody knows where its positions stand."""

Extent = tuple[int, int] | None
"""First and last input position that is seen; `None` where none is."""

Span = tuple[int | Fraction, int | Fraction]
"""First and last input position that is said to be seen, outside of the input too."""


class Finding(NamedTuple):
    """What comes of holding a field against what was seen.

    Attributes:
        agrees: whether what was seen is what the field says; `None` where that would look the same for other fields.
        size: the most that a position was seen to see; `inf` for the whole input.
        reason: where they part, or why nobody can tell.
        is_one_sided: whether some positions see the whole input, and others a part.
        is_inside: whether all that was seen is a part of what the field says.
        touches: of a hull, whether some position was seen to reach its first end, and some its last.
        starts: for each position that was looked at what it was seen to see, moved back by its jumps.
    """

    agrees: bool | None
    size: Size
    reason: str = ""
    is_one_sided: bool = False
    is_inside: bool = False
    touches: bool = False
    starts: tuple[Span | None, ...] = ()


class Claim(NamedTuple):
    """A field on one axis, of a map of so many positions, on an input of some size.

    Attributes:
        field: the field.
        letter: the axis.
        size: the input's size.
        positions: positions of the map; `None` where a dimension of it runs over several axes.
        is_sure: whether what was looked at is a position of it, and not a part of one.
        is_hull: whether it is the hull of what all positions see, and each sees another part.
    """

    field: Field
    letter: str
    size: int
    positions: int | None
    is_sure: bool = True
    is_hull: bool = False

    def at(self, position: int) -> Span | None:
        """First and last input position that a position is said to see, outside of the input too."""
        field = self.field
        phase = field.phases[position % len(field.phases)] if field.phases else (field.ends if field.size else None)
        if phase is None or any(isinstance(end, Unsized) for end in phase):
            return None
        drift = position * (field.jump or 0)
        return phase[0] + drift, phase[1] + drift  # type: ignore[return-value]  # sizes are known here

    @property
    def is_placed(self) -> bool:
        """Whether it says where its positions look, not only how far."""
        ends = [self.field.lo, *(end for phase in self.field.phases for end in phase or ())]
        return not any(end is None or isinstance(end, Unsized) for end in ends)

    def clipped(self, position: int) -> Extent:
        """What a position is said to see of the input."""
        span = self.at(position)
        if span is None or span[1] < 0 or span[0] > self.size - 1:
            return None
        return max(ceil(span[0]), 0), min(int(span[1]), self.size - 1)

    def is_whole(self, position: int) -> bool:
        """Whether all that a position is said to see lies inside the input."""
        span = self.at(position)
        return span is None or (span[0] >= 0 and span[1] <= self.size - 1)

    def telling(self) -> list[int]:
        """Returns the positions that tell: one of each phase whose field lies inside, else the first and the last."""
        if self.positions is None:
            return list(range(PLACES))
        last = self.positions - 1
        if self.field.size == inf:
            return sorted({0, last // 2, last})
        if not self.field.size or not self.is_placed:
            return [last // 2]
        period = len(self.field.phases) or 1
        found = self._all_over(last) if self.is_hull else []
        for phase in range(0, period, max(period // PHASES_AT_MOST, 1)):
            inside = [place for place in range(phase, self.positions, period) if self.is_whole(place)]
            if not inside:
                return sorted({*found, 0, last})
            found.append(min(inside, key=lambda place: abs(2 * place - last)))
        return sorted(set(found))

    def _all_over(self, last: int) -> list[int]:
        """The first and the last few positions, where branches have drifted apart farthest, each in a phase of its own.

        And some in between, for branches that lie end to end.
        """
        ends = [place for few in range(PHASES_AT_MOST) for place in (few, last - few) if 0 <= place <= last]
        return sorted({*ends, *range(0, last, max(last // SPREAD, 1))})

    def held_against(self, positions: Sequence[int], seen: Sequence[Extent]) -> Finding:
        """Returns what comes of what the positions were seen to see."""
        sizes = [0 if extent is None else extent[1] - extent[0] + 1 for extent in seen]
        jump = self.field.jump or 0
        starts = tuple(
            None if extent is None else (extent[0] - place * jump, extent[1] - place * jump)
            for place, extent in zip(positions, seen, strict=True)
        )
        finding = Finding(None, max(sizes), starts=starts)
        if self.field.size == inf:
            return self._whole(seen, finding)
        if self.field.size == 0:
            return finding._replace(agrees=max(sizes) == 0, reason="" if max(sizes) == 0 else f"{self.letter}: is seen")
        if not self.is_placed or self.positions is None:
            return self._somewhere(seen, finding)
        return self._in_place(positions, seen, finding)

    def _whole(self, seen: Sequence[Extent], finding: Finding) -> Finding:
        everything = (0, self.size - 1)
        # Positions in a padding see nothing.
        present = [extent for extent in seen if extent is not None]
        if set(present) == {everything}:
            return finding._replace(agrees=True, size=inf)
        if everything in present:
            return finding._replace(agrees=True, size=inf, is_one_sided=True)
        reason = f"{self.letter}: sees {', '.join(map(_shown, seen))}, counted {_shown(everything)}"
        return finding._replace(agrees=False, reason=reason)

    def _somewhere(self, seen: Sequence[Extent], finding: Finding) -> Finding:
        """Nobody knows which position it is: what it sees has to be as long as some phase, and in step."""
        inside = [extent for extent in seen if extent is not None and extent[0] > 0 and extent[1] < self.size - 1]
        if not inside:
            return finding._replace(reason=f"{self.letter}: sees {_shown(seen[0])}, up to the input's edge")
        size = max(extent[1] - extent[0] + 1 for extent in inside)
        wrong = [extent for extent in inside if not self._is_in_step(extent)]
        if not wrong:
            return finding._replace(agrees=True, size=size)
        if not self.is_sure:
            return finding._replace(reason=f"{self.letter}: nobody knows which of its values stand at one position")
        return finding._replace(agrees=False, size=size, reason=f"{self.letter}: sees {_shown(wrong[0])}")

    def _is_in_step(self, extent: tuple[int, int]) -> bool:
        """Whether some position is said to see this; where nobody says where it looks, so much."""
        length = extent[1] - extent[0]
        if not self.is_placed:
            return length + 1 == self.field.size
        period = len(self.field.phases) or 1
        step = (self.field.jump or 0) * period
        spans = [span for place in range(period) if (span := self.at(place)) is not None]
        return any(
            span[1] - span[0] == length and (extent[0] == span[0] or (step != 0 and (extent[0] - span[0]) % step == 0))
            for span in spans
        )

    def _in_place(self, positions: Sequence[int], seen: Sequence[Extent], finding: Finding) -> Finding:
        pairs = list(zip(positions, seen, strict=True))
        wrong = [(place, extent) for place, extent in pairs if self.clipped(place) != extent]
        if wrong and len(wrong) < len(pairs) and all(self._is_at_an_edge(*pair) for pair in wrong):
            # A phase of which there is no other position: what is missing was cropped off on the way.
            return finding._replace(agrees=True, is_inside=True, size=self.field.size)
        if wrong:
            place, extent = wrong[0]
            reason = f"{self.letter}: position {place} sees {_shown(extent)}, counted {_shown(self.at(place))}"
            within = all(extent is None or _contains(self.clipped(place), extent) for place, extent in pairs)
            touches = self.is_hull and self._touches(pairs)
            is_known = self.is_sure and (touches or not within or not self._hangs_over())
            return finding._replace(
                agrees=False if is_known else None, reason=reason, is_inside=within, touches=touches
            )
        spans = [span for place in positions if (span := self.at(place)) is not None]
        shows_low = any(span[0] >= 0 for span in spans)
        shows_high = any(span[1] <= self.size - 1 for span in spans)
        if not spans or (shows_low and shows_high):
            return finding._replace(agrees=True, is_inside=True, size=self.field.size)
        reason = f"{self.letter}: it hangs over the edges of an input of {self.size}, so that its ends are not seen"
        return finding._replace(reason=reason, is_inside=True)

    def _hangs_over(self) -> bool:
        """Whether a hull's ends lie outside of the input where they would be reached.

        Against the one with the largest stride the others drift back, so that the first position is ahead of all, and
        the last one behind.
        """
        first, last = self.at(0), self.at((self.positions or 1) - 1)
        return self.is_hull and (first is None or last is None or last[0] < 0 or first[1] > self.size - 1)

    def _touches(self, pairs: Sequence[tuple[int, Extent]]) -> bool:
        """Whether both ends of a hull are reached, each by some position that sees no edge there."""
        known = [(span, extent) for place, extent in pairs if (span := self.at(place)) and extent is not None]
        return any(span[0] == extent[0] for span, extent in known) and any(
            span[1] == extent[1] for span, extent in known
        )

    def _is_at_an_edge(self, place: int, extent: Extent) -> bool:
        """Whether a map's first or last position sees a part of what is said of it."""
        at_edge = place in (0, (self.positions or 0) - 1)
        return at_edge and bool(self.field.phases) and (extent is None or _contains(self.clipped(place), extent))


def _contains(claim: Extent, seen: tuple[int, int]) -> bool:
    return claim is not None and claim[0] <= seen[0] and seen[1] <= claim[1]


def _shown(span: Span | Extent) -> str:
    return "nothing" if span is None else f"{span[0]} to {span[1]}"
