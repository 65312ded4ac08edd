"""`cnnstats plot` and `cnnstats compare`."""

import json

import pytest

HEADS = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


@pytest.mark.parametrize("kind", ["receptive-field", "cost", "cumulative"])
@pytest.mark.parametrize("end", HEADS)
def test_a_picture(run, here, kind, end):
    result = run("plot", "theirs:build", "-k", kind, "-o", f"picture.{end}")
    assert (result.code, result.out) == (0, "")
    assert (here / f"picture.{end}").read_bytes().startswith(HEADS[end])


def test_a_roofline(run, here):
    assert (
        run("plot", "theirs:build", "-k", "roofline", "--peak-flops", "1e12", "--bandwidth", "1e11", "-o", "r.png").code
        == 0
    )
    assert (here / "r.png").stat().st_size > 10_000


def test_a_front(run, here):
    stored = run("report", "theirs:two_inputs", "-o", "two.json")
    assert stored.code == 0
    assert run("plot", "theirs:build", "theirs:hostile", "two.json", "-k", "pareto", "-o", "front.png").code == 0
    assert (here / "front.png").stat().st_size > 10_000


@pytest.mark.parametrize("kind", ["table", "markdown", "csv", "json", "html"])
def test_a_comparison(run, kind):
    result = run("compare", "theirs:build", "theirs:made", "-a", "width=4", "-f", kind, "--names", "before,now")
    assert result.code == 0
    assert "before" in result.out
    assert "now" in result.out


def test_a_model_against_itself(run):
    assert run("compare", "theirs:build", "theirs:build", "--exit-code").code == 0


def test_a_stored_report_against_a_living_model(run):
    run("report", "theirs:build", "-a", "width=4", "-o", "before.json")
    same = run("compare", "before.json", "theirs:build", "-a", "width=4", "--exit-code")
    assert same.code == 0
    changed = run("compare", "before.json", "theirs:build", "--exit-code", "-f", "json")
    assert changed.code == 1
    assert {record["layer_b"] for record in json.loads(changed.out)} >= {"stem", "head"}


def test_names_in_a_csv_are_no_formulas(run, here):
    (here / "odd.py").write_text(
        "import keras\ndef build():\n"
        "    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, name='=1+1')])\n"
    )
    result = run("compare", "odd:build", "theirs:build", "-f", "csv")
    assert "'=1+1" in result.out
    assert ",=1+1" not in result.out
