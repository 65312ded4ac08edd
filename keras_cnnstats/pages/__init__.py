"""A page for each code of a disagreement: the formula, what holds instead, an example, and what to do."""

from importlib.resources import files

from keras_cnnstats.disagree import CODES
from keras_cnnstats.errors import UnknownCodeError, nearest

OTHERS = ("conventions",)
"""Pages of their own, about no code."""


def codes() -> tuple[str, ...]:
    """Returns the names of all pages: the codes of disagreements, then the others."""
    return (*CODES, *OTHERS)


def page(code: str) -> str:
    """Returns a page as Markdown.

    Args:
        code: one of `codes()`, in capitals or not.

    Raises:
        UnknownCodeError: there is no such page.

    Example:

    >>> page("f3").splitlines()[0]
    '# F3: dense layer on many positions'
    """
    name = {known.lower(): known for known in codes()}.get(str(code).lower())
    if name is None:
        known = ", ".join(f"`{known}`" for known in codes())
        raise UnknownCodeError(f"code: expected one of {known}. Received: {code!r}.{nearest(str(code), codes())}")
    text = files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")
    if name in OTHERS:
        return text
    return f"# {name}: {CODES[name].title}\n\n{CODES[name].reason}\n\n{text}"
