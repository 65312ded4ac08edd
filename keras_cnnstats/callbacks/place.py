"""The place of a callback among the others of a fit."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from keras_cnnstats.callbacks.names import PREFIX


def list_with(callback: Any) -> Any:
    """Returns the list of callbacks that is calling one; `None` where somebody else calls it.

    Keras gives a callback its model, not the list: that is found among those who are calling right now.
    """
    frame = inspect.currentframe()
    while frame is not None:
        caller = frame.f_locals.get("self")
        if isinstance(caller, keras.callbacks.CallbackList) and any(each is callback for each in caller.callbacks):
            return caller
        frame = frame.f_back
    return None


def put_first(callback: Any, callbacks: Any) -> None:
    """Lets a callback be called before the others of a list, which then all find in `logs` what it puts there."""
    # Another list, since the old one is being walked through.
    callbacks.callbacks = [callback, *[each for each in callbacks.callbacks if each is not callback]]


def keep_off_progress_bar(callbacks: Any) -> Callable[[], None]:
    """Keeps the statistics of an epoch out of the line that Keras prints of it; returns what undoes that."""
    bars = [each for each in callbacks.callbacks if isinstance(each, keras.callbacks.ProgbarLogger)]
    for bar in bars:
        bar.on_epoch_end = _without_statistics(bar.on_epoch_end)

    def undo() -> None:
        for bar in bars:
            vars(bar).pop("on_epoch_end", None)

    return undo


def _without_statistics(shown: Callable[..., None]) -> Callable[..., None]:
    def on_epoch_end(epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        shown(epoch, {name: value for name, value in (logs or {}).items() if not name.startswith(PREFIX)})

    return on_epoch_end
