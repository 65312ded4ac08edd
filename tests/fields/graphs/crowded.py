"""Networks whose windows grow larger than their input."""

from keras import layers as kl

from tests.fields.graphs.graph import Graph, conv, path

CROWDED: dict[str, Graph] = {
    "larger than the input": Graph(
        build=path((8, 10, 2), *[conv(5, padding="same", name=f"conv{i}") for i in range(4)]),
        crowded=frozenset({"conv1", "conv2", "conv3"}),
    ),
    # In sizes that the dilated taps exhaust: over 14 columns, no position would see the first and the last one.
    "larger than the input, dilated": Graph(
        build=path((9, 13, 2), *[conv(3, padding="same", dilation_rate=4, name=f"conv{i}") for i in range(3)]),
        crowded=frozenset({"conv1", "conv2"}),
    ),
    "larger than the input, strided": Graph(
        build=path((11, 17, 2), *[conv(3, padding="same", strides=2, name=f"conv{i}") for i in range(4)]),
        crowded=frozenset({"conv2", "conv3"}),
    ),
    "larger than the input, stretched": Graph(
        build=path(
            (7, 8, 2),
            *[conv(5, padding="same", name=f"conv{i}") for i in range(2)],
            lambda: kl.UpSampling2D(3, name="up"),
            conv(3, padding="same", name="conv2"),
            conv(4, strides=2, name="conv3"),
        ),
        crowded=frozenset({"conv1", "up", "conv2", "conv3"}),
    ),
}
