"""Layers that do something in training alone are measured as a model that predicts calls them."""

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from keras_cnnstats.verification import CONFIRMED, EXPLAINED

ONLY_IN_TRAINING = {
    "brightness": lambda: layers.RandomBrightness(0.5),
    "contrast": lambda: layers.RandomContrast(0.5),
    "invert": lambda: layers.RandomInvert(),
    "sharpness": lambda: layers.RandomSharpness(0.5),
    "dropout": lambda: layers.Dropout(0.5),
    "noise": lambda: layers.GaussianNoise(0.5),
}


@pytest.mark.parametrize("name", ONLY_IN_TRAINING)
def test_what_is_left_at_inference_is_nothing(name: str) -> None:
    model = keras.Sequential([keras.Input((9, 7, 3)), ONLY_IN_TRAINING[name]()])
    report = cnnstats.analyze(model).verify(only=["work"])
    assert {check.verdict for check in report.verification.checks} <= {CONFIRMED, EXPLAINED}
    assert report.totals.flops == 0
