"""What a backbone is for the tests, and the shapes and sizes that many have in common."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras

Shape = tuple[int, ...]
Shapes = Shape | Mapping[str, Shape]


class Backbone(NamedTuple):
    """A backbone, and what the tests have to know of it beforehand.

    Attributes:
        build: makes the model.
        shapes: the shape of one sample of each of its inputs.
        unknown: rows of these types have no count: it depends on a method or on values, or they cannot be followed.
        runs_on: backends where an oracle can count it: it is all `keras.ops` there, and no map is resized by products.
    """

    build: Callable[[], keras.Model]
    shapes: Shapes
    unknown: frozenset[str] = frozenset()
    runs_on: frozenset[str] = frozenset({"tensorflow", "jax"})

    def fed(self, model: keras.Model) -> Any:
        """Shape and dtype of a batch of one sample."""
        if not isinstance(self.shapes, Mapping):
            return keras.KerasTensor((1, *self.shapes), model.inputs[0].dtype)
        return {name: keras.KerasTensor((1, *shape), model.input[name].dtype) for name, shape in self.shapes.items()}


ON_TENSORFLOW, ON_JAX = frozenset({"tensorflow"}), frozenset({"jax"})

# What they are fed

IMAGE, LARGE_IMAGE = (64, 64, 3), (128, 128, 3)
TOKENS = {"token_ids": (24,)}
TEXT = TOKENS | {"padding_mask": (24,)}
TRANSLATION = {"decoder_token_ids": (20,), "decoder_padding_mask": (20,)}

# What they are built with

SIZES = {"num_layers": 2, "hidden_dim": 32, "intermediate_dim": 48}
ENCODER = SIZES | {"vocabulary_size": 100, "num_heads": 4}
DECODER = SIZES | {"vocabulary_size": 100, "num_query_heads": 4, "num_key_value_heads": 2}
PATCHES = {
    "image_shape": IMAGE, "patch_size": 16, "num_layers": 2, "num_heads": 4, "hidden_dim": 32, "intermediate_dim": 64
}  # fmt: skip
