"""Layers that keep a map's positions: normalizations, activations, dense layers and noise."""

from keras_cnnstats.testing.kinds.registry import ANY, MAPS, kind
from keras_cnnstats.testing.kinds.windows import ACTIVATIONS, trained
from keras_cnnstats.testing.pen import Pen
from keras_cnnstats.testing.records import Tensor, Value

NORMALIZED = ("BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization", "UnitNormalization")
MORE_ACTIVATIONS = (
    "celu",
    "hard_shrink",
    "hard_tanh",
    "log_softmax",
    "soft_shrink",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh_shrink",
    "linear",
)


@kind("normalization", ANY)
def normalization(pen: Pen, x: int) -> int | None:
    """Batch, layer, group, RMS and unit normalization."""
    # The smallest number that the last of them guards a division with is none in half precision.
    name = pen.either(*(NORMALIZED[:-1] if pen.dtype == "mixed_float16" else NORMALIZED))
    movable = name != "RMSNormalization"  # which TensorFlow can scale along the last axis alone
    axis: Value = pen.channel_axis if pen.channels_first and movable else None
    groups = center = None
    if name == "GroupNormalization":
        size = pen.channels(x) if len(pen.shape(x)) > 1 else pen.shape(x)[-1]
        groups = pen.either(*[each for each in range(1, size + 1) if size % each == 0])
    elif movable and len(pen.shape(x)) > 1 and pen.maybe(4):
        several = name != "BatchNormalization" and pen.maybe(2)
        axis = (-2, -1) if several else pen.integer(1, len(pen.shape(x)))
    if name in NORMALIZED[:3]:
        center = False if pen.maybe(4) else None
    trainable = False if name != "UnitNormalization" and pen.maybe(8) else None
    return pen.layer(name, Tensor(x), groups=groups, axis=axis, center=center, trainable=trainable)


@kind("activation", ANY)
def activation(pen: Pen, x: int) -> int | None:
    """Activation, with any function that Keras has a name for."""
    function = pen.either(*ACTIVATIONS[1:], *MORE_ACTIVATIONS)
    if function == "sparsemax" and pen.dtype:
        return None  # TensorFlow cannot run it in half precision
    return pen.layer("Activation", Tensor(x), activation=function)


@kind("activation", ANY)
def activation_layer(pen: Pen, x: int) -> int | None:
    """The activations that are layers of their own."""
    name = pen.either("ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax")
    how: dict[str, Value] = {}
    if name == "ReLU":
        how = {
            "max_value": pen.either(None, 6.0, 1.0),
            "negative_slope": pen.either(None, 0.1),
            "threshold": pen.either(None, 0.5),
        }
    elif name == "PReLU" and len(pen.shape(x)) > 1:
        how = {"shared_axes": pen.either(None, (1,), tuple(range(1, len(pen.shape(x)))))}
    elif name == "Softmax":
        how = {"axis": pen.either(None, pen.integer(1, len(pen.shape(x))))}
    return pen.layer(name, Tensor(x), **how)


@kind("dense", ANY)
def dense(pen: Pen, x: int) -> int | None:
    """Dense, also on each position of a map."""
    return pen.layer("Dense", Tensor(x), units=pen.integer(1, 12), **trained(pen))


@kind("dense", ANY)
def einsum_dense(pen: Pen, x: int) -> int | None:
    """EinsumDense over the last axis, into one or two, or over the last two."""
    units = pen.integer(1, 6)
    way, output_shape, bias_axes = pen.either(
        ("...x,xy->...y", (None, units), "y"), ("...x,xyz->...yz", (None, units, 2), "yz")
    )
    if len(pen.shape(x)) == 2 and pen.maybe(2):
        way, output_shape, bias_axes = pen.either(
            ("abc,bcd->ad", (units,), "d"), ("abc,bd->adc", (units, pen.shape(x)[-1]), "d")
        )
    elif way.startswith("..."):
        letters = "abcd"[: len(pen.shape(x))]
        way = way.replace("...", letters)
        output_shape = (*pen.shape(x)[:-1], *output_shape[1:])
    bias = bias_axes if pen.maybe(2) else None
    return pen.layer(
        "EinsumDense",
        Tensor(x),
        equation=way,
        output_shape=output_shape,
        bias_axes=bias,
        activation=pen.either(None, "relu", "gelu"),
    )


@kind("noise", ANY)
def noise(pen: Pen, x: int) -> int | None:
    """Layers that do nothing but in training."""
    name = pen.either("Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout")
    return pen.layer(name, Tensor(x), **{"stddev" if name == "GaussianNoise" else "rate": 0.25})


@kind("noise", MAPS)
def spatial_noise(pen: Pen, x: int) -> int | None:
    """SpatialDropout1D to 3D."""
    layout = pen.layout if pen.rank(x) > 1 else {}
    return pen.layer(f"SpatialDropout{pen.rank(x)}D", Tensor(x), rate=0.25, **layout)


@kind("noise", ANY)
def unchanged(pen: Pen, x: int) -> int | None:
    """Identity, and rescaling by a number."""
    if pen.maybe(2):
        return pen.layer("Rescaling", Tensor(x), scale=0.5, offset=pen.either(None, 1.0))
    return pen.layer(pen.either("Identity", "ActivityRegularization"), Tensor(x))
