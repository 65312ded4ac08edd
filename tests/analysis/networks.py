"""The same networks written in three ways: functionally, subclassed with layers, subclassed with raw `keras.ops`."""

from typing import NamedTuple

import keras
from keras import layers, ops

# A residual block


def residual_functional() -> keras.Model:
    image = keras.Input((12, 10, 4))
    x = layers.Conv2D(6, 3, padding="same", activation="relu")(image)
    x = layers.Conv2D(4, 3, padding="same")(x)
    x = ops.relu(x + image)
    return keras.Model(image, layers.Dense(5)(layers.GlobalAveragePooling2D()(x)))


class ResidualLayers(keras.Model):
    """Layers, and an addition between them."""

    def __init__(self):
        super().__init__()
        self.first = layers.Conv2D(6, 3, padding="same", activation="relu")
        self.second = layers.Conv2D(4, 3, padding="same")
        self.mean = layers.GlobalAveragePooling2D()
        self.classes = layers.Dense(5)

    def call(self, image):
        x = ops.relu(self.second(self.first(image)) + image)
        return self.classes(self.mean(x))


class Weighted(keras.Model):
    """Weights by name."""

    def weight(self, name, *shape):
        made = self.add_weight(shape=shape, name=name)
        setattr(self, name, made)


class ResidualOperations(Weighted):
    """Operations alone."""

    def build(self, _shape):
        self.weight("kernel_1", 3, 3, 4, 6)
        self.weight("bias_1", 6)
        self.weight("kernel_2", 3, 3, 6, 4)
        self.weight("bias_2", 4)
        self.weight("classes", 4, 5)
        self.weight("class_bias", 5)
        self.built = True

    def call(self, image):
        x = ops.relu(ops.conv(image, self.kernel_1, padding="same") + self.bias_1)
        x = ops.conv(x, self.kernel_2, padding="same") + self.bias_2
        x = ops.mean(ops.relu(x + image), axis=(1, 2))
        return ops.matmul(x, self.classes) + self.class_bias


# A vision transformer


