import sys
from collections.abc import Callable
from typing import NamedTuple

import keras
import pytest

from keras_cnnstats.cli import main

MODULE = """
import keras
from keras import layers

import keras_cnnstats as cnnstats


@keras.saving.register_keras_serializable("here")
class Scale(layers.Layer):
    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],))

    def call(self, x):
        return x * self.factor


def build(width=8, name="net"):
    print("printed by the user's code")
    inner = keras.Sequential([keras.Input((30, 30, width)), layers.Conv2D(width, 3), layers.ReLU()], name="inner")
    image = keras.Input((32, 32, 3))
    x = inner(layers.Conv2D(width, 3, name="stem")(image))
    return keras.Model(image, layers.Dense(10, name="head")(layers.GlobalAveragePooling2D()(x)), name=name)


def two_inputs():
    left, right = keras.Input((None, None, 3), name="left"), keras.Input((None, None, 3), name="right")
    return keras.Model([left, right], layers.Conv2D(4, 3)(layers.Add()([left, right])))


def unknown():
    class Opaque(layers.Layer):
        def call(self, x):
            raise ValueError("nobody knows")

        def compute_output_spec(self, x):
            return keras.KerasTensor(x.shape)

    image = keras.Input((8, 8, 3))
    return keras.Model(image, Opaque(name="opaque")(layers.Conv2D(3, 1)(image)))


def hostile():
    return keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="<b>|\\x1b[31m=1+1\\\\input$")])


def broken():
    raise ValueError("this cannot be built\\x1b[2J")


def leaves():
    raise SystemExit(0)


def needs(argument):
    return argument


def nothing():
    return None


number = 3
made = build()
"""


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of the user's, with a module in it."""
    (tmp_path / "theirs.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    before, path, classes = set(sys.modules), list(sys.path), dict(keras.saving.get_custom_objects())
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - before:
        if name.split(".")[0] == "theirs":
            del sys.modules[name]
    keras.saving.get_custom_objects().clear()
    keras.saving.get_custom_objects().update(classes)


@pytest.fixture
def run(here, capfdbinary) -> Callable[..., Result]:  # noqa: ARG001
    """Runs a command as the shell does, in this process."""

    def call(*arguments: object) -> Result:
        capfdbinary.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return Result(code, out.decode("utf-8"), err.decode("utf-8", "replace"))

    return call
