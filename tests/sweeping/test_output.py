"""The file of a sweep: whole at each moment, and read when the sweep goes on."""

import csv
import os
import sys
from pathlib import Path

import pandas as pd
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.sweeping.columns import COLUMNS, row
from keras_cnnstats.sweeping.output import RowFile
from tests.sweeping import builders

HOSTILE = {
    "formula": "=1+1",
    "formula behind blanks": "  @SUM(A1)",
    "apostrophe": "'quoted",
    "quotes and commas": 'a "b", c',
    "lines": "one\ntwo\r\nthree",
    "terminal": "\x1b[31mred",
    "unicode": "größe 層",
    "half a character": "\ud800",
    "empty": "",
}


@pytest.fixture(params=["csv", "parquet"])
def path(request, tmp_path):
    if request.param == "parquet":
        pytest.importorskip("pyarrow")
    return tmp_path / f"space.{request.param}"


def space(folder: Path, count: int) -> list[tuple[str, object, dict[str, object]]]:
    return [(f"w{width}", builders.noting, {"folder": str(folder), "width": width}) for width in range(1, count + 1)]


def calls(folder: Path) -> int:
    return len(list(folder.iterdir()))


def test_the_file_has_the_frame(path):
    models = {
        "plain": builders.plain,
        "bad": builders.raising,
        "enormous": builders.enormous,
        "attending": builders.attending,
        "enlarging": builders.enlarging,
        "unknown": builders.unknown,
    }
    frame = cnnstats.sweep(models, processes=0, output=path)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    read = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    assert tuple(read.columns) == COLUMNS
    assert read["name"].to_list() == list(models)
    assert int(read["params"][0]) == 224
    again = cnnstats.sweep(models, processes=0, output=path)
    pd.testing.assert_frame_equal(frame, again)
    assert again["params"].to_list()[2] == 10**20


