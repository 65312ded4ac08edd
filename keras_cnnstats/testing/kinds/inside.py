"""Models and layers inside a model, and layers that are called again."""

from keras_cnnstats.testing.drawing import finished, go_on
from keras_cnnstats.testing.kinds.merging import alike, beside
from keras_cnnstats.testing.kinds.registry import ANY, kind
from keras_cnnstats.testing.pen import Pen, tensors
from keras_cnnstats.testing.records import Again, Architecture, Input, Layer, Tensor

DEEPEST = 2
"""Models inside models."""


@kind("model inside", ANY)
def model_inside(pen: Pen, x: int) -> int | None:
    """A functional model, a Sequential, a subclassed model or a subclassed layer."""
    if pen.depth >= DEEPEST:
        return None
    read = [x]
    if pen.maybe(3):
        other = beside(pen, x)
        read += [] if other is None else [other]
    inner = pen.inside(tuple(Input(pen.shape(each), pen.dtype_of(each)) for each in read))
    for _ in range(pen.integer(1, 3)):
        go_on(inner)
    if not inner.steps:
        return None
    made = finished(inner)
    read = read[: len(made.inputs)]
    return pen.call(made, tensors(*read) if len(read) > 1 else Tensor(x))


@kind("again", ANY)
def again(pen: Pen, x: int) -> int | None:
    """A layer that is there, once more."""
    steps = [
        number
        for number, step in enumerate(pen.steps)
        if isinstance(step.target, Layer | Architecture)
        and len(step.arguments) == 1
        and isinstance(step.arguments[0], Tensor)
        and alike(pen, step.arguments[0].number, x)
    ]
    return pen.call(Again(pen.either(*steps)), Tensor(x)) if steps else None
