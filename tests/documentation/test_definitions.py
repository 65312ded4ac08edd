"""What the page says that an operation counts by definition is what is counted."""

import pytest

from docs import definitions
from docs.definitions import DEFINITIONS, Definition


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: each.what)
def test_the_formulas_come_to_what_is_counted(definition: Definition) -> None:
    assert definition.counted() == definition.expected()


def test_the_table_is_that_of_the_definitions() -> None:
    assert definitions.BEGIN + definitions.table() + definitions.END in definitions.PAGE.read_text(encoding="utf-8")
