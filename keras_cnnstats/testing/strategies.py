"""Random architectures and models as Hypothesis draws them."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

from keras_cnnstats.errors import missing
from keras_cnnstats.testing.pen import Pen
from keras_cnnstats.testing.records import Architecture
from keras_cnnstats.testing.whole import MOST_STEPS, begun, drawing, ended, perhaps_go_on, seeds_untouched

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


def architectures(most_steps: int = MOST_STEPS) -> "SearchStrategy[Architecture]":
    """Returns a strategy that draws descriptions of models.

    Args:
        most_steps: how often a model may be gone on with; a block or a model inside takes several layers at once.

    Raises:
        MissingDependencyError: Hypothesis is not installed.

    Example:

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=2, database=None, deadline=None)
    ... @given(architectures())
    ... def test_steps(architecture):
    ...     assert architecture.steps
    >>> test_steps()
    """
    strategies = _hypothesis().strategies
    randoms = strategies.randoms(use_true_random=False)

    def by(pen: Pen, do: Callable[[Pen], Any]) -> Callable[[Random], Any]:
        def done(random: Random) -> Any:
            pen.random = random
            return do(pen)

        return done

    def drawn(draw: Callable[[Any], Any]) -> Architecture:
        # Each step is a draw of its own, because that is what Hypothesis leaves out when it shrinks.
        with drawing():
            pen: Pen = draw(randoms.map(begun))
            for _ in range(most_steps):
                draw(randoms.map(by(pen, perhaps_go_on)))
            architecture: Architecture = draw(randoms.map(by(pen, ended)))
        return architecture

    strategy: SearchStrategy[Architecture] = strategies.composite(drawn)()
    return strategy


def models(most_steps: int = MOST_STEPS) -> "SearchStrategy[Any]":
    """Returns a strategy that draws built models, and notes the code of one that fails.

    Args:
        most_steps: see `architectures`.

    Raises:
        MissingDependencyError: Hypothesis is not installed.
    """
    hypothesis = _hypothesis()

    def built(architecture: Architecture) -> Any:
        if hypothesis.currently_in_test_context():
            hypothesis.note(architecture.code())
        with seeds_untouched():
            return architecture.build()

    return architectures(most_steps).map(built)


def _hypothesis() -> Any:
    try:
        import hypothesis
        import hypothesis.strategies
    except ImportError as error:
        raise missing("testing", "hypothesis", "test") from error
    return hypothesis
