"""One vision transformer in plain Keras, however it is written: the same work, to the last operation."""

from functools import cache

import keras
import pytest
from keras import layers, ops

import keras_cnnstats as cnnstats
from keras_cnnstats import Report
from tests.analysis import networks
from tests.analysis.networks import BASE, Encoder, Size, VitLayers, VitOperations

SHALLOW = BASE._replace(depth=3)
"""With fewer blocks, which are all alike: a model that writes its own `call` takes Keras seconds to follow."""

TOKENS = BASE.patches + 1
NORMALIZED = (2 * SHALLOW.depth + 1) * TOKENS
"""Groups of values that are normalized: two in each block and one behind, at each token."""


class RawAttention(layers.Layer):
    """Attention written out between dense layers of its own."""

    def __init__(self, size: Size, scaled: str, **arguments):
        super().__init__(**arguments)
        self.size, self.scaled = size, scaled
        self.query, self.key, self.value, self.out = (
            layers.Dense(size.width, name=name) for name in ("query", "key", "value", "out")
        )

    def split(self, x):
        heads = self.size.heads
        return ops.reshape(x, (-1, x.shape[1], heads, self.size.width // heads))

    def call(self, x):
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scale = (self.size.width // self.size.heads) ** -0.5
        if self.scaled == "query":
            query = query * scale
        scores = ops.einsum("btnh,bsnh->bnts", query, key)
        if self.scaled == "scores":
            scores = scores * scale
        y = ops.matmul(ops.softmax(scores), ops.transpose(value, (0, 2, 1, 3)))
        return self.out(ops.reshape(ops.transpose(y, (0, 2, 1, 3)), (-1, x.shape[1], self.size.width)))


class RawEncoder(Encoder):
    """The block, with that attention in it."""

    def __init__(self, size: Size, scaled: str, **arguments):
        super().__init__(size, **arguments)
        self.attention = RawAttention(size, scaled, name="raw_attention")

    def call(self, x):
        x = x + self.attention(self.norm_1(x))
        return x + self.narrow(self.wide(self.norm_2(x)))


class VitRawAttention(VitLayers):
    """Layers, but for the attention."""

    def __init__(self, size: Size, scaled: str = "scores"):
        super().__init__(size)
        self.blocks = [RawEncoder(size, scaled, name=f"block_{place}") for place in range(size.depth)]


WAYS = {
    "functional": networks.vit_functional,
    "layers": VitLayers,
    "raw attention": VitRawAttention,
    "raw attention, queries scaled": lambda size: VitRawAttention(size, scaled="query"),
    "operations": VitOperations,
}


@cache
def report(way: str, size: Size = SHALLOW) -> Report:
    keras.utils.clear_session()
    with cnnstats.abstract():
        model = WAYS[way](size)
    given = None if way == "functional" else (size.image, size.image, 3)
    return cnnstats.analyze(model, input_shape=given, strict=True)


def flops(way: str, convention: str) -> int:
    return report(way).with_convention(convention).totals.flops


def test_size_is_that_of_the_paper() -> None:
    """ViT-B/16 at 224x224, with a class token."""
    totals = report("functional", BASE).totals
    assert (totals.macs, totals.params) == (17_563_828_224, 86_567_656)
    assert totals.macs == pytest.approx(17.56e9, rel=0.005)
    assert totals.params == pytest.approx(86.6e6, rel=0.005)


def test_macs_by_hand() -> None:
    width, tokens = BASE.width, TOKENS
    patches = BASE.patches * BASE.patch**2 * 3 * width
    attention = 4 * tokens * width**2 + 2 * tokens**2 * width
    dense = 2 * tokens * width * 4 * width
    classes = width * BASE.classes
    assert report("functional", BASE).totals.macs == patches + BASE.depth * (attention + dense) + classes


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=() if way == "operations" else pytest.mark.slow) for way in list(WAYS)[1:]]
)
def test_macs_and_parameters_are_the_same_however_it_is_written(way: str) -> None:
    expected, found = report("functional").totals, report(way).totals
    assert (found.macs, found.params, found.trainable_params) == (
        expected.macs, expected.params, expected.trainable_params
    )  # fmt: skip
    assert found.transcendentals == expected.transcendentals


@pytest.mark.parametrize("convention", ["textbook", "macs", "2macs", "tf", "xla"])
@pytest.mark.parametrize("way", ["layers", "raw attention"])
def test_flops_of_the_same_steps_are_the_same(way: str, convention: str) -> None:
    assert flops(way, convention) == flops("functional", convention)


@pytest.mark.parametrize("convention", ["textbook", "tf", "xla"])
def test_scaling_queries_costs_one_product_for_each_of_them_and_not_for_each_score(convention: str) -> None:
    scores, queries = BASE.heads * TOKENS**2, TOKENS * BASE.width
    less = flops("functional", convention) - flops("raw attention, queries scaled", convention)
    assert less == SHALLOW.depth * (scores - queries)
    assert BASE.depth * (scores - queries) == 3_772_944


def test_operations_alone_are_the_same_by_the_textbook() -> None:
    assert flops("operations", "textbook") == flops("functional", "textbook")
    assert report("functional", BASE).totals.flops == 35_207_451_101


@pytest.mark.parametrize(
    ("convention", "each_group", "each_layer"), [("tf", 2 * BASE.width + 1, 0), ("xla", 3 * BASE.width + 2, 3)]
)
def test_normalization_as_a_layer_is_more_for_a_framework_than_written_out(
    convention: str, each_group: int, each_layer: int
) -> None:
    """The layer's own way to the same values takes so many operations more; all else is alike."""
    more = NORMALIZED * each_group + (2 * SHALLOW.depth + 1) * each_layer
    assert flops("functional", convention) - flops("operations", convention) == more
