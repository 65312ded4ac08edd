"""Rules of layers that move values: padding, cropping, flattening, permuting, repeating, up-sampling."""

from keras import layers

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import Join, Primitive, Rearrangement, Regroup, Resampling, Route, more
from keras_cnnstats.rules.registry import rule


@rule(layers.ZeroPadding1D, layers.ZeroPadding2D, layers.ZeroPadding3D)
def zero_padding(call: Call) -> list[Primitive]:
    """Zeros before and behind each axis."""
    return [Rearrangement.shifted(_before(call.layer.padding))]


@rule(layers.Cropping1D, layers.Cropping2D, layers.Cropping3D)
def cropping(call: Call) -> list[Primitive]:
    """Positions cut off before and behind each axis."""
    return [Rearrangement.cropped(_before(call.layer.cropping))]


def _before(margins: tuple[int, int] | tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    # In 1-D, Keras keeps (before, behind); in 2-D and 3-D a pair for each axis.
    return tuple(margin[0] if isinstance(margin, tuple) else margin for margin in margins)[: _rank(margins)]


def _rank(margins: tuple[int, int] | tuple[tuple[int, int], ...]) -> int:
    return len(margins) if isinstance(margins[0], tuple) else 1


@rule(layers.Flatten, layers.Reshape)
def reshape(call: Call) -> list[Primitive]:
    """The values keep their order and are cut into axes anew."""
    return [Rearrangement(Regroup())]


@rule(layers.Permute)
def permute(call: Call) -> list[Primitive]:
    """The axes in another order."""
    return [Rearrangement(Route((0, *call.layer.dims)))]


@rule(layers.RepeatVector)
def repeat_vector(call: Call) -> list[Primitive]:
    """A vector, several times."""
    return [Rearrangement(Join(1), added=more(call.output.elements, call.input.elements))]


@rule(layers.UpSampling1D, layers.UpSampling2D, layers.UpSampling3D)
def up_sampling(call: Call) -> list[Primitive]:
    """Each axis stretched by a whole factor."""
    layer, x, y = call.layer, call.input, call.output
    factors = layer.size if isinstance(layer.size, tuple) else (layer.size,)
    return [
        Resampling(
            sizes=x.spatial,
            positions=y.spatial,
            channels=x.channels_if_known,
            interpolation=getattr(layer, "interpolation", "nearest"),
            factors=factors,
        )
    ]
