"""The other process: makes a model anew of its configuration, and holds its report against the backend that runs here.

It reads one message from its standard input and writes one answer, both JSON. See `elsewhere`.
"""

import json
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from importlib import import_module
from typing import Any

import keras

from keras_cnnstats.capture import capture, names_untouched, variables_deferred
from keras_cnnstats.errors import CNNStatsError
from keras_cnnstats.reports import Report, Subject
from keras_cnnstats.rules import find
from keras_cnnstats.verification import Verification
from keras_cnnstats.verify import verified
from keras_cnnstats.verify.elsewhere import Custom
from keras_cnnstats.verify.reasons import of_error


def answered(message: dict[str, Any]) -> str:
    """Returns the report of a message with what the running backend measures, as JSON.

    Its rows are those of the model that is made anew, one by one: only names that were given by themselves differ.
    """
    for name, value in message["settings"].items():
        getattr(keras.config, f"set_{name}")(value)
    (model, input_shape), report = _made(message), Report.from_json(message["report"])
    types = {row.type for row in report.rows}

    def is_known(target: Any) -> bool:
        # What has a row was not followed inside there: rules for one analysis, which are not here, are known by that.
        return find(target, None).is_certain or getattr(target, "__name__", "") in types

    with capture(model, input_shape, report.header.batch_size, is_known) as graph:
        calls = [(call.path, call.nth, call.type) for call in graph.calls]
    rows, behind = report.rows[: len(calls)], report.rows[len(calls) :]
    if [row.type for row in rows] != [kind for _, _, kind in calls]:
        raise CNNStatsError("made anew of its configuration, the model has other layers.")
    renamed = [row._replace(layer=path, call=nth) for row, (path, nth, _) in zip(rows, calls, strict=True)]
    names = {(path, nth): (row.layer, row.call) for row, (path, nth, _) in zip(rows, calls, strict=True)}
    here = replace(report, rows=(*renamed, *behind), subject=Subject(model, input_shape, is_known))
    chosen = None if message["rows"] is None else [(here.rows[at].layer, here.rows[at].call) for at in message["rows"]]
    verification = verified(here, model, message["wanted"], rows=chosen, is_of_this_backend=False).verification
    checks = []
    for check in () if verification is None else verification.checks:
        layer, call = names.get((check.layer, check.call), (check.layer, check.call))
        checks.append(check._replace(layer=layer, call=call))
    return str(replace(report, verification=Verification(tuple(checks))).to_json())


def _made(message: dict[str, Any]) -> tuple[Any, Any]:
    """The model without weights, and the shape that it is fed."""
    custom: dict[str, Any] = {}
    for name, module, attribute in map(Custom._make, message["custom"]):
        try:
            custom[name] = getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise CNNStatsError(
                f"expected `{attribute}` in a module that another process can import, and not in a script, a notebook "
                f"or a function. Received: {module}.{attribute}."
            ) from error
    with names_untouched(), variables_deferred():
        made = keras.saving.deserialize_keras_object(message["config"], custom, safe_mode=False)
    return made["model"], made["input_shape"]


def main() -> None:
    """Answers the message."""
    message = json.loads(sys.stdin.read())
    try:
        # Modules of the user may print.
        with redirect_stdout(sys.stderr):
            answer = {"report": answered(message)}
    except Exception as error:
        answer = {"error": str(error) if isinstance(error, CNNStatsError) else of_error(error)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
