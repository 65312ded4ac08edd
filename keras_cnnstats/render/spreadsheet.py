"""Text in spreadsheets: what a spreadsheet would take for a formula has an apostrophe before it, and is text."""

import unicodedata

from keras_cnnstats.render.cells import plain


def no_formula(text: str) -> str:
    """Returns text for people: escaped where it cannot be printed.

    >>> no_formula("=1+1"), no_formula("plain")
    ("'=1+1", 'plain')
    """
    shown = plain(text)
    return f"'{shown}" if _starts_with(text, "=+-@") else shown


def quoted(text: str) -> str:
    """Returns text for a file that is read again: `removeprefix("'")` gives it back.

    >>> quoted("=1+1"), quoted("'tis"), quoted("plain")
    ("'=1+1", "''tis", 'plain')
    """
    return f"'{text}" if _starts_with(text, "=+-@'") else text


def _starts_with(text: str, signs: str) -> bool:
    # Spreadsheets skip blanks in front, and some read the wide forms of these characters as the plain ones.
    start = unicodedata.normalize("NFKC", text.lstrip()[:1])
    return start in tuple(signs) or text[:1] in ("\t", "\r", "\n")
