"""Texts from a file, as they stand in a message."""

LETTERS_SHOWN = 300


def shown(text: object) -> str:
    """Returns a text of a file between quotation marks, on one line and cut.

    >>> shown("Dense\\n")
    "'Dense\\\\n'"
    """
    return repr(_cut(str(text)))


def said(error: BaseException) -> str:
    """Returns what an error says, on one line and cut.

    >>> said(ValueError("no\\n  such layer"))
    'no such layer'
    """
    line = " ".join(_cut(str(error)).split()) or type(error).__name__
    return line if line.isprintable() else repr(line)[1:-1]


def _cut(text: str) -> str:
    return text if len(text) <= LETTERS_SHOWN else f"{text[:LETTERS_SHOWN]}..."
