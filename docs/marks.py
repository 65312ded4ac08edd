"""Pages of which a part is written by a script, between two marks."""

from pathlib import Path


def put_between(page: Path, begin: str, text: str, end: str) -> None:
    """Puts a text between two marks of a page."""
    before, rest = page.read_text(encoding="utf-8").split(begin)
    page.write_text(before + begin + text + end + rest.split(end)[1], encoding="utf-8")
