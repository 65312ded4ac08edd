"""Golden reports for pytest: a test fails when a model costs or sees something else than it did.

The fixture comes with the package: `golden_report(model)` in a test, `pytest --update-golden-reports` to accept what is
new. Importing this costs a test run nothing; Keras starts with the first report.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FOLDER = "golden_reports"
"""Where the reports lie, beside the file of the test."""

OPTION = "--update-golden-reports"

_WRITERS = pytest.StashKey[dict[Path, str]]()
"""The test that has written each file in this run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the flag that accepts what is new."""
    group = parser.getgroup("cnnstats", "golden reports of Keras models")
    group.addoption(OPTION, action="store_true", help="store the reports that tests make, and fail none of them")


@pytest.fixture
def golden_report(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """Returns a function that holds a model against its stored report.

    `golden_report(model, name=None, **options)` analyses the model with the options of `analyze`, compares the report
    with `golden_reports/<name>.json` beside the test's file (by default the name is the test's), and returns it. Names
    that Keras numbers by itself may differ. The test fails where anything else does, with the comparison, or where
    nothing is stored yet; with `--update-golden-reports` the report is stored, unless another test has written the
    file: tests of one name in one folder need a `name` each.
    """
    folder = Path(request.path).parent / FOLDER
    update = bool(request.config.getoption(OPTION))
    writers = request.config.stash.setdefault(_WRITERS, {})

    def check(model: Any, name: str | None = None, **options: Any) -> Any:
        __tracebackhide__ = True
        from keras_cnnstats.analysis import analyze
        from keras_cnnstats.reports import Report

        report = model if isinstance(model, Report) else analyze(model, **options)
        path = folder / f"{_file_name(name or request.node.name)}.json"
        if update:
            writer = writers.setdefault(path, request.node.nodeid)
            if writer != request.node.nodeid:
                pytest.fail(
                    f"{path} is the golden report of {writer}. Give one of the two a name of its own: "
                    "golden_report(model, name=...)",
                    pytrace=False,
                )
            folder.mkdir(parents=True, exist_ok=True)
            report.to_json(path)
        elif not path.is_file():
            pytest.fail(f"There is no golden report {path}. To store one: pytest {OPTION}", pytrace=False)
        else:
            difference = _difference(Report.from_json(path.read_text(encoding="utf-8")), report)
            if difference:
                pytest.fail(f"{difference}\n\nTo accept this: pytest {OPTION}", pytrace=False)
        return report

    return check


def _file_name(name: str) -> str:
    """A name for a file: parameters of a test may have any character."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "report"


def _difference(golden: Any, report: Any) -> str:
    """What changed, in words; nothing where nothing did."""
    from keras_cnnstats.comparing import compare

    comparison = compare(golden, report, names=["golden", "now"])
    return "" if comparison.is_same and not comparison.unlike else str(comparison)
