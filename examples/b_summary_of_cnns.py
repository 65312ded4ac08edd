"""Lesson B, a summary of convolutional networks: sparse and shared weights, channels, pooling, text, translation."""

from typing import Any

import keras
import numpy as np
from lesson import (
    Formula,
    agree,
    analyzed,
    built,
    convolution_parameters,
    dense_flops,
    dense_parameters,
    difference,
    drawn,
    equal,
    grid,
    numbers,
    receptive_field,
    show,
    teach,
    with_gradients,
)
from numpy.typing import NDArray
from text_cnn import encoder, sentences

import keras_cnnstats as cnnstats
from keras_cnnstats import layers
from keras_cnnstats.equivalence import conv_to_dense, dense_to_conv


def b1() -> None:
    """Sparse interaction and parameter sharing: what a convolution saves against a dense layer.

    Between m inputs and n outputs a dense layer has m * n weights. With a window of k, each output is connected with k
    inputs, which are k * n connections, and all of them share the same k weights.
    """
    m, k = 10, 3
    n = m - k + 1
    matrix = conv_to_dense(built(keras.layers.Conv1D(1, k, use_bias=False), (m, 1)), (m, 1))
    dense = keras.layers.Dense(n, use_bias=False)
    agree("weights of the dense layer", 80, Formula(f"{m} * {n}", m * n), keras=built(dense, (m,)).count_params())
    agree("connections of the convolution", 24, Formula(f"{k} * {n}", k * n), conv_to_dense=matrix.connections)
    row = analyzed((m, 1), layers.ReferenceConv1D(1, k, use_bias=False)).rows[0]
    agree("weights that they share", 3, conv_to_dense=matrix.parameters, analyze=row.params)
    grid("which weight connects which input", connected(matrix))
    show("", "(rows: outputs; columns: inputs; 0: none)")


def connected(matrix: Any) -> NDArray[np.int64]:
    """The number of the weight between each output and each input, from 1; 0 where there is none."""
    numbered = np.zeros(matrix.shape, int)
    numbered[tuple(matrix.indices)] = matrix.shared + 1
    return numbered.T


def b2() -> None:
    """A dense layer is a convolution, and a convolution is a dense layer.

    A map of 7x7x512 into 4096 units is 4096 kernels of 7x7x512, which fit once and give 1x1x4096. From there 4096 units
    are 4096 kernels of 1x1x4096. The other way round, a convolution is a dense layer whose matrix is mostly zeros.
    """
    with cnnstats.abstract():  # shapes alone: the weights would take 400 MB
        dense = analyzed((7, 7, 512), keras.layers.Flatten(), keras.layers.Dense(4096))
        convolution = analyzed((7, 7, 512), layers.ReferenceConv2D(4096, 7))
    agree(
        "parameters",
        102_764_544,
        dense_parameters(7 * 7 * 512, 4096),
        dense=dense.totals.params,
        convolution=convolution.totals.params,
    )
    agree("output", (1, 1, 4096), analyze=convolution.rows[0].output_shape[1:])
    work = dense_flops(7 * 7 * 512, 4096)
    agree("FLOPs", work.value, work, dense=dense.totals.flops, convolution=convolution.totals.flops)

    random = np.random.default_rng(0)
    for shape, kernels in (((7, 7, 8), (7, 7, 8, 32)), ((4096,), (1, 1, 4096, 4096))):
        dense = built(keras.layers.Dense(kernels[-1]), (np.prod(shape),))
        as_kernels = dense_to_conv(dense, shape)
        x = random.normal(size=kernels[:3])
        print(f"  a map of {' x '.join(map(str, kernels[:3]))} into {kernels[-1]:,} units")
        agree("kernels", kernels, dense_to_conv=tuple(as_kernels.kernel.shape))
        equal("outputs", numbers(as_kernels, x)[0, 0], numbers(dense, x.ravel()), 1e-4)

    convolution = built(layers.ReferenceConv2D(2, 3, padding=1), (6, 6, 3))
    matrix, x = conv_to_dense(convolution, (6, 6, 3)), random.normal(size=(6, 6, 3))
    print("  a convolution 3x3 over 6 x 6 x 3, with 2 filters")
    show("its matrix", f"{matrix.shape[0]} x {matrix.shape[1]}, of which {matrix.sparsity:.0%} are zero")
    show("values that are not", f"{matrix.connections:,}, of which {len(np.unique(matrix.values))} are different")
    equal("outputs", numbers(matrix.to_layer(), x.ravel()), numbers(convolution, x).ravel())


