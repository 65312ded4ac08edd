"""Files that are no model, or that would take all memory: refused, each with its reason."""

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import h5py
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.reading import limits
from tests.reading.configurations import dense, layer, sequential


def archive(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name.replace("config_json", "config.json"), data)
    return stream.getvalue()


def twice() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr("config.json", json.dumps(dense()))
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("config.json", "{}")
    return stream.getvalue()


def encrypted() -> bytes:
    data = bytearray(archive(config_json=b"{}"))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(mark) + offset] |= 1
    return bytes(data)


def lying() -> bytes:
    """A table of contents that says that the member is small, where it is enormous."""
    data = bytearray(archive(config_json=b" " * 200_000_000))
    place = data.find(b"PK\x01\x02")
    data[place + 24 : place + 28] = (10).to_bytes(4, "little")
    return bytes(data)


def table_without_end() -> bytes:
    """A table of contents of more than 16 MiB: three hundred members that each have a long comment."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for number in range(300):
            member = zipfile.ZipInfo(f"{number}.txt")
            member.comment = b" " * 65_000
            file.writestr(member, b"")
    return stream.getvalue()


def table_in_disguise() -> bytes:
    """The same, with the mark of its end a second time, behind which other numbers stand for its size."""
    data = bytearray(table_without_end())
    data[-18:-14] = b"PK\x05\x06"
    return bytes(data)


def hdf5(value: Any, name: str = "model_config") -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file.attrs[name] = value
    return stream.getvalue()


def outside() -> bytes:
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        file["model_config"] = h5py.ExternalLink("/etc/passwd", "/")
    return stream.getvalue()


GOOD = archive(config_json=json.dumps(dense()).encode())

FILES: dict[str, tuple[Any, str]] = {
    "nothing": (b"", "neither"),
    "zeros": (b"\0" * 1000, "neither"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "neither"),
    "the beginning of an archive": (b"PK", "damaged"),
    "an archive of nothing": (b"PK\x05\x06" + b"\0" * 18, "an archive with 0"),
    "an archive cut off": (GOOD[: len(GOOD) // 2], "damaged"),
    "an archive without its beginning": (GOOD[20:], "neither"),
    "an archive with a torn member": (GOOD[:60] + b"\xff" * 40 + GOOD[100:], "damaged"),
    "an archive of other things": (archive(**{"a.txt": b"x"}), "an archive with 0"),
    "a member that leads outside": (
        archive(config_json=json.dumps(dense()).encode(), **{"../../canary": b"x"}),
        "leads out of its folder",
    ),
    "two configurations": (twice, "an archive with 2"),
    "an encrypted member": (encrypted, "encrypted"),
    "a bomb": (lambda: archive(config_json=b" " * 300_000_000), "at most 33,554,432 bytes"),
    "a bomb that lies": (lying, "damaged"),
    "a table of contents without end": (table_without_end, "enormous table of contents"),
    "a table of contents in disguise": (table_in_disguise, "enormous table of contents"),
    "a table of contents that lies": (GOOD[:-10] + b"\xff\xff\xff\x7f" + GOOD[-6:], "damaged"),
    "no UTF-8": (archive(config_json=b"\xff\xfe"), "expected UTF-8"),
    "no JSON": (archive(config_json=b"{'a': 1}"), "expected JSON"),
    "a list": (archive(config_json=b"[1]"), "expected the configuration of a model"),
    "brackets": (archive(config_json=b"[" * 1_000_000), "nested deeper"),
    "objects in objects": (archive(config_json=b'{"class_name":' * 100_000), "nested deeper"),
    "levels": (archive(config_json=b'{"class_name":"Sequential","config":' + b"[" * 400 + b"]" * 400 + b"}"), "levels"),
    "digits": (archive(config_json=b'{"class_name":"S","config":' + b"9" * 5000 + b"}"), "expected JSON"),
    "HDF5 of nothing": (lambda: hdf5("x", "other"), "a whole model"),
    "HDF5 with a number": (lambda: hdf5(3), "as text"),
    "HDF5 with a list": (lambda: hdf5([1, 2, 3]), "as one text"),
    "HDF5 cut off": (lambda: hdf5("{}")[:300], "damaged"),
    "HDF5 with other JSON": (lambda: hdf5("{}"), "expected the configuration"),
    "HDF5 with a link": (outside, "a whole model"),
    "HDF5 with a Lambda": (lambda: hdf5(json.dumps(sequential(layer("Lambda")))), "Lambda is refused"),
    "millions of lists": (
        b'{"class_name": "Sequential", "config": [' + b"[]," * 2_000_000 + b"1]}",
        "millions of values",
    ),
    "JSON cut off": (b'{"class_name": "Seq', "expected JSON"),
    "JSON without end": (b"{" + b" " * 40_000_000, "at most 33,554,432 bytes"),
    "JSON of something else": (b'{"a": 1}', "expected the configuration"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_none(here: Path, at_most: Any, name: str) -> None:
    content, message = FILES[name]
    (here / "model.keras").write_bytes(content() if callable(content) else content)
    # What is unpacked at most, a few times over.
    with at_most(6 * limits.CONFIG_BYTES), pytest.raises(cnnstats.FileError) as caught:
        cnnstats.read_model(here / "model.keras")
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(here / "model.keras"))
    assert [each.name for each in here.iterdir()] == ["model.keras"]


@pytest.mark.parametrize("made", ["folder", "missing", "unreadable", "pipe"])
def test_no_file(here: Path, made: str) -> None:
    path = here / "model.keras"
    if made == "folder":
        path.mkdir()
    if made == "pipe":
        os.mkfifo(path)
    if made == "unreadable":
        path.symlink_to(path)
    with pytest.raises(cnnstats.FileError, match=r"model\.keras"):
        cnnstats.read_model(path)
