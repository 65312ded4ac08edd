"""How wide text is in a terminal, and text cut to a width."""

from collections.abc import Iterator
from unicodedata import category, east_asian_width


def shorten(name: str, width: int, ellipsis: str = "…") -> str:
    """Returns `name` in at most `width` columns of text, without its middle.

    >>> shorten("block_3_depthwise_relu", 12), shorten("conv", 12), shorten("層層層層層", 6)
    ('block_…_relu', 'conv', '層…層')
    """
    if display_width(name) <= width:
        return name
    room = width - len(ellipsis)
    head = _taken(name, room - room // 2)
    tail = _taken(name[::-1], room // 2)[::-1].lstrip("".join(char for char in name if _is_accent(char)))
    return head + ellipsis + tail


def _taken(text: str, width: int) -> str:
    taken = 0
    for index, char in enumerate(text):
        taken += display_width(char)
        if taken > width:
            return text[:index]
    return text


def display_width(text: str) -> int:
    """Returns the columns that `text` takes in a terminal: two for an East Asian wide character, none for an accent.

    >>> display_width("conv"), display_width("層"), display_width("e\u0301")
    (4, 2, 1)
    """
    if text.isascii():
        return len(text)
    return sum(0 if _is_accent(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _is_accent(char: str) -> bool:
    return category(char) in ("Mn", "Me")


class StandIns:
    """Private-use characters, one per column of text, in the place of those that take two columns or none.

    tabulate measures text with `wcwidth` where that is installed and with `len` where it is not. Either finds the
    stand-ins one column wide each, so that the table is straight with both.
    """

    _FIRST, _FILLER = 0xF0000, 0x100000

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def hide(self, text: str) -> str:
        if text.isascii():
            return text
        return "".join(self._stand_in(cluster) for cluster in _clusters(text))

    def _stand_in(self, cluster: str) -> str:
        if cluster.isascii():
            return cluster
        number = self._FIRST + self._numbers.setdefault(cluster, len(self._numbers))
        return chr(number) + chr(self._FILLER) * (display_width(cluster) - 1)

    def show(self, text: str) -> str:
        back: dict[int, str] = {self._FIRST + number: cluster for cluster, number in self._numbers.items()}
        return text.translate({**back, self._FILLER: ""})


def _clusters(text: str) -> Iterator[str]:
    """The letters of `text`, each with the accents that follow it."""
    cluster = ""
    for char in text:
        if cluster and not _is_accent(char):
            yield cluster
            cluster = ""
        cluster += char
    yield cluster