def b3() -> None:
    """Channels: a filter spans all of them, and gives one.

    Over 6x6x3, a filter of 3x3x3 makes 27 products at each position and an output of 4x4x1; two make 4x4x2.
    """
    for filters in (1, 2):
        layer = layers.ReferenceConv2D(filters, 3)
        counted = cnnstats.count_operations(layer, (6, 6, 3))
        row = analyzed((6, 6, 3), layer).rows[0]
        agree(f"output with {filters} of them", (4, 4, filters), analyze=row.output_shape[1:])
        agree(
            "products of a filter at a position",
            27,
            Formula("3*3*3", 3 * 3 * 3),
            counted=counted.multiplications // (4 * 4 * filters),
            analyze=row.macs // (4 * 4 * filters),
        )


def b4() -> None:
    """Pooling backwards: a mean gives each input its share of the gradient, a maximum gives all to the largest.

    Of a window of n*n, a mean gives 1/(n*n) to each, a maximum 1 to the largest and 0 to the others. Where windows
    overlap, what comes back adds up. The sum of the gradient is kept.
    """
    x = np.array([[1, 3, 2, 4], [5, 7, 8, 6], [9, 2, 1, 3], [4, 6, 5, 0]], float)[..., None]
    grid("the map", x[..., 0])
    apart, overlapping = layers.ReferenceMaxPooling2D(2), layers.ReferenceMaxPooling2D(2, strides=1)
    cases = {
        "mean": (layers.ReferenceAveragePooling2D(2), np.full((4, 4), 1 / 4)),
        "maximum": (apart, [[0, 0, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0], [0, 0, 1, 0]]),
        "maximum, overlapping": (overlapping, [[0, 0, 0, 0], [0, 1, 4, 0], [2, 0, 0, 0], [0, 1, 1, 0]]),
    }
    for name, (layer, expected) in cases.items():
        shown = cnnstats.explain(built(layer, x.shape), x)
        print(f"\n  {name}")
        grid("forwards", shown.output)
        grid("backwards, 1 to each output", shown.gradient)
        back = sent_back(layer, x)
        equal("by hand, and cnnstats.explain", expected, shown.gradient)
        equal("by hand, and the reference layer", expected, back)
        agree("sum that comes back", shown.output.size, explain=shown.gradient.sum(), reference=back.sum())
        drawn(shown, f"b4_{name.replace(', ', '_')}")


