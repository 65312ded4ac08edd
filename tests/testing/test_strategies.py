"""Hypothesis draws models: those of the long run, in small numbers, and made small when they fail."""

import sys

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from keras_cnnstats.errors import MissingDependencyError
from keras_cnnstats.testing import Layer, architectures, check, models
from keras_cnnstats.testing.records import kinds_of, parts

SLOW_TO_DRAW = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@settings(SLOW_TO_DRAW, max_examples=10, phases=[Phase.generate])
@given(models())
def test_random_models_have_sound_reports(model):
    check(model)


def fails_with_dilation(architecture):
    """A planted fault: any dilated convolution."""
    layers = [part for part in parts(architecture) if isinstance(part, Layer) and part.name.startswith("Conv")]
    assert not any("dilation_rate" in dict(layer.arguments) for layer in layers), architecture.code()


@pytest.mark.slow
def test_a_failing_architecture_shrinks():
    @settings(SLOW_TO_DRAW, max_examples=300)
    @given(architectures(most_steps=4))
    def fails(architecture):
        fails_with_dilation(architecture)

    with pytest.raises(AssertionError) as raised:
        fails()
    code = str(raised.value).split("\nassert")[0]
    assert code.count("layers.") <= 2, code


def test_a_failing_model_is_shown_as_code():
    @settings(SLOW_TO_DRAW, max_examples=1, phases=[Phase.generate])
    @given(models(most_steps=1))
    def fails(model):
        raise AssertionError(model.name)

    with pytest.raises(AssertionError) as raised:
        fails()
    assert "model = keras.Model(x0, x1)" in "\n".join(raised.value.__notes__)


@settings(SLOW_TO_DRAW, max_examples=10)
@given(architectures(most_steps=0))
def test_a_model_has_at_least_one_step(architecture):
    assert kinds_of(architecture)["Activation"] == 1


def test_without_hypothesis_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'keras-cnnstats\[test\]'"):
        architectures()
