"""The configuration in a `.keras` archive. Nothing is extracted, and no other member is decompressed."""

from pathlib import PurePosixPath
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from keras_cnnstats.errors import FileError
from keras_cnnstats.reading.bounded import BoundedFile
from keras_cnnstats.reading.limits import ARCHIVE_READ, CONFIGURATION_BYTES
from keras_cnnstats.reading.words import said, shown

CONFIGURATION = "config.json"

_ENCRYPTED = 1
_CHUNK = 2**16


def configuration_in_archive(stream: BinaryIO) -> bytes:
    """Returns the JSON text of the configuration in an archive.

    Raises:
        FileError: the archive is damaged, or not as Keras writes them.
    """
    try:
        with ZipFile(BoundedFile(stream, ARCHIVE_READ)) as archive:
            return _read(archive, _member(archive.infolist()))
    except FileError:
        raise
    except Exception as error:
        raise FileError(f"a damaged archive: {said(error)}") from error


def _member(members: list[ZipInfo]) -> ZipInfo:
    for member in members:
        path = PurePosixPath(member.orig_filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in path.parts[:1]:
            raise FileError(f"an archive with a member that leaves its folder, {shown(member.orig_filename)}")
    found = [member for member in members if member.filename == CONFIGURATION]
    if not found:
        raise FileError(f"an archive without {CONFIGURATION}: expected one that Keras 3 saved")
    if len(found) > 1:
        raise FileError(f"an archive with {len(found)} members {CONFIGURATION}: what one reader sees, another does not")
    if found[0].flag_bits & _ENCRYPTED:
        raise FileError(f"an archive with an encrypted {CONFIGURATION}")
    if found[0].compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        # Others allocate what the archive tells them to.
        raise FileError(f"an archive whose {CONFIGURATION} is compressed in a way that Keras does not use")
    return found[0]


def _read(archive: ZipFile, member: ZipInfo) -> bytes:
    found = bytearray()
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            found += chunk
            if len(found) > CONFIGURATION_BYTES:
                raise FileError(f"an archive whose {CONFIGURATION} has more than {CONFIGURATION_BYTES:,} bytes")
    return bytes(found)
