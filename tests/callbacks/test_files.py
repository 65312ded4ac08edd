"""The file of a run: killed anywhere, it is gone on with, without a gap and without an epoch twice."""

import json
import math
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_cnnstats.callbacks import files
from keras_cnnstats.callbacks.files import EpochFile
from keras_cnnstats.errors import CallbackError

ENDINGS = ("csv", "jsonl")
SMALL = {"epoch": 0, "loss": 0.5, "stats_total_flops": 10**21}


@pytest.fixture(params=ENDINGS)
def path(request, tmp_path):
    return tmp_path / f"run.{request.param}"


def filled(path, epochs, **values):
    """A file of one stage."""
    file = EpochFile(path)
    file.start()
    for epoch in range(epochs):
        file.write({**SMALL, **values, "epoch": epoch})
    return file


def places(rows):
    return [(row["stage"], row["epoch"]) for row in rows]


def train(path, initial_epoch, epochs):
    """A fit that goes on with what is there."""
    file = EpochFile(path, append=True)
    stage = file.start(initial_epoch)
    for epoch in range(initial_epoch, epochs):
        file.write({"stage": stage, "epoch": epoch, "loss": 1 / (epoch + 1)})
    return EpochFile(path, append=True).rows


def test_each_epoch_is_on_disk_when_it_is_reported(path):
    file = EpochFile(path)
    assert file.start() == 0
    assert not path.exists()
    for epoch in range(3):
        file.write({**SMALL, "epoch": epoch})
        assert places(EpochFile(path, append=True).rows) == [(0, number) for number in range(epoch + 1)]


@pytest.mark.parametrize("value", [3, 10**25, 0.1, -1e-300, 5e-324, math.inf, -math.inf, math.nan, None])
def test_numbers_come_back_as_they_were(path, value):
    filled(path, 2, x=value)
    back = EpochFile(path, append=True).rows[0]["x"]
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def test_numbers_of_numpy_are_written_as_numbers(path):
    import numpy as np

    filled(path, 1, x=np.float64(0.25), y=np.int64(3), z=np.float32(0.5), w=True)
    (row,) = EpochFile(path, append=True).rows
    assert (row["x"], row["y"], row["z"], row["w"]) == (0.25, 3, 0.5, 1)


def test_a_column_that_comes_later_is_missing_before(path):
    file = filled(path, 2)
    file.write({**SMALL, "epoch": 2, "val_loss": 0.75})
    file.write({"epoch": 3, "loss": 0.25})
    rows = EpochFile(path, append=True).rows
    assert rows == file.rows
    assert [row["val_loss"] for row in rows] == [None, None, 0.75, None]
    assert [row["stats_total_flops"] for row in rows] == [10**21] * 3 + [None]


def test_pandas_reads_the_csv(tmp_path):
    filled(tmp_path / "run.csv", 3, x=math.nan).write({"epoch": 3, "late": 1})
    frame = pd.read_csv(tmp_path / "run.csv")
    assert list(frame.columns) == ["stage", "epoch", "loss", "stats_total_flops", "x", "late"]
    assert frame["loss"].tolist()[:3] == [0.5] * 3


def test_strict_parsers_read_the_json_lines(tmp_path):
    filled(tmp_path / "run.jsonl", 1, x=math.nan, y=-math.inf, z=None)

    def refused(text):
        raise AssertionError(text)

    lines = (tmp_path / "run.jsonl").read_text().splitlines()
    (row,) = [json.loads(line, parse_constant=refused) for line in lines]
    assert (row["x"], row["y"], row["z"]) == ("NaN", "-Infinity", None)


@pytest.mark.parametrize("name", ["=1+1", "+a", "@b", "'c", "''", "a,b", 'a"b', "a\nb", "\ttab", "層", "a\\", "＝1"])
def test_any_name_comes_back(path, name):
    filled(path, 2, **{name: 0.5})
    filled_again = EpochFile(path, append=True)
    assert [row[name] for row in filled_again.rows] == [0.5, 0.5]
    filled_again.write({"epoch": 2, name: 0.25})
    assert len(filled_again.rows[0]) == 5


def test_a_spreadsheet_finds_no_formula(tmp_path):
    filled(tmp_path / "run.csv", 1, **{"=HYPERLINK(1)": 1})
    assert "'=HYPERLINK(1)" in (tmp_path / "run.csv").read_text().splitlines()[0].split(",")


def test_a_name_that_is_no_text_is_written(path):
    filled(path, 1, **{"\ud800": 1})
    assert EpochFile(path, append=True).rows[0]["\\ud800"] == 1


# Stages


def test_a_fit_from_the_start_is_another_stage(path):
    train(path, 0, 3)
    assert places(train(path, 0, 2)) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]


