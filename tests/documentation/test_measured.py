"""The pages that benchmarks write are what the stored measurements say."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import agreement, fields

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("benchmark", [agreement, fields], ids=lambda module: module.__name__)
def test_a_page_is_that_of_its_measurements(benchmark: ModuleType) -> None:
    name = benchmark.__name__.rpartition(".")[2]
    stored = json.loads((DOCS / f"{name}.json").read_text(encoding="utf-8"))
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == benchmark.page(stored)
