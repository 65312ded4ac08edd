"""An explanation as text: what it is of, and each array with its shape."""

from typing import Any

import numpy as np

from keras_cnnstats.explaining.records import ConvolutionExplanation, Explanation, PoolingExplanation
from keras_cnnstats.render.cells import plain

TITLES = ("Array", "Shape", "Smallest", "Largest", "What")

_IMAGE = {"image": "what was given"}
_CONVOLUTION = {
    "inputs": "the channels that the filter sees",
    "apart": "the same with zeros between them",
    "kernels": "the kernel of each",
    "intermediates": "each convolved with its kernel",
    "sum": "their sum, and the bias",
    "output": "its activation",
}
_POOLING = {
    "input": "the channel",
    "shares": "share of an output that each input has",
    "winners": "row and column of the input that won",
    "output": "what is left of it",
    "gradient": "what comes back if 1 comes to each output",
}
_OTHER = {"output": "what the layer computes"}


def to_text(explanation: Explanation) -> str:
    """Returns what the explanation is of, a line for each array, and the receptive field."""
    from tabulate import tabulate

    arrays = [(name, getattr(explanation, name), what) for name, what in _arrays(explanation).items()]
    table = tabulate(
        [_cells(*each) for each in arrays if each[1] is not None],
        headers=TITLES,
        tablefmt="rounded_outline",
        colalign=("left", "left", "right", "right", "left"),
        disable_numparse=True,
    )
    return "\n".join([title(explanation), formula(explanation), table, *notes(explanation)])


def title(explanation: Explanation) -> str:
    """Returns which channel of which layer it is of."""
    made = "" if explanation.output is None else f", channel {explanation.channel}"
    return f"{plain(explanation.layer)} ({plain(explanation.type)}){made}"


def formula(explanation: Explanation) -> str:
    """Returns what the layer computes."""
    if isinstance(explanation, ConvolutionExplanation):
        count, name = len(explanation.channels), explanation.activation
        products = "input * kernel" if count == 1 else f"sum of {count} inputs * kernels"
        total = f"{products} {_signed(explanation.bias)}"
        return f"output = {total}" if name == "linear" else f"output = {plain(name)}({total})"
    if isinstance(explanation, PoolingExplanation):
        return f"output = {'largest value' if explanation.mode == 'max' else 'mean'} of each window"
    return "the receptive field"


def notes(explanation: Explanation) -> list[str]:
    """Returns what one output sees, and what there is to know of it."""
    found = []
    if explanation.field is not None and explanation.position is not None:
        top, left, bottom, right = explanation.field
        inside = "" if explanation.field == explanation.clipped_field else ", partly outside"
        inside = inside if explanation.clipped_field else ", all of it outside"
        where = ", ".join(str(place) for place in explanation.position)
        seen = (
            f"rows {top} to {bottom}, columns {left} to {right}"
            if is_image(explanation)
            else f"steps {left} to {right}"
        )
        found.append(f"output ({where}) sees {seen}{inside}")
    return [*found, *([explanation.note] if explanation.note else [])]


def is_image(explanation: Explanation) -> bool:
    """Returns whether what was given has rows and columns, not steps."""
    return explanation.image.ndim > 2


def _arrays(explanation: Explanation) -> dict[str, str]:
    if isinstance(explanation, ConvolutionExplanation):
        return _IMAGE | _CONVOLUTION
    return _IMAGE | (_POOLING if isinstance(explanation, PoolingExplanation) else _OTHER)


def _cells(name: str, values: Any, what: str) -> tuple[str, ...]:
    low, high = (f"{each:.4g}" for each in (np.min(values), np.max(values)))
    return name, str(values.shape), low, high, what


def _signed(value: float) -> str:
    return f"{'-' if value < 0 else '+'} {abs(value):.3g}"
