"""The pages that are made when the site is built, in folders that git ignores: codes, lessons and notebooks."""

import ast
import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from docs import notebooks
from keras_cnnstats.disagree import CODES
from keras_cnnstats.pages import OTHERS, page

DOCS = Path(__file__).parent
EXAMPLES = DOCS.parent / "examples"

_CODES = """# Where count and formula part

Where what was counted is not what a formula of the textbooks gives, the report has a *disagreement*: with a code, the
formula with the numbers put in, and the reason. P is for parameters, K for what `model.summary()` says, S for shapes, F
for FLOPs, R for receptive fields; a 0 is one that nobody has explained yet. `cnnstats explain F3` prints the pages too.
Codes are never reused: P5 was withdrawn.

| code | about | why |
| --- | --- | --- |
"""


def write() -> None:
    """Writes all of them."""
    write_codes(DOCS / "codes")
    write_lessons(DOCS / "lessons")
    write_notebooks(DOCS / "tours")


def write_codes(folder: Path) -> None:
    """A page for each code of a disagreement, as `cnnstats explain` prints it, and a table of all."""
    folder.mkdir(exist_ok=True)
    for name in (*CODES, *OTHERS):
        (folder / f"{name}.md").write_text(page(name), encoding="utf-8")
    rows = "".join(f"| [{code}]({code}.md) | {about.title} | {about.reason} |\n" for code, about in CODES.items())
    tree = "\n".join(["", "```{toctree}", ":hidden:", "", *CODES, "```", ""])
    (folder / "index.md").write_text(_CODES + rows + tree, encoding="utf-8")


def scripts() -> list[Path]:
    """The scripts of the lessons."""
    return sorted(EXAMPLES.glob("[a-e]_*.py"))


def lesson(script: Path) -> dict[str, str]:
    """The rows of a lesson: the function of each, and what it shows in a sentence."""
    functions = [
        each for each in ast.parse(script.read_text(encoding="utf-8")).body if isinstance(each, ast.FunctionDef)
    ]
    told = {each.name: (ast.get_docstring(each) or "").partition("\n\n")[0] for each in functions}
    return {name: " ".join(text.split()) for name, text in told.items() if len(name) == 2}


def write_lessons(folder: Path) -> None:
    """A page for each script, with a heading for each row and the function that runs it."""
    folder.mkdir(exist_ok=True)
    for script in scripts():
        parts = [f"# Lesson {script.stem[0].upper()}, row by row", f"From `examples/{script.name}`."]
        for name, shows in lesson(script).items():
            code = f"```{{literalinclude}} ../../examples/{script.name}\n:pyobject: {name}\n```"
            parts += [f"## {name.upper()}", shows, code]
        (folder / f"{script.stem}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def write_notebooks(folder: Path) -> None:
    """Each notebook as a page, with what is stored in it."""
    folder.mkdir(exist_ok=True)
    for name in notebooks.names():
        stem = Path(name).stem
        notebook = nbformat.read(EXAMPLES / name, as_version=4)
        parts = [part for number, cell in enumerate(notebook.cells) for part in _cell(cell, folder, f"{stem}_{number}")]
        (folder / f"{stem}.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def _cell(cell: Any, folder: Path, name: str) -> Iterator[str]:
    """A cell as Markdown, and what it showed; a picture goes into a file of that name."""
    if cell.cell_type == "markdown":
        yield cell.source.replace("](../docs/", "](../")
        return
    yield f"```python\n{cell.source}\n```"
    for output in cell.outputs:
        data = output.get("data", {})
        if output.output_type == "stream":
            yield f"```text\n{output.text.strip()}\n```"
        elif "image/png" in data:
            (folder / f"{name}.png").write_bytes(base64.b64decode(data["image/png"]))
            yield f"![What the cell draws]({name}.png)"
        elif "text/html" in data:
            yield f'```{{raw}} html\n<div class="shown" tabindex="0">\n{data["text/html"]}\n</div>\n```'
        elif "text/plain" in data:
            yield f"```text\n{data['text/plain']}\n```"
