"""A whole random architecture: its inputs, its precision, its steps."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random, getstate, setstate
from warnings import catch_warnings, simplefilter

from keras_cnnstats.testing import kinds  # noqa: F401 - enters the kinds
from keras_cnnstats.testing.drawing import MOST_OUTPUTS, finished, go_on
from keras_cnnstats.testing.pen import Pen
from keras_cnnstats.testing.records import Architecture, Input, Tensor
from keras_cnnstats.weightless import abstract

MOST_STEPS = 10


def draw_architecture(random: Random, most_steps: int = MOST_STEPS) -> Architecture:
    """Returns an architecture that `random` chooses.

    The same state of `random` gives the same architecture. Nothing is left behind in Keras.

    Args:
        random: what chooses.
        most_steps: how often a model may be gone on with; a block or a model inside takes several layers at once.

    Example:

    >>> from random import Random
    >>> draw_architecture(Random(7)) == draw_architecture(Random(7))
    True
    """
    with drawing():
        pen = begun(random)
        for _ in range(most_steps):
            perhaps_go_on(pen)
        return ended(pen)


@contextmanager
def drawing() -> Iterator[None]:
    """Lets pens build layers without weights, and refuse a step that Keras warns of."""
    with seeds_untouched(), abstract(), catch_warnings():
        simplefilter("error", UserWarning)
        yield


@contextmanager
def seeds_untouched() -> Iterator[None]:
    """Gives Python's random numbers back as they were: Keras takes seeds from them, for layers that are given none."""
    state = getstate()
    try:
        yield
    finally:
        setstate(state)


def begun(random: Random) -> Pen:
    """Returns a pen that has chosen inputs and precision."""
    chooser = Pen(random, ())
    inputs = [_input(chooser)]
    if chooser.maybe(4):
        inputs.append(inputs[0] if chooser.maybe(2) else _input(chooser))
    dtype = chooser.either("mixed_bfloat16", "mixed_float16") if chooser.maybe(12) else ""
    return Pen(random, tuple(inputs), dtype, channels_first=chooser.maybe(8))


def perhaps_go_on(pen: Pen) -> None:
    """Takes a step, most often; where the first choice is 0, none: so shrinking leaves any step out."""
    if pen.integer(0, 3):
        go_on(pen)


def ended(pen: Pen) -> Architecture:
    """Returns what was drawn, of at least one step."""
    if not pen.steps:
        pen.layer("Activation", Tensor(0), activation="relu")
    return finished(pen, MOST_OUTPUTS)


def _input(pen: Pen) -> Input:
    """A map of one to three dimensions, a vector or a sequence of indices."""
    rank = pen.either(2, 1, 3, 0, -1)
    if rank < 0:
        return Input((pen.integer(1, 10),), "int32")
    largest = (24, 16, 12, 6)[rank]
    sizes = tuple(
        pen.integer(1, largest) if pen.maybe(6) else pen.integer(min(4, largest), largest) for _ in range(rank)
    )
    return Input((*sizes, pen.integer(1, 8)))