def test_a_sweep_goes_on(path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calls")
    cnnstats.sweep(space(folder, 3), processes=0, output=path)
    frame = cnnstats.sweep(space(folder, 5), processes=0, output=path)
    assert calls(folder) == 5
    assert frame["params"].to_list() == [28 * width for width in range(1, 6)]
    # A part of the space: the others stay in the file.
    assert len(cnnstats.sweep(space(folder, 2), processes=0, output=path)) == 2
    assert len(cnnstats.sweep(space(folder, 5), processes=0, output=path)) == 5
    assert calls(folder) == 5


def test_another_budget_builds_nothing_anew(path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calls")
    assert len(cnnstats.sweep(space(folder, 4), processes=0, output=path, max_params=60)) == 2
    assert len(cnnstats.sweep(space(folder, 4), processes=0, output=path, max_params=90)) == 3
    assert calls(folder) == 4


def test_errors_are_not_tried_again(path):
    cnnstats.sweep({"a": builders.raising}, processes=0, output=path)
    frame = cnnstats.sweep({"a": builders.plain}, processes=0, output=path)
    assert frame["error"].to_list() == ["ValueError: cannot be built"]


def test_what_was_done_is_known_by_its_key(path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calls")
    models = [(f"{number}", builders.noting, {"folder": str(folder), "width": 3}) for number in range(4)]
    cnnstats.sweep(models[:1], processes=0, output=path)
    frame = cnnstats.sweep(models, processes=0, output=path, key=lambda each: each.arguments["width"])
    assert calls(folder) == 1
    assert frame["same_as"].to_list() == ["", "0", "0", "0"]


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_text(path, case):
    models = [(HOSTILE[case], builders.raising, {"message": HOSTILE[case]})]
    frame = cnnstats.sweep(models, processes=0, output=path)
    pd.testing.assert_frame_equal(frame, cnnstats.sweep(models, processes=0, output=path))
    assert frame["name"].to_list()[0].isprintable()
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            cells = list(csv.reader(file))[1]
        assert cells[0].lstrip()[:1] not in ("=", "+", "-", "@")


def test_a_sweep_that_is_ended_keeps_what_it_has(path, tmp_path_factory):
    folder = tmp_path_factory.mktemp("calls")

    def stopping():
        yield from space(folder, 2)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cnnstats.sweep(stopping(), processes=0, output=path)
    assert calls(folder) == 2
    frame = cnnstats.sweep(space(folder, 3), processes=0, output=path)
    assert calls(folder) == 3
    assert frame["params"].to_list() == [28, 56, 84]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def written(path: Path) -> bytes:
    file = RowFile(path)
    for number in range(3):
        file.add(row(name=f"größe {number}", params=number, rf=1.5, seconds=0.25, convention="macs", error='a "b", c'))
    return path.read_bytes()


def test_cut_at_each_byte(tmp_path):
    whole = written(tmp_path / "whole.csv")
    path = tmp_path / "cut.csv"
    ends = [number + 1 for number, byte in enumerate(whole) if byte == ord("\n")]
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        file = RowFile(path)
        lines = sum(end <= length for end in ends)
        assert list(file.rows) == [f"größe {number}" for number in range(max(0, lines - 1))], length
        assert path.read_bytes() == whole[: ends[max(0, lines - 1)]], length
        # It can be gone on with.
        for number in range(len(file.rows), 3):
            file.add(
                row(name=f"größe {number}", params=number, rf=1.5, seconds=0.25, convention="macs", error='a "b", c')
            )
        assert path.read_bytes() == whole, length


def test_a_journal_beside_a_parquet_file_is_read(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "space.parquet"
    cnnstats.sweep({"a": builders.plain}, processes=0, output=path)
    # As where the process was killed between writing the one and taking the other away, and one row further.
    journal = RowFile(f"{path}.csv")
    journal.add({**RowFile(path).rows["a"]})
    journal.add({**RowFile(path).rows["a"], "name": "b"})
    frame = cnnstats.sweep({"a": builders.plain, "b": builders.raising}, processes=0, output=path)
    assert frame["error"].to_list() == ["", ""]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


NO_ROWS = {
    "another table": b"name,age\nAda,36\n",
    "no table": b"\x00\x01\x02",
    "a report": b'{"schema": "keras_cnnstats.report"}\n',
}


@pytest.mark.parametrize("case", NO_ROWS)
def test_another_file_is_refused_and_left_alone(tmp_path, case):
    path = tmp_path / "space.csv"
    path.write_bytes(NO_ROWS[case])
    with pytest.raises(cnnstats.SweepError, match="expected the rows of a sweep"):
        cnnstats.sweep({"a": builders.plain}, processes=0, output=path)
    assert path.read_bytes() == NO_ROWS[case]


def test_another_parquet_file_is_refused(tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "space.parquet"
    pd.DataFrame({"a": [1]}).to_parquet(path)
    with pytest.raises(cnnstats.SweepError, match="expected the columns of a sweep"):
        cnnstats.sweep({}, processes=0, output=path)
    path.write_bytes(b"no parquet")
    with pytest.raises(cnnstats.SweepError, match="expected Parquet"):
        cnnstats.sweep({}, processes=0, output=path)


def test_a_broken_line_is_named(tmp_path):
    path = tmp_path / "space.csv"
    lines = written(path).splitlines(keepends=True)
    for broken in (b"torn,3\n", lines[1].replace(b"0.25", b"soon"), b'"\n'):
        path.write_bytes(b"".join([lines[0], broken, *lines[2:]]))
        with pytest.raises(cnnstats.SweepError, match="line 2: expected a value for each of"):
            RowFile(path)


def test_rows_of_another_kind_are_refused(path):
    cnnstats.sweep({"a": builders.plain}, processes=0, output=path)
    with pytest.raises(cnnstats.SweepError, match="expected rows with convention 'macs'"):
        cnnstats.sweep({"b": builders.plain}, processes=0, output=path, convention="macs")
    with pytest.raises(cnnstats.SweepError, match="expected rows with batch_size 2"):
        cnnstats.sweep({"b": builders.plain}, processes=0, output=path, batch_size=2)


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(cnnstats.SweepError, match="expected a place that can be written"):
        cnnstats.sweep({}, output=tmp_path / "none" / "space.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(cnnstats.SweepError, match="expected a place that can be written"):
        cnnstats.sweep({}, output=tmp_path / "folder.csv")


def test_another_ending(tmp_path):
    with pytest.raises(cnnstats.SweepError, match=r"expected a file that ends in \.csv or \.parquet"):
        cnnstats.sweep({}, output=tmp_path / "space.xlsx")


def test_without_pyarrow(tmp_path, monkeypatch):
    path = tmp_path / "space.parquet"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(cnnstats.MissingDependencyError, match=r"keras-cnnstats\[sweep\]"):
        cnnstats.sweep({}, output=path)


def test_a_pyarrow_that_does_not_start(tmp_path, monkeypatch):
    """Later ones do not with NumPy 1, and say so when they are imported."""
    (tmp_path / "pyarrow.py").write_text("raise ImportError('pyarrow requires NumPy 2.0 or newer')")
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(cnnstats.MissingDependencyError, match=r"does not start: pyarrow requires NumPy 2\.0 or newer"):
        cnnstats.sweep({}, output=tmp_path / "space.parquet")


def test_a_file_that_was_taken_away_is_not_begun_without_a_head(tmp_path):
    file = RowFile(tmp_path / "space.csv")
    os.remove(tmp_path / "space.csv")
    with pytest.raises(FileNotFoundError):
        file.add(row(name="a"))
