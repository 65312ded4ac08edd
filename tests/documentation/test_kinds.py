"""The table of operation kinds is what the package counts now."""

from docs import kinds


def test_the_table_is_what_is_counted() -> None:
    assert kinds.BEGIN + kinds.table() + kinds.END in kinds.PAGE.read_text(encoding="utf-8")
