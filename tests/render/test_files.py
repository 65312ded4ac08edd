"""Writing a file: whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from keras_cnnstats.render.files import deliver, deliver_bytes
from keras_cnnstats.render.json import to_json
from keras_cnnstats.render.latex import to_latex
from keras_cnnstats.render.markup import to_csv, to_markdown
from tests.render import handmade

WRITERS = {"csv": to_csv, "json": to_json, "latex": to_latex, "markdown": to_markdown}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("report", ["small", "awkward", "hostile", "empty"])
def test_file_holds_the_text(name: str, report: str, tmp_path: Path) -> None:
    write, path = WRITERS[name], tmp_path / "report"
    assert write(handmade.REPORTS[report], path) == ""
    assert path.read_bytes() == write(handmade.REPORTS[report]).encode("utf-8")
    assert os.listdir(tmp_path) == ["report"]


@pytest.mark.parametrize("name", WRITERS)
def test_missing_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        WRITERS[name](handmade.small_cnn(), tmp_path / "no" / "report")
    assert os.listdir(tmp_path) == []


def test_path_is_text_bytes_or_path(tmp_path: Path) -> None:
    for path in (tmp_path / "a", str(tmp_path / "b"), os.fsencode(tmp_path / "c")):
        deliver("x", path)  # type: ignore[arg-type]
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "c"]


def test_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    (tmp_path / "report").write_text("before")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        deliver("after", tmp_path / "report")
    assert os.listdir(tmp_path) == ["report"]
    assert (tmp_path / "report").read_text() == "before"


@pytest.mark.skipif(os.name == "nt", reason="folders cannot be opened")
def test_what_has_to_be_on_disk_is_there_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    synced, replaced = os.fsync, os.replace

    def fsync(number: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(number).st_mode) else "file")
        synced(number)

    def replace(*paths: str) -> None:
        done.append("replaced")
        replaced(*paths)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    deliver_bytes(b"x", tmp_path / "usual")
    assert done == ["replaced"]
    deliver_bytes(b"x", tmp_path / "durable", durable=True)
    assert done == ["replaced", "file", "replaced", "folder"]


def test_text_without_bytes_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        deliver("\ud800", tmp_path / "report")
    assert os.listdir(tmp_path) == []


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"irectory|denied"):
        deliver("x", tmp_path)
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")
def test_new_file_has_usual_permissions_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    (tmp_path / "usual").write_text("")
    deliver("x", tmp_path / "new")
    (tmp_path / "old").write_text("")
    (tmp_path / "old").chmod(0o640)
    deliver("x", tmp_path / "old")
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "new", "old")}
    assert modes == {"usual": modes["usual"], "new": modes["usual"], "old": 0o640}


@pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")
def test_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    deliver("x", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        deliver("x", tmp_path / "pipe")
        assert os.read(reader, 10) == b"x"
    finally:
        os.close(reader)
    assert (tmp_path / "pipe").is_fifo()


def test_what_is_no_path_is_refused() -> None:
    with pytest.raises(TypeError):
        deliver("x", 5)  # type: ignore[arg-type]
