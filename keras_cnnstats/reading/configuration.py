"""JSON text becomes a configuration, within bounds that hold before anything is made of it."""

import json
from typing import Any

from keras_cnnstats.errors import FileError
from keras_cnnstats.reading.limits import CONFIGURATION_BYTES, CONFIGURATION_VALUES
from keras_cnnstats.reading.words import said


def parsed(text: bytes) -> dict[str, Any]:
    """Returns the configuration that a JSON text holds; what it asks for is not looked at.

    Raises:
        FileError: it is no JSON object, or larger than a configuration is.
    """
    if len(text) > CONFIGURATION_BYTES:
        raise FileError(f"a configuration of more than {CONFIGURATION_BYTES:,} bytes")
    values = sum(text.count(sign) for sign in (b",", b"[", b"{"))
    if values > CONFIGURATION_VALUES:
        raise FileError(f"a configuration of about {values:,} values: at most {CONFIGURATION_VALUES:,} are read")
    try:
        found = json.loads(text.decode("utf-8"), parse_constant=_refused)
    except UnicodeDecodeError as error:
        raise FileError(f"a configuration that is not text in UTF-8: {said(error)}") from None
    except RecursionError:
        raise FileError("a configuration nested too deeply to be read") from None
    except ValueError as error:
        raise FileError(f"a configuration that is no JSON: {said(error)}") from None
    if not isinstance(found, dict):
        raise FileError(f"a configuration that is no JSON object but {_kind(found)}")
    return found


def _refused(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON's")


def _kind(value: Any) -> str:
    return {list: "a list", str: "a text", type(None): "null", bool: "a truth value"}.get(type(value), "a number")
