"""A report held against the counter of a backend that Keras does not run on here: in a process of its own."""

import json
import os
import subprocess
import sys
import sysconfig
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import keras

from keras_cnnstats.errors import MissingDependencyError, VerificationError, nearest
from keras_cnnstats.records import Row
from keras_cnnstats.reports import Report
from keras_cnnstats.verification import Check
from keras_cnnstats.verify.reasons import of_error

REFEREES = ("tensorflow", "jax", "torch")
_ENTRY = "keras_cnnstats.verify.process"


class Custom(NamedTuple):
    """A class or a function that is not of Keras, and where the other process finds it.

    Attributes:
        name: what the configuration calls it.
        module: dotted name of its module.
        attribute: what it is called there.
    """

    name: str
    module: str
    attribute: str


def checks_from(
    referee: str, report: Report, model: Any, wanted: Sequence[str], chosen: Sequence[tuple[str, int]] | None = None
) -> tuple[Check, ...]:
    """Returns the checks of a report by another backend, which gets the model's configuration and no weights.

    Args:
        referee: name of the backend.
        report: the report.
        model: the model that it is of.
        wanted: what to measure.
        chosen: the rows whose receptive fields are measured; `None` for all.

    Raises:
        VerificationError: there is no such backend, or the model cannot be made anew there.
        MissingDependencyError: the backend is not installed.
    """
    if referee not in REFEREES:
        known = ", ".join(f"`{name}`" for name in REFEREES)
        raise VerificationError(
            f"referee: expected one of {known}.{nearest(str(referee), REFEREES)} Received: {referee!r}."
        )
    variable = f"CNNSTATS_{referee.upper()}_PYTHON"
    python = os.environ.get(variable, sys.executable)
    if python == sys.executable and find_spec(referee) is None:
        raise MissingDependencyError(
            f"referee={referee!r}: it is not installed. Install it: pip install {referee}; or let the environment "
            f"variable {variable} name a Python that has it, with keras and keras_cnnstats."
        )
    answer = _asked(python, referee, json.dumps(message_of(report, model, wanted, chosen)))
    if "error" in answer:
        raise VerificationError(f"referee={referee!r}: {answer['error']}")
    verification = Report.from_json(answer["report"]).verification
    return () if verification is None else verification.checks


def message_of(
    report: Report, model: Any, wanted: Sequence[str], chosen: Sequence[tuple[str, int]] | None = None
) -> dict[str, Any]:
    """What the other process needs to make the model anew."""
    asked = keras.tree.map_structure(_without_values, report.subject.input_shape)
    try:
        with warnings.catch_warnings():
            # That a function without a name is unsafe to store: it is not stored.
            warnings.simplefilter("ignore")
            config = _without_compilation(keras.saving.serialize_keras_object({"model": model, "input_shape": asked}))
        json.dumps(config)
    except Exception as error:
        raise VerificationError(
            f"referee: expected a model with a configuration, as `model.to_json()` writes it, from which the other "
            f"process makes it anew. Received: `{report.header.model}`, {of_error(error)}"
        ) from error
    return {
        "report": report.to_json(),
        "config": config,
        "custom": sorted(set(_custom(config))),
        "settings": {name: getattr(keras.config, name)() for name in ("floatx", "image_data_format")},
        "wanted": list(wanted),
        # The other process may call them otherwise.
        "rows": None if chosen is None else [place for place, row in enumerate(report.rows) if _is_among(row, chosen)],
    }


def _is_among(row: Row, chosen: Sequence[tuple[str, int]]) -> bool:
    return (row.layer, row.call) in chosen


def _without_values(given: Any) -> Any:
    """An array that stands for a shape, without its values."""
    return keras.KerasTensor(given.shape, given.dtype) if hasattr(given, "shape") else given


def _without_compilation(config: Any) -> Any:
    """A configuration without losses and optimizers, which no count depends on."""
    if isinstance(config, Mapping):
        return {name: _without_compilation(each) for name, each in config.items() if name != "compile_config"}
    return [_without_compilation(each) for each in config] if isinstance(config, list) else config


def _custom(config: Any) -> Iterator[Custom]:
    """The classes and functions in a configuration that are not of Keras."""
    registered = keras.saving.get_custom_objects()
    if isinstance(config, Mapping):
        name = config.get("registered_name")
        if name and config.get("class_name") != "function":
            # Of a script or a notebook, Keras leaves the module out.
            yield Custom(name, config.get("module") or "__main__", config["class_name"])
        for each in config.values():
            yield from _custom(each)
    elif isinstance(config, list):
        for each in config:
            yield from _custom(each)
    elif isinstance(config, str) and config in registered:
        yield Custom(config, registered[config].__module__, registered[config].__qualname__)


def _asked(python: str, referee: str, message: str) -> dict[str, Any]:
    """The answer of the other process."""
    environment = os.environ | {
        "KERAS_BACKEND": referee,
        "PYTHONPATH": os.pathsep.join(_path()),
        # Counting needs no accelerator, and all of its memory may be taken here.
        "CUDA_VISIBLE_DEVICES": "-1",
        "JAX_PLATFORMS": "cpu",
    }
    try:
        command = [python, "-P", "-W", "ignore", "-m", _ENTRY]
        done = subprocess.run(command, input=message, capture_output=True, text=True, env=environment, check=False)
    except OSError as error:
        raise VerificationError(f"referee={referee!r}: {python} cannot be run: {error.strerror}.") from error
    if done.returncode:
        last = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        raise VerificationError(
            f"referee={referee!r}: expected {python} to have {referee}, keras and keras_cnnstats. Received: {last}"
        )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _path() -> list[str]:
    """Where modules are found here, without the packages that are installed: another Python has its own."""
    installed = tuple(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    places = [str(Path(place).absolute()) for place in sys.path]
    return [place for place in places if not place.startswith(installed)]
