"""Shrinking: what fails becomes small, whatever was around it."""

import pytest

from keras_cnnstats.testing import Again, Architecture, Input, Layer, Step, Tensor, shrunk
from keras_cnnstats.testing.records import kinds_of, parts
from keras_cnnstats.testing.running import architecture_of, trouble_with

KINDS = ("Conv2D", "MultiHeadAttention", "LSTM", "Concatenate", "ops.pad", "subclassed layer", "called again")


def builds(architecture):
    return trouble_with(architecture, lambda _: None) is None


@pytest.mark.parametrize("kind", KINDS)
def test_what_fails_is_all_that_is_left(kind):
    """A fault that is there whenever a kind is."""
    drawn = (architecture_of(4, number) for number in range(1000))
    failing = next(each for each in drawn if kinds_of(each)[kind] and len(list(parts(each))) > 60)
    small = shrunk(failing, lambda smaller: bool(kinds_of(smaller)[kind]) and builds(smaller))
    assert builds(small)
    assert kinds_of(small)[kind] == 1
    assert len(small.steps) <= 2, small.code()


def test_numbers_become_small():
    convolution = Layer("Conv2D", (("filters", 8), ("kernel_size", (3, 4)), ("activation", "relu")))
    architecture = Architecture(inputs=(Input((12, 9, 5)),), steps=(Step(convolution, (Tensor(0),)),), outputs=(1,))
    small = shrunk(architecture, lambda smaller: builds(smaller) and bool(kinds_of(smaller)["Conv2D"]))
    assert small.inputs == (Input((1, 1, 1)),)
    assert small.steps[0].target == Layer("Conv2D", (("filters", 1), ("kernel_size", (1, 1))))


def test_what_came_before_becomes_an_input():
    steps = (
        Step(Layer("Conv2D", (("filters", 2), ("kernel_size", 3))), (Tensor(0),)),
        Step(Layer("Flatten"), (Tensor(1),)),
        Step(Layer("Dense", (("units", 3),)), (Tensor(2),)),
    )
    architecture = Architecture(inputs=(Input((8, 8, 1)),), steps=steps, outputs=(3,))
    small = shrunk(architecture, lambda smaller: builds(smaller) and bool(kinds_of(smaller)["Dense"]))
    assert [step.target for step in small.steps] == [Layer("Dense", (("units", 1),))]
    assert small.inputs == (Input((1,)),)


def test_a_shared_layer_keeps_what_it_shares():
    steps = tuple(Step(Layer("Dense", (("units", 4),)), (Tensor(number),)) for number in range(3))
    steps += (Step(Again(1), (Tensor(3),)), Step(Layer("ReLU"), (Tensor(4),)))
    architecture = Architecture(inputs=(Input((4,)),), steps=steps, outputs=(5,))
    small = shrunk(architecture, lambda smaller: builds(smaller) and bool(kinds_of(smaller)["called again"]))
    assert [step.target for step in small.steps] == [Layer("Dense", (("units", 1),)), Again(0)]
    assert small.inputs == (Input((1,)),)


def test_the_number_of_tries_is_a_limit():
    tried = []
    architecture = architecture_of(4, 0)

    def fails(smaller):
        tried.append(smaller)
        return False

    assert shrunk(architecture, fails, most_tries=5) == architecture
    assert len(tried) == 4