class Size(NamedTuple):
    """A vision transformer's size."""

    image: int
    patch: int
    width: int
    depth: int
    heads: int
    classes: int

    @property
    def patches(self) -> int:
        return (self.image // self.patch) ** 2


SMALL = Size(image=12, patch=4, width=8, depth=2, heads=2, classes=5)
BASE = Size(image=224, patch=16, width=768, depth=12, heads=12, classes=1000)


class Tokens(layers.Layer):
    """A class token in front of the patches, and a learned position added to each."""

    def build(self, shape):
        self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token")
        self.place = self.add_weight(shape=(1, shape[1] + 1, shape[-1]), name="place")

    def call(self, x):
        token = ops.broadcast_to(self.token, (ops.shape(x)[0], 1, x.shape[-1]))
        return ops.concatenate([token, x], axis=1) + self.place

    def compute_output_shape(self, shape):
        return shape[0], shape[1] + 1, shape[2]


def vit_functional(size: Size) -> keras.Model:
    image = keras.Input((size.image, size.image, 3))
    x = layers.Conv2D(size.width, size.patch, strides=size.patch)(image)
    x = Tokens()(layers.Reshape((size.patches, size.width))(x))
    for _ in range(size.depth):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(size.heads, size.width // size.heads)(y, y)
        y = layers.Dense(4 * size.width, activation="gelu")(layers.LayerNormalization()(x))
        x = x + layers.Dense(size.width)(y)
    x = layers.LayerNormalization()(x)
    return keras.Model(image, layers.Dense(size.classes)(x[:, 0]))


class Encoder(layers.Layer):
    """Attention and two dense layers, each added to what comes in."""

    def __init__(self, size: Size, **arguments):
        super().__init__(**arguments)
        self.norm_1 = layers.LayerNormalization(name="norm_1")
        self.attention = layers.MultiHeadAttention(size.heads, size.width // size.heads, name="attention")
        self.norm_2 = layers.LayerNormalization(name="norm_2")
        self.wide = layers.Dense(4 * size.width, activation="gelu", name="wide")
        self.narrow = layers.Dense(size.width, name="narrow")

    def call(self, x):
        y = self.norm_1(x)
        x = x + self.attention(y, y)
        return x + self.narrow(self.wide(self.norm_2(x)))


class VitLayers(keras.Model):
    """Layers, and layers of layers."""

    def __init__(self, size: Size):
        super().__init__()
        self.size = size
        self.patches = layers.Conv2D(size.width, size.patch, strides=size.patch, name="patches")
        self.tokens = Tokens(name="tokens")
        self.blocks = [Encoder(size, name=f"block_{place}") for place in range(size.depth)]
        self.norm = layers.LayerNormalization(name="norm")
        self.classes = layers.Dense(size.classes, name="classes")

    def call(self, image):
        x = ops.reshape(self.patches(image), (-1, self.size.patches, self.size.width))
        x = self.tokens(x)
        for block in self.blocks:
            x = block(x)
        return self.classes(self.norm(x)[:, 0])


class RawEncoder(layers.Layer):
    """The same in operations."""

    def __init__(self, size: Size, **arguments):
        super().__init__(**arguments)
        self.size = size

    def build(self, _shape):
        width = self.size.width
        self.scales = [self.add_weight(shape=(width,), name=f"scale_{place}") for place in range(2)]
        self.shifts = [self.add_weight(shape=(width,), name=f"shift_{place}") for place in range(2)]
        self.kernels = [self.add_weight(shape=(width, width), name=f"kernel_{place}") for place in range(4)]
        self.biases = [self.add_weight(shape=(width,), name=f"bias_{place}") for place in range(4)]
        self.wide = self.add_weight(shape=(width, 4 * width), name="wide")
        self.wide_bias = self.add_weight(shape=(4 * width,), name="wide_bias")
        self.narrow = self.add_weight(shape=(4 * width, width), name="narrow")
        self.narrow_bias = self.add_weight(shape=(width,), name="narrow_bias")

    def split(self, x, place):
        x = ops.matmul(x, self.kernels[place]) + self.biases[place]
        heads, width = self.size.heads, self.size.width
        return ops.transpose(ops.reshape(x, (-1, self.size.patches + 1, heads, width // heads)), (0, 2, 1, 3))

    def attention(self, x):
        query, key, value = (self.split(x, place) for place in range(3))
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * 0.5
        y = ops.transpose(ops.matmul(ops.softmax(scores), value), (0, 2, 1, 3))
        y = ops.reshape(y, (-1, self.size.patches + 1, self.size.width))
        return ops.matmul(y, self.kernels[3]) + self.biases[3]

    def call(self, x):
        x = x + self.attention(normalized(x, self.scales[0], self.shifts[0]))
        y = ops.matmul(normalized(x, self.scales[1], self.shifts[1]), self.wide) + self.wide_bias
        return x + (ops.matmul(ops.gelu(y, approximate=False), self.narrow) + self.narrow_bias)


def normalized(x, scale, shift):
    distance = x - ops.mean(x, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(distance), axis=-1, keepdims=True)
    return distance * ops.rsqrt(variance + 1e-3) * scale + shift


class VitOperations(Weighted):
    """Operations alone, in layers of their own."""

    def __init__(self, size: Size):
        super().__init__()
        self.size = size
        self.tokens = Tokens(name="tokens")
        self.blocks = [RawEncoder(size, name=f"block_{place}") for place in range(size.depth)]

    def build(self, _shape):
        size = self.size
        self.weight("patches", size.patch, size.patch, 3, size.width)
        self.weight("patch_bias", size.width)
        self.weight("scale", size.width)
        self.weight("shift", size.width)
        self.weight("classes", size.width, size.classes)
        self.weight("class_bias", size.classes)
        self.built = True

    def call(self, image):
        x = ops.conv(image, self.patches, strides=self.size.patch) + self.patch_bias
        x = self.tokens(ops.reshape(x, (-1, self.size.patches, self.size.width)))
        for block in self.blocks:
            x = block(x)
        x = normalized(x, self.scale, self.shift)
        return ops.matmul(x[:, 0], self.classes) + self.class_bias