def sent_back(layer: Any, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """What comes back to each value of a map if 1 comes back to each output."""
    _, (found,) = with_gradients(lambda given: keras.ops.sum(layer(given[0])))([x[None].astype("float32")])
    return np.asarray(keras.ops.convert_to_numpy(found), float)[0, ..., 0]


def b5() -> None:
    """A text of any length becomes a vector of fixed length: windows slide over it, and the largest value is kept.

    `text_cnn.py` trains the network.
    """
    model = encoder()
    for length in (7, 20, 50):
        words, _ = sentences(np.random.default_rng(0), 1, length)
        agree(
            f"vector of {length} words",
            (96,),
            reference=model(words).shape[1:],
            analyze=cnnstats.analyze(model, input_shape=(length,)).rows[-1].output_shape[1:],
        )


def b6() -> None:
    """Convolution moves with its input, and max pooling hides small movements.

    A moved image has the moved feature map (equivariance). What max pooling 2x2 makes of it is the same if the largest
    values moved by a pixel inside their windows (invariance); over the edge of a window it moves too.
    """
    image = np.zeros((12, 12, 1))
    image[4:8, 4:7] = np.random.default_rng(0).uniform(size=(4, 3, 1))
    layer = built(layers.ReferenceConv2D(2, 3, padding=1), image.shape)
    moved = np.roll(image, (1, 2), axis=(0, 1))
    equal("map of the moved, and the moved map", numbers(layer, moved), np.roll(numbers(layer, image), (1, 2), (0, 1)))

    dots, pooling = np.zeros((6, 6, 1)), layers.ReferenceMaxPooling2D(2)
    dots[[0, 2, 4], [2, 4, 0]] = 1
    one, two = (np.roll(dots, pixels, axis=1) for pixels in (1, 2))
    grid("pooled", numbers(pooling, dots)[..., 0])
    equal("pooled after 1 pixel", numbers(pooling, one), numbers(pooling, dots))
    assert difference(numbers(pooling, two), numbers(pooling, dots)) == 1
    show("pooled after 2 pixels", "not equal: they left their windows")


def b7() -> None:
    """Dilated convolutions see more with the same number of weights.

    Behind convolutions of 3x3 with dilations 1, 2, 4, 8 an output sees 31 rows and columns, without dilation 9.
    """
    rates, fields, undilated = (1, 2, 4, 8), (3, 7, 15, 31), (3, 5, 7, 9)
    shape = (64, 64, 8)
    dilated = analyzed(shape, *(layers.ReferenceConv2D(8, 3, dilation_rate=rate) for rate in rates))
    plain = analyzed(shape, *(layers.ReferenceConv2D(8, 3) for _ in rates))
    before = (1, 1)
    for rate, field, other, row, beside in zip(rates, fields, undilated, dilated.rows, plain.rows, strict=True):
        formula = Formula(f"{before[0]} + (3 - 1) * {rate}", before[0] + 2 * rate)
        agree(f"seen behind dilation {rate}", field, formula, analyze=row.receptive_field[0])
        agree("  without dilation", other, receptive_field(before[1], 3, 1), analyze=beside.receptive_field[0])
        before = (field, other)
    weights = Formula("4 * (3*3*8 + 1) * 8", 4 * convolution_parameters(3, 8, 8).value)
    agree("weights of either", 2336, weights, dilated=dilated.totals.params, without=plain.totals.params)
    block = analyzed(shape, layers.DilatedBlock2D(8, 3, depth=4)).rows[-1]
    agree("as one layer, DilatedBlock2D", 31, Formula("1 + (3 - 1) * (2**4 - 1)", 31), analyze=block.receptive_field[0])


def b8() -> None:
    """Transposed convolution ("deconvolution") goes the other way: its matrix is that of the convolution, transposed.

    It restores the size of the convolution's input, and not its values.
    """
    kernel = np.random.default_rng(0).normal(size=(3, 3, 1, 1))
    down = built(layers.ReferenceConv2D(1, 3, strides=2, padding=1, use_bias=False), (5, 5, 1), kernel)
    up = built(layers.ReferenceConv2DTranspose(1, 3, strides=2, padding=1, use_bias=False), (3, 3, 1), kernel)
    x = np.arange(25.0).reshape(5, 5, 1)
    small = numbers(down, x)
    agree("a convolution makes of 5 x 5 x 1", (3, 3, 1), reference=small.shape)
    agree("the transposed one of that", (5, 5, 1), reference=numbers(up, small).shape)
    there, back = conv_to_dense(down, (5, 5, 1)).to_dense(), conv_to_dense(up, (3, 3, 1)).to_dense()
    equal("its matrix, and the other's transposed", back, there.T)
    assert difference(numbers(up, small), x) > 1
    show("the values", "not restored")


if __name__ == "__main__":
    teach("B  A summary of convolutional networks", b1, b2, b3, b4, b5, b6, b7, b8)
