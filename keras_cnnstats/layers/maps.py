"""Maps in both data formats: layers compute with channels last, and put them first again where they came first."""

from collections.abc import Sequence
from typing import Any

from keras import ops


def map_shape(positions: Sequence[int | None], channels: int, like: Sequence[int | None], data_format: str) -> Any:
    """Returns the shape of a map with these positions and channels, for the batch of the shape `like`."""
    if data_format == "channels_first":
        return (like[0], channels, *positions)
    return (like[0], *positions, channels)


def channels_last(x: Any, data_format: str) -> Any:
    """Returns a map with its channels behind the positions."""
    return ops.moveaxis(x, 1, -1) if data_format == "channels_first" else x


def in_format(x: Any, data_format: str) -> Any:
    """Returns a map whose channels are last in the data format of its layer."""
    return ops.moveaxis(x, -1, 1) if data_format == "channels_first" else x


def spatial(shape: Sequence[int | None], data_format: str) -> tuple[int | None, ...]:
    """Returns the sizes of the axes on which windows slide."""
    return tuple(shape[2:] if data_format == "channels_first" else shape[1:-1])


def channels_of(shape: Sequence[Any], data_format: str) -> Any:
    """Returns the number of channels."""
    return shape[1 if data_format == "channels_first" else -1]
