"""The tree: documents run, the wheel is whole, and nothing names the machine it was made on."""

import io
import re
import subprocess
import sys
import zipfile
from contextlib import redirect_stdout
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_OURS = {".git", "__pycache__", "build", "dist", ".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
LINES_OF_RULES = 400


def tree() -> list[Path]:
    """The files of the tree, those not yet committed too; without git, all that is not made by a tool."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and (ROOT / ".git").exists():
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        paths = [
            path
            for path in ROOT.rglob("*")
            if not any(part in NOT_OURS or part.startswith(".venv") for part in path.relative_to(ROOT).parts)
        ]
    return sorted(path for path in paths if path.is_file())


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Hosts and machine paths. Each pattern is written so that it does not match itself.

FOREIGN = re.compile(
    r"""
    \b(?: pypi[.]org | pythonhosted[.]org | npmjs[.]org | (?:deb|security)[.]debian[.]org | conda[.]anaconda[.]org )
    | (?<![\w./~$}-]) / (?: work | root | opt | home/\w+ | Users/\w+ ) /
    | (?:--|^) (?:extra-)?index-url | --find[-]links
    """,
    re.VERBOSE | re.MULTILINE,
)


def foreign(text: str) -> list[str]:
    return [match.group().strip() for match in FOREIGN.finditer(text)]


def test_no_file_names_a_registry_or_a_path_of_a_machine():
    found = {name(path): foreign(path.read_text(encoding="utf-8", errors="replace")) for path in tree()}
    assert {path: words for path, words in found.items() if words} == {}


PLANTED = {
    "a registry": "https://files.python" + "hosted.org/packages/x",
    "an index": "pip install --extra-" + "index-url=x",
    "a folder of this machine": "open('/wo" + "rk/main/x')",
    "somebody's home": "cd /home/" + "ada/project",
}


@pytest.mark.parametrize("case", PLANTED)
def test_a_planted_name_is_found(case):
    assert len(foreign(PLANTED[case])) == 1


HARMLESS = [
    "'backbone/ro" + "ot/conv1'",
    "https://example.com/wo" + "rk/x",
    "./o" + "pt/x",
    "[docs](docs/wo" + "rk/)",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_path_passes(text):
    assert foreign(text) == []


# Documents.

BLOCK = re.compile(r"^```python[^\n]*\n((?:(?!```).*\n)*)```$(?:\n\n```text\n((?:(?!```).*\n)*)```$)?", re.MULTILINE)
FENCE = re.compile(r"^ *```(.*)$", re.MULTILINE)


def blocks(text: str) -> list[tuple[int, str, str | None]]:
    """The line and the code of each Python block of a Markdown text, and what is shown under it as printed."""
    return [(text.count("\n", 0, match.start(1)), match.group(1), match.group(2)) for match in BLOCK.finditer(text)]


def run_blocks(path: Path) -> list[tuple[str, str | None]]:
    """Runs the blocks one after another in one namespace, as a reader would: what each prints, and what is shown.

    Errors show the document's own lines. Layers are named as in a fresh process.
    """
    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session(free_memory=False)
    namespace: dict[str, object] = {"__name__": "__main__"}
    found = []
    for line, code, shown in blocks(path.read_text(encoding="utf-8")):
        with redirect_stdout(io.StringIO()) as printed:
            exec(compile("\n" * line + code, str(path), "exec"), namespace)
        found.append((printed.getvalue(), shown))
    return found


MARKDOWN = {name(path): path for path in tree() if path.suffix == ".md"}
DOCUMENTS = [path for path in MARKDOWN.values() if blocks(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_document_blocks_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    compared = [(printed, shown) for printed, shown in run_blocks(path) if shown is not None]
    assert [printed for printed, _ in compared] == [shown for _, shown in compared]


def planted(folder: Path, text: str) -> Path:
    document = folder / "planted.md"
    document.write_text(text, encoding="utf-8")
    return document


def test_a_block_that_fails_is_noticed_at_its_line(tmp_path):
    document = planted(tmp_path, "# Title\n\n```python\nx = 1\n```\n\n```python\nprint(x)\nprint(y)\n```\n")
    with pytest.raises(NameError, match="'y'") as caught:
        run_blocks(document)
    assert caught.traceback[-1].lineno + 1 == 9


def test_what_is_shown_is_held_against_the_block_before_it(tmp_path):
    first = "```python\nprint(1)  # as `report` does\n```\n\n```text\n1\n```\n\n"
    document = planted(
        tmp_path, first + "```python\nprint(2)\n```\n\nand\n\n```python\nx = 3\n```\n\n```text\n1\n```\n"
    )
    assert run_blocks(document) == [("1\n", "1\n"), ("2\n", None), ("", "1\n")]


def nameless(text: str) -> list[int]:
    """The lines where a fence opens and does not say what is in it: nobody would run or compare that."""
    opening = list(FENCE.finditer(text))[::2]
    return [text.count("\n", 0, match.end()) + 1 for match in opening if not match.group(1)]


@pytest.mark.parametrize("document", MARKDOWN)
def test_each_fence_says_what_is_in_it(document):
    assert nameless(MARKDOWN[document].read_text(encoding="utf-8")) == []


def test_a_nameless_fence_is_found():
    assert nameless("```text\n1\n```\n\n```\n2\n```\n") == [5]


# Files.


def test_files_of_rules_stay_short():
    files = (ROOT / "keras_cnnstats" / "rules").rglob("*.py")
    lengths = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path: lines for path, lines in lengths.items() if lines >= LINES_OF_RULES} == {}


def test_the_wheel_holds_every_file_of_the_package(tmp_path):
    # Templates and `py.typed` are what a wheel forgets; the editable installation that the tests run on cannot show it.
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    packed = {entry for entry in zipfile.ZipFile(wheel).namelist() if entry.startswith("keras_cnnstats/")}
    assert packed == {name(path) for path in tree() if name(path).startswith("keras_cnnstats/")}
    assert "keras_cnnstats/py.typed" in packed
