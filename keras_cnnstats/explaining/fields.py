"""Where on the image one output looks: the receptive field of its row, moved to the output's position."""

from collections.abc import Sequence
from math import ceil, floor, inf
from typing import Any, NamedTuple

from keras_cnnstats.errors import InputShapeError, ModelError
from keras_cnnstats.explaining.records import Box
from keras_cnnstats.field import Field, Unsized, phase_of
from keras_cnnstats.records import Row


class Seen(NamedTuple):
    """What an output sees of the image.

    Attributes:
        field: all of it, over the edges too; `None` where it is unknown or nothing.
        clipped: what lies inside the image.
        note: why there is no field, or what the user should know of it.
    """

    field: Box | None = None
    clipped: Box | None = None
    note: str = ""


def seen_from(row: Row, position: tuple[int, ...]) -> Seen:
    """Returns the receptive field of the output at a position.

    Raises:
        ModelError: the model's input has no axes that fields are measured on, or more than two.
        InputShapeError: there is no such output.
    """
    sizes = [size or 0 for size in row.input_sizes]
    if len(sizes) not in (1, 2):
        raise ModelError(f"explain: expected a model of signals or images. `{row.layer}` sees {len(sizes)} such axes.")
    ends = []
    for field, place, size in zip(row.fields, _places(row, position), sizes, strict=True):
        if field.size is None:
            return Seen(note="its receptive field is unknown")
        here = None if field.size == 0 else _ends(field, place, size)
        if here is None:
            return Seen(note="this output sees nothing of the image")
        ends.append(here)
    box = Box.of(ends)
    note = "" if row.aligned else "its branches see different places: the field is what holds them all"
    return Seen(box, box.clipped(sizes[0] if len(sizes) == 2 else 1, sizes[-1]), note)


def position_of(given: Any) -> tuple[int, ...]:
    """Returns the position of an output, one integer for each axis.

    Raises:
        InputShapeError: it is something else.
    """
    position = tuple(given) if isinstance(given, Sequence) else (given,)
    if not all(hasattr(place, "__index__") and not isinstance(place, bool) for place in position):
        raise InputShapeError(f"position: expected integers, such as (row, column). Received: {given!r}.")
    return tuple(int(place) for place in position)


def _places(row: Row, position: tuple[int, ...]) -> list[int]:
    """The position on each axis of the input, 0 where the output has no such axis."""
    left = [size for size in row.positions if size is not None]
    fits = len(position) == len(left) and all(0 <= place < size for place, size in zip(position, left, strict=True))
    if not fits:
        expected = f"{len(left)} integers below {tuple(left)}" if left else "(): the output is no map any more"
        raise InputShapeError(f"position: `{row.layer}`: expected {expected}. Received: {position}.")
    if any(size is None and field.size != inf for size, field in zip(row.positions, row.fields, strict=True)):
        raise InputShapeError(
            f"position: the outputs of `{row.layer}` are in no rows and columns any more. Ask for a layer before it."
        )
    given = iter(position)
    return [0 if size is None else next(given) for size in row.positions]


def _ends(field: Field, place: int, size: int) -> tuple[int, int] | None:
    """First and last position on one axis; `None` where an output of this phase sees nothing."""
    if field.size == inf or field.lo is None:
        return 0, size - 1
    phase = phase_of(field, place)
    if phase is None:
        return None
    drift = 0 if field.jump is None else place * field.jump
    first, last = (end + drift for end in phase if not isinstance(end, Unsized))
    return floor(first), ceil(last)
