"""The code in the documents runs: the blocks of a document one after the other, as a reader would type them."""

import re
from pathlib import Path

import keras
import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: Path) -> list[str]:
    return CODE.findall(document.read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", [each for each in DOCUMENTS if blocks(each)], ids=lambda each: each.stem)
def test_code_of_a_document_runs(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keras.utils.set_random_seed(1)
    names: dict[str, object] = {"__name__": "__main__"}
    for number, block in enumerate(blocks(document), start=1):
        exec(compile(block, f"{document.name}, block {number}", "exec"), names)


def test_there_is_code_to_run() -> None:
    assert {"README", "layers"} <= {each.stem for each in DOCUMENTS if blocks(each)}
