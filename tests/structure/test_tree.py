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

PYTHON_BLOCK = re.compile(r"^```python[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(text: str) -> list[tuple[int, str]]:
    """The line and the code of each Python block of a Markdown text."""
    return [(text.count("\n", 0, match.start(1)), match.group(1)) for match in PYTHON_BLOCK.finditer(text)]


PRINTED_BLOCK = re.compile(r"^```python[^\n]*\n[^`]*^```\n\n```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def run_blocks(path: Path) -> str:
    """Runs the blocks one after another in one namespace, as a reader would, and returns what they print.

    Errors show the document's own lines. Layers are named as in a fresh process.
    """
    if "keras" in sys.modules:
        sys.modules["keras"].backend.clear_session(free_memory=False)
    namespace: dict[str, object] = {"__name__": "__main__"}
    with redirect_stdout(io.StringIO()) as printed:
        for line, code in blocks(path.read_text(encoding="utf-8")):
            exec(compile("\n" * line + code, str(path), "exec"), namespace)
    return printed.getvalue()


DOCUMENTS = [path for path in tree() if path.suffix == ".md" and blocks(path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_document_blocks_run(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = run_blocks(path)
    for shown in PRINTED_BLOCK.findall(path.read_text(encoding="utf-8")):
        assert shown in printed


def test_a_block_that_fails_is_noticed_at_its_line(tmp_path):
    document = tmp_path / "planted.md"
    document.write_text("# Title\n\n```python\nx = 1\n```\n\n```python\nprint(x)\nprint(y)\n```\n", encoding="utf-8")
    with pytest.raises(NameError, match="'y'") as caught:
        run_blocks(document)
    assert caught.traceback[-1].lineno + 1 == 9


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
