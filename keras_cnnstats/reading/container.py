"""From a file to the configuration in it, whatever the file's name, with limits to what is read and unpacked."""

import io
import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from keras_cnnstats.errors import FileError
from keras_cnnstats.reading import limits

CONFIG = "config.json"
"""The member of a `.keras` file that has the configuration; no other is unpacked."""

ATTRIBUTE = "model_config"
"""The attribute of an HDF5 file that has it; no data set is read."""

ZIP, HDF5 = b"PK", b"\x89HDF\r\n\x1a\n"
ENCRYPTED = 0x1
_UNPACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def configuration_of(path: Path) -> dict[str, Any]:
    """Returns the configuration that a `.keras` file, a whole model as HDF5, or the JSON of a model has.

    Raises:
        FileError: there is no such file, or none is in it.
    """
    if path.exists() and not path.is_file():
        raise _none(path, "a file", "something else")
    try:
        with path.open("rb", buffering=0) as file, _Bounded(file) as stream:
            head = stream.read(len(HDF5))
            if head.startswith(ZIP):
                text = _of_archive(stream, path)
            elif head == HDF5:
                text = _of_hdf5(path)
            elif head.lstrip()[:1] == b"{":
                text = head + stream.read(limits.CONFIG_BYTES + 1)
            else:
                raise _none(path, "a .keras archive, an HDF5 file of a whole model, or the JSON of a model", "neither")
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror or error}.") from error
    if len(text) > limits.CONFIG_BYTES:
        raise _none(path, f"a configuration of at most {limits.CONFIG_BYTES:,} bytes", "more")
    return _decoded(text, path)


def _none(path: Path, expected: str, received: str) -> FileError:
    return FileError(f"{path}: expected {expected}. Received: {received}.")


class _EnormousError(Exception):
    """More was to be read at once than there is any need for."""


class _Bounded(io.BufferedReader):
    """A file that hands out no more than so much at once: an archive's table of contents is read in one go.

    What an archive says of the size of its table is not asked: it may say several things.

    Attributes:
        limit: bytes at most.
    """

    limit = limits.CONFIG_BYTES + 1

    def read(self, size: int | None = -1) -> bytes:
        most = self.limit + 1
        found = super().read(most if size is None or size < 0 else min(size, most))
        if len(found) > self.limit:
            raise _EnormousError
        return found


def _of_archive(stream: _Bounded, path: Path) -> bytes:
    try:
        stream.limit = limits.DIRECTORY_BYTES
        with zipfile.ZipFile(stream) as archive:
            stream.limit = _Bounded.limit
            if any(_leads_outside(name) for name in archive.namelist()):
                raise _none(path, "an archive of Keras", "one with a member that leads out of its folder")
            members = [each for each in archive.infolist() if each.filename == CONFIG]
            if len(members) != 1:
                raise _none(path, f"a .keras archive with one member `{CONFIG}`", f"an archive with {len(members)}")
            [member] = members
            if member.flag_bits & ENCRYPTED or member.compress_type not in _UNPACKED:
                raise _none(path, f"`{CONFIG}` as Keras writes it", "one that is encrypted or packed otherwise")
            # What the table of contents says of sizes is not believed: so much is unpacked and no more.
            with archive.open(member) as unpacked:
                return unpacked.read(limits.CONFIG_BYTES + 1)
    except FileError:
        raise
    except _EnormousError:
        raise _none(path, "an archive of a few members", "one with an enormous table of contents") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise FileError(f"{path}: the archive is damaged, and `{CONFIG}` cannot be read: {error}.") from error


def _leads_outside(name: str) -> bool:
    """Whether a member, were it unpacked, would land elsewhere: none is, but no archive of Keras has such a name."""
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0]


def _of_hdf5(path: Path) -> bytes:
    try:
        import h5py
    except ImportError as error:
        raise FileError(f"{path}: h5py, which Keras needs for HDF5 too, is not installed.") from error
    try:
        with h5py.File(path, "r") as file:
            if ATTRIBUTE not in file.attrs:
                raise _none(path, f"a whole model, with the attribute `{ATTRIBUTE}`", "weights alone or another file")
            identifier = file.attrs.get_id(ATTRIBUTE)
            if identifier.shape != () or identifier.get_storage_size() > limits.CONFIG_BYTES:
                raise _none(path, f"`{ATTRIBUTE}` as one text", f"{identifier.get_storage_size():,} bytes")
            text = file.attrs[ATTRIBUTE]
    except FileError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise FileError(f"{path}: the HDF5 file is damaged: {error}.") from error
    if isinstance(text, str):
        return text.encode("utf-8", "surrogateescape")
    if isinstance(text, bytes):
        return bytes(text)
    raise _none(path, f"`{ATTRIBUTE}` as text", type(text).__name__)


def _decoded(text: bytes, path: Path) -> dict[str, Any]:
    if text.count(b"[") + text.count(b"{") > limits.BRACKETS or text.count(b",") > limits.COMMAS:
        raise _none(path, "a configuration of some thousand layers", "one with millions of values")
    try:
        found = json.loads(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: {CONFIG}: expected UTF-8: {error.reason} at byte {error.start:,}.") from error
    except RecursionError:
        raise _none(path, f"a configuration of at most {limits.DEPTH} levels", "one that is nested deeper") from None
    except ValueError as error:
        raise FileError(f"{path}: {CONFIG}: expected JSON: {error}.") from error
    if not isinstance(found, dict) or "class_name" not in found:
        raise _none(path, "the configuration of a model, with its `class_name`", f"other JSON, {type(found).__name__}")
    return found
