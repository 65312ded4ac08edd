"""Amounts as people write them: `5M` parameters, `200MB` of memory."""

import re
from fractions import Fraction

from keras_cnnstats.errors import BudgetError

_COUNTS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9, "t": 10**12, "p": 10**15, "e": 10**18}
"""Of counts, `B` is a billion: `7B` parameters."""

_BYTES = {
    "": 1,
    **{f"{letter}b" if letter else "b": 1000**power for power, letter in enumerate(["", *"kmgtpe"])},
    **{f"{letter}ib": 1024**power for power, letter in enumerate("kmgtpe", start=1)},
}

_AMOUNT = re.compile(r"\s*([0-9][0-9_,]*(?:\.[0-9]+)?|\.[0-9]+)\s*([a-z]*)\s*", re.IGNORECASE)

LETTERS_AT_MOST = 40
"""Longer texts are no amounts: the largest that anybody writes has half as many."""


def count_of(amount: object, name: str) -> int:
    """Returns a count that was given as an integer or with an SI prefix; a fraction of one is rounded down.

    Args:
        amount: the count.
        name: what it is called, for the message.

    Raises:
        BudgetError: it is not one.

    Example:

    >>> [count_of(amount, "max_params") for amount in (1_000, "5M", "4.1 G", "7B", "25,636,712")]
    [1000, 5000000, 4100000000, 7000000000, 25636712]
    """
    return _read(amount, name, _COUNTS, "a count such as 5000000, 5M or 4.1G")


def bytes_of(amount: object, name: str) -> int:
    """Returns a number of bytes that was given as an integer or with a unit: `MB` is a million, `MiB` 1024².

    Raises:
        BudgetError: it is not one.

    Example:

    >>> [bytes_of(amount, "max_param_bytes") for amount in (512, "200MB", "1.5 GiB", "64kB")]
    [512, 200000000, 1610612736, 64000]
    """
    return _read(amount, name, _BYTES, "bytes such as 200000000, 200MB or 1.5GiB")


def _read(amount: object, name: str, units: dict[str, int], expected: str) -> int:
    if isinstance(amount, int) and not isinstance(amount, bool) and amount >= 0:
        return amount
    found = _AMOUNT.fullmatch(amount) if isinstance(amount, str) and len(amount) <= LETTERS_AT_MOST else None
    if found is None or found[2].lower() not in units:
        raise BudgetError(f"{name}: expected {expected}. Received: {_shown(amount)}.")
    return int(Fraction(re.sub("[_,]", "", found[1])) * units[found[2].lower()])


def _shown(amount: object) -> str:
    text = ascii(amount)
    return text if len(text) <= LETTERS_AT_MOST else f"{text[:LETTERS_AT_MOST]}..."
