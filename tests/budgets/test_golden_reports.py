"""The fixture `golden_report`, in a project of its own."""

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

TEST = """
import keras

def build(filters):
    return keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(filters, 3)], name="net")

def test_net(golden_report):
    report = golden_report(build({filters}))
    assert report.totals.params == 28 * {filters}

def test_other(golden_report):
    keras.layers.Conv2D(1, 1)  # Keras numbers the layers behind it
    golden_report(build(4), name="some/other [name]", convention="macs")
"""


PAGE = Path(__file__).parents[2] / "docs" / "continuous_integration.md"

BACKBONE = """
import keras

def build_backbone():
    return keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(4, 3)], name="backbone")

"""


@pytest.fixture
def project(pytester, monkeypatch):
    # What keeps the plugin from being found twice, where the package is installed and where it is not.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_nets=TEST.format(filters=4))

    def run(*arguments):
        return pytester.runpytest_inprocess(
            "-p", "keras_cnnstats.pytest_plugin", "-p", "no:cacheprovider", "-W", "ignore", *arguments
        )

    run.folder = Path(pytester.path)
    run.change = lambda filters: pytester.makepyfile(test_nets=TEST.format(filters=filters))
    return run


def test_without_a_golden_report_the_test_fails_and_says_how_to_get_one(project):
    result = project()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*There is no golden report*test_net.json*--update-golden-reports*"])
    assert not (project.folder / "golden_reports").exists()


def test_stored_then_kept_then_changed_then_accepted(project):
    project("--update-golden-reports").assert_outcomes(passed=2)
    assert sorted(path.name for path in (project.folder / "golden_reports").iterdir()) == [
        "some-other-name.json",
        "test_net.json",
    ]
    project().assert_outcomes(passed=2)
    project.change(5)
    changed = project()
    changed.assert_outcomes(passed=1, failed=1)
    changed.stdout.fnmatch_lines(["*conv2d*", "*--update-golden-reports*"])
    assert "INTERNALERROR" not in changed.stdout.str()
    project("--update-golden-reports").assert_outcomes(passed=2)
    project().assert_outcomes(passed=2)


def test_two_tests_of_one_name_do_not_share_a_report(project, pytester):
    pytester.makepyfile(test_nets=TEST.format(filters=4), test_more=TEST.format(filters=5))
    both = project("--update-golden-reports")
    both.assert_outcomes(passed=2, failed=2)
    both.stdout.fnmatch_lines(["*test_net.json is the golden report of test_more.py::test_net.*name=...*"])
    alone = TEST.format(filters=4).replace("build(4))", "build(4), name='of_nets')").replace("some/other", "more")
    pytester.makepyfile(test_nets=alone)
    project("--update-golden-reports").assert_outcomes(passed=4)
    project().assert_outcomes(passed=4)


def test_the_flag_is_in_the_help(project):
    project("--help").stdout.fnmatch_lines(["golden reports of Keras models:", "*--update-golden-reports*"])


def test_the_test_that_the_documentation_shows(project, pytester):
    text = PAGE.read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```text\n(def test_backbone.*?)^```$", text, re.DOTALL | re.MULTILINE)
    pytester.makepyfile(test_nets=BACKBONE + shown)
    project("--update-golden-reports").assert_outcomes(passed=1)
    (stored,) = (project.folder / "golden_reports").iterdir()
    assert f"`golden_reports/{stored.name}`" in text
    project().assert_outcomes(passed=1)
