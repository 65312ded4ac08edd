"""A file of which little is read, whatever it says of its own sizes."""

import io
from typing import Any, BinaryIO

from keras_cnnstats.reading.limits import TOTAL_READ


class TooMuchError(ValueError):
    """A reader asks for more bytes than an architecture can take."""


class BoundedFile(io.RawIOBase):
    """Lets a reader of archives have so many bytes at once, and so many altogether."""

    def __init__(self, stream: BinaryIO, at_once: int) -> None:
        super().__init__()
        self._stream = stream
        self._at_once = at_once
        self._left = TOTAL_READ

    def readable(self) -> bool:
        """Returns that the file can be read."""
        return True

    def seekable(self) -> bool:
        """Returns that one can go to each place in it."""
        return True

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        """Goes to a place."""
        return self._stream.seek(place, whence)

    def tell(self) -> int:
        """Returns the place."""
        return self._stream.tell()

    def read(self, size: int | None = -1) -> bytes:
        """Returns the next bytes."""
        # One more than is allowed, so that what goes to the end of a large file is found out.
        wanted = self._at_once + 1 if size is None or size < 0 else size
        self._take(0 if size is None or size < 0 else size)
        found = self._stream.read(wanted)
        self._take(len(found) if size is None or size < 0 else 0)
        return found

    def readinto(self, buffer: Any) -> int:
        """Fills a buffer with the next bytes."""
        found = self.read(len(buffer))
        memoryview(buffer)[: len(found)] = found
        return len(found)

    def _take(self, size: int) -> None:
        self._left -= size
        if size > self._at_once or self._left < 0:
            raise TooMuchError(f"asks for {size:,} bytes at once, and an architecture takes {self._at_once:,} at most")
