"""Each page has its parts, runs as it stands, and prints what it shows."""

import io
import re
from contextlib import redirect_stdout
from importlib.resources import files

import keras
import pytest

from keras_cnnstats.disagree import CODES
from keras_cnnstats.errors import CNNStatsError, UnknownCodeError
from keras_cnnstats.pages import OTHERS, codes, page
from tests.structure.test_imports import imported

EXAMPLE = re.compile(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"\b[PKSFR]\d\b")
LINES, LETTERS = 40, 110


def example(name: str) -> tuple[str, str]:
    """The code of a page, and what it shows as its output."""
    ((code, shown),) = EXAMPLE.findall(page(name))
    return code, shown


def words(name: str) -> str:
    """What the page says, its example left out."""
    return EXAMPLE.sub("", page(name))


def printed(name: str) -> str:
    """What the page's example prints where layers are named as in a fresh process."""
    keras.backend.clear_session(free_memory=False)
    with redirect_stdout(io.StringIO()) as output:
        exec(compile(example(name)[0], f"{name}.md", "exec"), {"__name__": "__main__"})
    return output.getvalue()


def test_each_page_has_a_file_and_each_file_is_a_page():
    texts = {entry.name for entry in files("keras_cnnstats.pages").iterdir() if entry.name.endswith(".md")}
    assert texts == {f"{name}.md" for name in codes()}


def test_each_code_has_a_page():
    assert set(codes()) - set(OTHERS) == set(CODES)


@pytest.mark.parametrize("name", codes())
def test_the_example_prints_what_the_page_shows(name):
    assert printed(name) == example(name)[1]


@pytest.mark.parametrize("code", CODES)
def test_the_example_shows_the_code(code):
    assert re.search(rf"^{code} ", example(code)[1], re.MULTILINE)


@pytest.mark.parametrize("code", CODES)
def test_the_page_names_each_code_that_its_example_shows(code):
    assert set(CODE.findall(example(code)[1])) <= set(CODE.findall(words(code)))


@pytest.mark.parametrize("name", codes())
def test_a_page_names_no_code_that_there_is_not(name):
    assert set(CODE.findall(page(name))) <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_page_begins_with_the_title_and_the_reason_which_stand_nowhere_else(code):
    title, reason = CODES[code].title, CODES[code].reason
    assert page(code).startswith(f"# {code}: {title}\n\n{reason}\n\n**The formula.** ")
    assert page(code).count(reason) == 1


@pytest.mark.parametrize("code", CODES)
def test_a_page_has_its_parts_in_order(code):
    assert re.findall(r"^\*\*(.+?)\.\*\* ", page(code), re.MULTILINE) == ["The formula", "What holds", "What to do"]


@pytest.mark.parametrize("code", CODES)
def test_what_is_not_explained_is_to_be_reported(code):
    assert ("report it" in " ".join(page(code).split())) is not CODES[code].explained


@pytest.mark.parametrize("code", CODES)
def test_a_page_of_a_code_fits_on_a_screen(code):
    lines = page(code).splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= LETTERS


@pytest.mark.parametrize("name", codes())
def test_capitals_do_not_matter(name):
    assert page(name.lower()) == page(name.upper()) == page(name)


UNKNOWN = {
    "another number": ("F99", "`F3`"),
    "nearly one": ("convention", "Did you mean `conventions`?"),
    "none": (None, "Received: None."),
    "empty": ("", "Received: ''."),
    "a path": ("../pages/F3", "expected one of `P0`, "),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_an_unknown_code_is_refused(case):
    code, message = UNKNOWN[case]
    with pytest.raises(UnknownCodeError) as caught:
        page(code)
    assert message in str(caught.value)
    assert isinstance(caught.value, CNNStatsError)


def test_a_page_costs_no_keras():
    statement = "import keras_cnnstats.pages as pages; pages.page('F3')"
    assert imported(statement, ("keras", "tensorflow", "numpy", "pandas"), "pass") == []
