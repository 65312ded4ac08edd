"""The code of an architecture: runnable, and the same model as building gives."""

import keras
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.testing import Again, Architecture, Input, Layer, Operation, Step, Tensor
from keras_cnnstats.testing.running import architecture_of


def layer(name, **arguments):
    return Layer(name, tuple(arguments.items()))


DENSE = layer("Dense", units=4)

CODES = {
    "a shared layer": (
        Architecture(
            inputs=(Input((4,)),),
            steps=(Step(DENSE, (Tensor(0),)), Step(Again(0), (Tensor(1),))),
            outputs=(2,),
        ),
        """\
import keras
from keras import layers

x0 = keras.Input((4,))
layer1 = layers.Dense(units=4)
x1 = layer1(x0)
x2 = layer1(x1)
model = keras.Model(x0, x2)""",
    ),
    "operations, two inputs and two outputs": (
        Architecture(
            inputs=(Input((4,)), Input((4,))),
            steps=(
                Step(Operation("concatenate"), ((Tensor(0), Tensor(1)),), (("axis", -1),)),
                Step(Operation("{} + 2 * {}"), (Tensor(0), Tensor(1))),
            ),
            outputs=(3, 2),
        ),
        """\
import keras
from keras import ops

x0 = keras.Input((4,))
x1 = keras.Input((4,))
x2 = ops.concatenate([x0, x1], axis=-1)
x3 = x0 + 2 * x1
model = keras.Model([x0, x1], [x3, x2])""",
    ),
    "a Sequential": (
        Architecture(
            inputs=(Input((4,), "int32"),),
            steps=(Step(layer("Embedding", input_dim=9, output_dim=2), (Tensor(0),)), Step(DENSE, (Tensor(1),))),
            outputs=(2,),
            form="sequential",
        ),
        """\
import keras
from keras import layers

model = keras.Sequential([keras.Input((4,), dtype='int32'), layers.Embedding(input_dim=9, output_dim=2), \
layers.Dense(units=4)])""",
    ),
    "a subclassed layer inside, in mixed precision": (
        Architecture(
            inputs=(Input((4,)),),
            steps=(
                Step(
                    Architecture(
                        inputs=(Input((4,)),),
                        steps=(Step(DENSE, (Tensor(0),)), Step(Operation("relu"), (Tensor(1),))),
                        outputs=(2,),
                        form="layer",
                    ),
                    (Tensor(0),),
                ),
            ),
            outputs=(1,),
            dtype="mixed_bfloat16",
        ),
        """\
import keras
from keras import layers, ops


class Block1(keras.Layer):
    def __init__(self):
        super().__init__(dtype='mixed_bfloat16')
        self.layer1 = layers.Dense(units=4, dtype='mixed_bfloat16')

    def call(self, x0):
        x1 = self.layer1(x0)
        x2 = ops.relu(x1)
        return x2


x0 = keras.Input((4,))
x1 = Block1()(x0)
model = keras.Model(x0, x1)""",
    ),
    "a subclassed model of two inputs": (
        Architecture(
            inputs=(Input((4,)), Input((4,))),
            steps=(Step(layer("Add"), ((Tensor(0), Tensor(1)),)),),
            outputs=(2,),
            form="model",
        ),
        """\
import keras
from keras import layers


class Model1(keras.Model):
    def __init__(self):
        super().__init__()
        self.layer2 = layers.Add()

    def call(self, inputs):
        x0, x1 = inputs
        x2 = self.layer2([x0, x1])
        return x2


x0 = keras.Input((4,))
x1 = keras.Input((4,))
model = Model1()
model([x0, x1])""",
    ),
}


@pytest.mark.parametrize("case", CODES)
def test_code_is_as_one_would_write_it(case):
    architecture, code = CODES[case]
    assert architecture.code() == code


@pytest.mark.parametrize("case", CODES)
def test_code_is_a_model(case):
    architecture, _ = CODES[case]
    assert isinstance(architecture.build(), keras.Model)


@pytest.mark.parametrize("number", range(20))
def test_running_the_code_gives_the_same_report(number):
    architecture = architecture_of(2, number)
    with cnnstats.abstract():
        built = cnnstats.analyze(architecture.build())
    names = {}
    with cnnstats.abstract():
        exec(architecture.code(), names)
        assert cnnstats.analyze(names["model"]) == built
