"""Models that have shapes and no memory."""

from collections.abc import Iterator
from contextlib import contextmanager

from keras_cnnstats.capture import names_untouched, variables_deferred
from keras_cnnstats.collector import heap_set_aside


@contextmanager
def abstract() -> Iterator[None]:
    """Builds models inside with shapes but without weights in memory, for analysis alone.

    A network of a hundred gigabytes is built in the time that its layers take. Nothing is left behind in Keras, also
    when building fails: later layers get the names that they would have got, and the weights never come into being.
    Such a model is of no use for predicting or training: each time that a weight is read it is made up anew.

    Example:

    >>> import keras, keras_cnnstats as cnnstats
    >>> with cnnstats.abstract():
    ...     model = keras.Sequential([keras.Input((100_000,)), keras.layers.Dense(1_000_000)])
    >>> cnnstats.analyze(model).totals.params
    100001000000
    """
    # A model is so many objects that the collector would go several times through all that a backend holds, which takes
    # a third of the time of building.
    with names_untouched(), variables_deferred(), heap_set_aside():
        yield
