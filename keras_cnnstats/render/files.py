"""Writing an export: all of it or nothing."""

import os
import secrets
import shutil


def deliver(text: str, path: str | os.PathLike[str] | None) -> str:
    """Returns `text`, or writes it to `path` as UTF-8 and returns none of it: an empty text.

    The file appears whole: the text goes to another file in the same folder, which then takes the name of `path`.

    Raises:
        OSError: `path` cannot be written (no such folder, no permission); what stood there is as it was.
    """
    if path is None:
        return text
    deliver_bytes(text.encode("utf-8"), path)
    return ""


def deliver_bytes(data: bytes, path: str | os.PathLike[str], durable: bool = False) -> None:
    """Writes `data` to `path`, whole or not at all.

    Args:
        data: what is written.
        path: the file.
        durable: whether it has to be on disk when this returns, also if the machine fails then.

    Raises:
        OSError: see `deliver`.
    """
    target = os.path.realpath(os.fsdecode(path))
    if os.path.exists(target) and not os.path.isfile(target):
        # A pipe or /dev/stdout is written to, not replaced; a folder gives the usual error.
        with open(target, "wb") as stream:
            stream.write(data)
        return
    draft = os.path.join(os.path.dirname(target), f".cnnstats-{secrets.token_hex(8)}.tmp")
    try:
        # Not `tempfile`: its files are for their owner alone, and an export has the permissions of any new file.
        with open(draft, "xb") as stream:
            stream.write(data)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        if os.path.exists(target):
            shutil.copymode(target, draft)
        os.replace(draft, target)
    except BaseException:
        if os.path.exists(draft):
            os.remove(draft)
        raise
    if durable:
        _sync_folder(os.path.dirname(target))


def _sync_folder(folder: str) -> None:
    """A file that is new is on disk when its folder is, too; only Unix lets folders be opened."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
