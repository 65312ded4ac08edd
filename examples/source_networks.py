"""The networks and worked examples of the textbook documents, with the figures that must come out.

Each line prints what was counted; each `assert` is a figure of the documents.
"""

import keras
from keras import layers, ops

import keras_cnnstats as cnnstats


def textbook_size(n: int, k: int, p: int, s: int) -> int:
    """Output size of a window of `k` over `n` positions with `p` padded on each side, at stride `s`."""
    return (n + 2 * p - k) // s + 1


def show(title: str, model: keras.Model) -> cnnstats.Report:
    """Prints the parameters and shapes of a network, and returns its report."""
    report = cnnstats.analyze(model)
    print(f"\n{title}: {report.totals.params:,} parameters, {report.totals.macs:,} MACs")
    for row in report.rows:
        shape = "x".join(str(size) for size in row.output_shape[1:])
        print(f"  {row.layer:24} {shape:>14} {row.params:>12,} {row.macs:>14,}")
    return report


# Output sizes. One document prints (n - k - 2p) / s + 1, with the padding's sign wrong and no floor.
assert textbook_size(5, 3, 1, 2) == 3
assert (5 - 3 - 2 * 1) / 2 + 1 == 1, "the document's own formula gives 1"
assert (textbook_size(7, 3, 0, 1), textbook_size(7, 3, 0, 2)) == (5, 3)

# 10 filters of 3x3 over RGB have 280 parameters, whatever the image's size.
filters = keras.Sequential([keras.Input((64, 48, 3)), layers.Conv2D(10, 3)])
assert show("10 filters over RGB", filters).totals.params == (3 * 3 * 3 + 1) * 10 == 280

# A 5x5x3 input, 2 filters of 3x3, stride 2, one position of padding: 3x3x2.
padded = keras.Sequential([keras.Input((5, 5, 3)), layers.ZeroPadding2D(1), layers.Conv2D(2, 3, strides=2)])
assert show("The worked example", padded).rows[-1].output_shape == (None, 3, 3, 2)

# The example network on 28x28x1.
digits = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Conv2D(25, 3),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(2),
        layers.Conv2D(50, 3),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(1024, activation="relu"),
        layers.Dense(128, activation="relu"),
        layers.Dense(10),
    ],
    name="digits",
)
report = show("The example network", digits)
assert [row.params for row in report.rows if row.params] == [250, 100, 11300, 200, 1281024, 131200, 1290]
assert [row.trainable_params for row in report.rows if row.type == "BatchNormalization"] == [50, 100]

# Super-resolution: three convolutions and a pixel shuffle by 3.
image = keras.Input((24, 32, 1))
x = layers.Conv2D(64, 5, padding="same", activation="tanh")(image)
x = layers.Conv2D(32, 3, padding="same", activation="tanh")(x)
x = layers.Conv2D(9, 3, padding="same")(x)
x = ops.depth_to_space(x, 3)
report = show("Super-resolution", keras.Model(image, ops.sigmoid(x)))
assert [row.output_shape[1:] for row in report.rows[1:4]] == [(24, 32, 32), (24, 32, 9), (72, 96, 1)]
assert report.rows[-1].receptive_field == (9, 9)

# The hand-written network: head 1 -> 20 -> 64, tail 64 -> 20 -> 3, all 5x5 with ReLU.
by_hand = keras.Sequential(
    [keras.Input((16, 16, 1)), *[layers.Conv2D(c, 5, padding="same", activation="relu") for c in (20, 64, 20, 3)]],
    name="by_hand",
)
assert [row.params for row in show("By hand", by_hand).rows] == [520, 32064, 32020, 1503]

# 28x28 grey -> 20 maps of 24x24 -> pooled -> 100 units, which is a convolution with 100 kernels of 12x12x20.
units = keras.Sequential(
    [keras.Input((28, 28, 1)), layers.Conv2D(20, 5), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(100)]
)
kernels = keras.Sequential(
    [keras.Input((28, 28, 1)), layers.Conv2D(20, 5), layers.MaxPooling2D(2), layers.Conv2D(100, 12)]
)
dense, convolution = show("100 units", units), show("The same as a convolution", kernels)
assert dense.rows[1].output_shape == (None, 12, 12, 20)
assert dense.rows[-1].params == convolution.rows[-1].params
assert dense.rows[-1].flops == convolution.rows[-1].flops

# A dense layer on a map runs at each of its positions: the textbook's count is short by 111 * 111.
example = keras.Sequential(
    [keras.Input((224, 224, 3)), layers.Conv2D(16, 2), layers.MaxPooling2D(2), layers.Dense(133)], name="example"
)
report = show("A dense layer on a map", example)
assert [row.params for row in report.rows] == [208, 0, 2261]
assert report.totals.params == 2469
(short,) = [each for each in report.disagreements if each.code == "F3"]
assert short.ratio == 12321
print(f"\n{short.layer}: {short.formula} by the textbook, {short.actual:,} counted. {short.reason}")
