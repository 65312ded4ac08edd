"""Reading JSON values: each reader takes a value and the place it was found at, and says what it expected there."""

import re
import reprlib
from collections.abc import Callable
from fractions import Fraction
from math import inf, isfinite
from typing import Any, TypeVar

from keras_cnnstats.errors import FormatError

T = TypeVar("T")
Read = Callable[[Any, str], T]
"""Reads a JSON value found at a place (`rows[3].params`), or raises `FormatError`."""


def shown(value: object) -> str:
    """Returns a value for a message, cut to one line."""
    brief = reprlib.Repr()
    brief.maxstring = brief.maxother = 60
    return brief.repr(value)


def wrong(place: str, expected: str, value: object) -> FormatError:
    """Returns the error of a value that is not what its place asks for."""
    return FormatError(f"from_json: {place}: expected {expected}. Received: {shown(value)}.")


def member(record: dict[str, Any], name: str, place: str) -> Any:
    """Returns a member of an object, or raises that it is missing."""
    if name not in record:
        raise FormatError(f"from_json: {place}: missing.")
    return record[name]


def text(value: Any, place: str) -> str:
    """Reads text."""
    if not isinstance(value, str):
        raise wrong(place, "text", value)
    return value


def flag(value: Any, place: str) -> bool:
    """Reads true or false."""
    if not isinstance(value, bool):
        raise wrong(place, "true or false", value)
    return value


def integer(value: Any, place: str) -> int:
    """Reads an exact integer of any size."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong(place, "an integer", value)
    return value


def natural(value: Any, place: str) -> int:
    """Reads an integer that is not negative."""
    if integer(value, place) < 0:
        raise wrong(place, "an integer that is not negative", value)
    return int(value)


def rational(value: Any, place: str) -> int | Fraction:
    """Reads an integer, or a fraction such as `"1/2"`."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,4000}/0*[1-9][0-9]{0,3999}", value):
        return Fraction(value)
    if isinstance(value, str):
        raise wrong(place, 'an integer or a fraction such as "1/2"', value)
    return integer(value, place)


def extent(value: Any, place: str) -> int | float | Fraction | None:
    """Reads a number of positions: a number, a fraction, `"all"` or null."""
    if value is None or (isinstance(value, float) and isfinite(value)):
        return value
    if value == "all":
        return inf
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return rational(value, place)
    raise wrong(place, 'a number, a fraction such as "1/2", "all" or null', value)


def optional(read: Read[T]) -> Read[T | None]:
    """A reader that lets null through."""
    return lambda value, place: None if value is None else read(value, place)


def many(read: Read[T]) -> Read[tuple[T, ...]]:
    """A reader of lists."""

    def read_all(value: Any, place: str) -> tuple[T, ...]:
        if not isinstance(value, list):
            raise wrong(place, "a list", value)
        return tuple(read(item, f"{place}[{index}]") for index, item in enumerate(value))

    return read_all


def pair(first: Read[Any], second: Read[Any]) -> Read[Any]:
    """A reader of lists of two."""

    def read_both(value: Any, place: str) -> tuple[Any, Any]:
        if not isinstance(value, list) or len(value) != 2:
            raise wrong(place, "a list of two", value)
        return first(value[0], f"{place}[0]"), second(value[1], f"{place}[1]")

    return read_both


def record(make: Callable[..., T], **members: Read[Any]) -> Read[T]:
    """A reader of objects; members that it does not know are left alone."""

    def read(value: Any, place: str) -> T:
        if not isinstance(value, dict):
            raise wrong(place, "an object", value)
        return make(**{
            name: read_one(member(value, name, f"{place}.{name}"), f"{place}.{name}")
            for name, read_one in members.items()
        })  # fmt: skip

    return read