def test_a_fit_from_a_later_epoch_goes_on_with_the_stage(path):
    train(path, 0, 3)
    train(path, 0, 4)
    assert places(train(path, 2, 5)) == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (1, 3), (1, 4)]


def test_one_logger_has_a_stage_for_each_fit(path):
    file = filled(path, 2)
    assert file.start() == 1
    file.write(SMALL)
    assert places(EpochFile(path, append=True).rows) == [(0, 0), (0, 1), (1, 0)]


def test_without_append_the_old_file_stays_until_the_first_epoch(path):
    train(path, 0, 3)
    old = path.read_bytes()
    file = EpochFile(path)
    file.start(2)
    assert path.read_bytes() == old
    file.write(SMALL)
    assert places(EpochFile(path, append=True).rows) == [(0, 0)]


# Killed

WIDER = [{"epoch": 0, "loss": 0.5}, {"epoch": 1, "loss": 0.25, "val_loss": math.nan}, {"epoch": 2, 'a"\n,b': 1}]


@pytest.mark.parametrize("ending", ENDINGS)
@given(data=st.data())
def test_a_run_killed_at_any_byte_goes_on(ending, data):
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"run.{ending}"
        file = EpochFile(path)
        file.start()
        for row in [*WIDER, {"epoch": 3, "loss": 1e-5}]:
            file.write(row)
        written = path.read_bytes()
        cut = data.draw(st.integers(0, len(written)))
        path.write_bytes(written[:cut])
        left = EpochFile(path, append=True).rows
        expected = [{name: value for name, value in row.items() if value is not None} for row in file.rows]
        found = [{name: value for name, value in row.items() if value is not None} for row in left]
        assert repr(found) == repr(expected[: len(left)])
        again = data.draw(st.integers(0, len(left)))
        rows = train(path, again, 6)
        if again or not left:
            assert places(rows) == [(0, epoch) for epoch in range(6)]
        else:
            assert places(rows) == places(left) + [(1, epoch) for epoch in range(6)]
        assert os.listdir(folder) == [path.name]


@pytest.mark.parametrize("torn", ["0,2", '{"stage": 0, "epo', '{"stage": 0}', "\0\0\0"])
def test_a_last_line_that_is_none_is_taken_off(path, torn):
    whole = filled(path, 2)
    with path.open("a") as file:
        file.write(f"{torn}\n")
    again = EpochFile(path, append=True)
    assert again.rows == whole.rows
    again.start(2)
    assert EpochFile(path, append=True).rows == whole.rows
    assert torn not in path.read_text().splitlines()


# Faults


def test_an_epoch_that_finds_the_disk_full_comes_with_the_next(path, monkeypatch):
    file = filled(path, 1)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            file.write({**SMALL, "epoch": 1})
        with pytest.raises(OSError, match="No space"):
            file.write({**SMALL, "epoch": 2})
    file.write({**SMALL, "epoch": 3})
    assert places(EpochFile(path, append=True).rows) == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full device here")
def test_a_place_that_is_no_file_is_refused(tmp_path):
    (tmp_path / "run.csv").symlink_to("/dev/full")
    with pytest.raises(CallbackError):
        EpochFile(tmp_path / "run.csv")


def test_a_file_that_was_taken_away_is_written_anew(path):
    file = filled(path, 2)
    path.unlink()
    with pytest.raises(OSError, match="No such file"):
        file.write({**SMALL, "epoch": 2})
    file.write({**SMALL, "epoch": 3})
    assert len(EpochFile(path, append=True).rows) == 4


BAD = {
    "another ending": ("run.txt", None, "ends in `.csv` or `.jsonl`"),
    "no ending": ("run", None, "ends in"),
    "no such folder": ("nowhere/run.csv", None, "can be written"),
    "another table": ("run.csv", "a,b\n1,2\n", "the columns a, b"),
    "Keras' own log": ("run.csv", "epoch,loss\n0,0.5\n1,0.25\n", "`stage` and `epoch`"),
    "text": ("run.jsonl", "hello\nworld\n", "line 1"),
    "a text of one line": ("run.jsonl", "hello\n", "line 1, the only one"),
    "another list": ("run.jsonl", "[1]\n[2]\n", "a list, no object"),
    "a hole": ("run.csv", "stage,epoch,loss\n0,0\n0,1,0.5\n", "line 2: 2 of 3 values"),
    "no text": ("run.csv", b"\xff\xfe\n\n", "expected a line for each epoch"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_a_log_fails_before_the_first_batch(case, tmp_path):
    name, text, message = BAD[case]
    path = tmp_path / name
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CallbackError, match=message):
        EpochFile(path, append=True)
    assert text is None or path.read_bytes() == (text if isinstance(text, bytes) else text.encode())


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "run.csv").mkdir()
    with pytest.raises(CallbackError, match="no file"):
        EpochFile(tmp_path / "run.csv")
