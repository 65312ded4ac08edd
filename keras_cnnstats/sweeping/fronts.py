"""The Pareto front of any number of quantities."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_cnnstats.errors import ColumnError, nearest

if TYPE_CHECKING:
    import pandas


def pareto(
    frame: "pandas.DataFrame", *, minimise: Sequence[str] = (), maximise: Sequence[str] = ()
) -> "pandas.DataFrame":
    """Returns the rows that no other beats: none is as good in all quantities and better in one.

    Rows that are equal in all of them are all kept. A row in which one of them is unknown is left out, and so is a
    model whose cost is a lower bound (`unknown_rows`) where that is one of them.

    Args:
        frame: rows of `sweep`, or any others; a column of your own, such as an accuracy, is a quantity too.
        minimise: columns of which less is better; a name by itself is one.
        maximise: columns of which more is better.

    Returns:
        The front, the best in the first quantity first.

    Raises:
        ColumnError: there is no such column, or none was given.

    Example:

    >>> import pandas as pd, keras_cnnstats as cnnstats
    >>> frame = pd.DataFrame({"name": list("abcd"), "flops": [1, 2, 2, 3], "rf": [3, 9, 5, 9]})
    >>> cnnstats.pareto(frame, minimise="flops", maximise="rf")["name"].to_list()
    ['a', 'b']
    """
    signs = dict.fromkeys(_names(minimise), 1) | dict.fromkeys(_names(maximise), -1)
    if not signs:
        raise ColumnError("pareto: expected columns to minimise or maximise. Received: none.")
    for name in signs:
        if name not in frame.columns:
            known = [str(column) for column in frame.columns]
            raise ColumnError(f"pareto: expected one of {', '.join(known)}. Received: {name!r}.{nearest(name, known)}")
    known_rows = frame.loc[_is_known(frame, list(signs))]
    # As Python's own numbers: exact, however large.
    values = [known_rows[name].to_list() for name in signs]
    points = [
        tuple(sign * value for sign, value in zip(signs.values(), point, strict=True))
        for point in zip(*values, strict=True)
    ]
    found: pandas.DataFrame = known_rows.iloc[_front(points)]
    return found


def _names(given: Sequence[str]) -> Sequence[str]:
    return [given] if isinstance(given, str) else given


BOUNDED = {
    "macs": "unknown_rows",
    "flops": "unknown_rows",
    "transcendentals": "unknown_rows",
    "train_flops": "unknown_train_rows",
}
"""Quantities that are sums over the rows of which they are known, with the column that counts the others."""


def _is_known(frame: "pandas.DataFrame", names: Sequence[str]) -> Any:
    known = frame[list(names)].notna().all(axis=1)
    for column in {BOUNDED[name] for name in names if name in BOUNDED} & set(frame.columns):
        known &= frame[column].fillna(1) == 0
    return known


def _front(points: Sequence[tuple[Any, ...]]) -> list[int]:
    """Numbers of the points that no other beats, in order."""
    found: list[int] = []
    # What beats a point stands before it.
    for number in sorted(range(len(points)), key=points.__getitem__):
        if not any(_beats(points[other], points[number]) for other in found):
            found.append(number)
    return found


def _beats(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
