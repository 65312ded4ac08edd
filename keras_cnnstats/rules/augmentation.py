"""Rules of layers that change images in training alone, and of those that encode categories or cut images."""

from keras import layers, ops

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import (
    FREE,
    STOPS,
    Contraction,
    Cost,
    Disturbance,
    Elementwise,
    Gather,
    Kept,
    Lookup,
    Map,
    Primitive,
    Rearrangement,
    Reduction,
    Resampling,
    Shuffle,
    Slope,
    Statistics,
    centred,
    computed,
    fitted,
    looked_up,
    product,
)
from keras_cnnstats.rules.adapted import adapted
from keras_cnnstats.rules.registry import RuleGapError, rule

PASSED_AT_INFERENCE = (
    layers.AugMix,
    layers.CutMix,
    layers.MaxNumBoundingBoxes,
    layers.MixUp,
    layers.RandAugment,
    layers.RandomBrightness,
    layers.RandomColorDegeneration,
    layers.RandomColorJitter,
    layers.RandomContrast,
    layers.RandomElasticTransform,
    layers.RandomErasing,
    layers.RandomFlip,
    layers.RandomGaussianBlur,
    layers.RandomGrayscale,
    layers.RandomHue,
    layers.RandomInvert,
    layers.RandomPerspective,
    layers.RandomPosterization,
    layers.RandomRotation,
    layers.RandomSaturation,
    layers.RandomSharpness,
    layers.RandomShear,
    layers.RandomTranslation,
    layers.RandomZoom,
    layers.Solarization,
)


@rule(*PASSED_AT_INFERENCE)
def nothing_at_inference(call: Call) -> list[Primitive]:
    """The values pass through; what is done to them in training is decided by random numbers."""
    return [Rearrangement(), Disturbance(cost=None, elements=call.output.elements)]


@rule(layers.RandomCrop)
def random_crop(call: Call) -> list[Primitive]:
    """The values pass through; Keras 3.15 infers the size of the cut all the same."""
    if call.input.spatial != call.output.spatial:
        raise RuleGapError("at inference Keras returns the image uncut, and infers the shape of the cut for it")
    return [Rearrangement()]


@rule(layers.AutoContrast)
def auto_contrast(call: Call) -> list[Primitive]:
    """Each channel's lowest and highest value become the ends of the range, at inference too."""
    layer, x = call.layer, call.input
    if layer.data_format == "channels_first":
        raise RuleGapError("Keras takes the lowest and highest values over axes 1 and 2, whichever the data format")
    run = Reduction(count=x.area, outputs=x.channels, over=Statistics(tuple(x.spatial_dims)))
    # (x - a) / (b - a) * 255 on the way in, likewise on the way out; nothing where the range is 0 to 255.
    ranged = Cost(0) if tuple(layer.value_range) == (0, 255) else Cost(8, registered=8, hlo=8)
    # x * scale + offset, kept between 0 and 255, and x != x.
    stretched = Cost(5, registered=4, hlo=5)
    # 255 / (high - low), -low * scale
    found = Cost(4, registered=4, hlo=4)
    return [
        run,
        run,
        Elementwise(cost=found, elements=x.channels, name="preprocessing"),
        Elementwise(cost=stretched, elements=x.elements, name="preprocessing"),
        Elementwise(cost=ranged, elements=x.elements, name="preprocessing"),
    ]


@rule(layers.CenterCrop)
def center_crop(call: Call) -> list[Primitive]:
    """The middle of the image; where it is smaller than that, it is resized, its aspect ratio kept by a crop first."""
    x, y = call.input, call.output
    if x.area is None or y.area is None:
        raise RuleGapError("whether it cuts or resizes depends on sizes that are unknown")
    cut = centred(x.spatial, y.spatial)
    if cut:
        return [Rearrangement.cropped(cut)]
    margins_before, sizes = fitted(x.spatial, y.spatial, pad=False)
    resampling = Resampling(sizes=sizes, positions=y.spatial, channels=x.channels, interpolation="bilinear")
    return [Rearrangement.shifted(margins_before), resampling]


# Categories


@rule(layers.CategoryEncoding)
def category_encoding(call: Call) -> list[Primitive]:
    """A row of zeros with a one for each category; several of a sample are joined, or added up."""
    if call.layer.output_mode == "one_hot":
        return [Rearrangement(Shuffle(None), follows=False)]
    count, over = call.input.shape[-1], Gather((-1,), "replaced")
    return [Reduction(count=count, outputs=call.output.elements, over=over, slopes=STOPS)]


@rule(ops.multi_hot)
def multi_hot(call: Call) -> list[Primitive]:
    """A row of zeros with a one for each category of a sample: the largest of their rows."""
    count = call.input.shape[1]
    return [Reduction(count=count, outputs=call.output.elements, over=Shuffle(None))]


@rule(layers.ReversibleEmbedding)
def reversible_embedding(call: Call) -> list[Primitive]:
    """A row of a table for each index; in reverse the products with all rows, kept small by a tanh where asked for."""
    layer, y = call.layer, call.output
    table = Lookup(rows=layer.input_dim, width=layer.output_dim, picked=call.input.elements)
    untied = [] if layer.tie_weights else [Kept(weights=table.parameters, name="reverse_embeddings")]
    how, kernel = adapted(layer), "embeddings" if layer.tie_weights else "reverse_embeddings"
    if not call.kwargs.get("reverse", len(call.args) > 1 and call.args[1]):
        return [*looked_up(how, table), *untied]
    logits = Contraction(
        inputs=layer.output_dim,
        outputs=layer.input_dim,
        positions=product(y.shape[1:-1]),
        weights=False,
        looks=Gather((-1,), "replaced"),
        kernel=kernel,
        maps=(Map(call.input.elements), call.weight(kernel)),
    )
    # tanh(x / cap) * cap
    capped = Cost(2, 1, registered=2, hlo=2, slopes=(Slope(5, hlo=6),))
    return [
        *computed(how.in_reverse(layer.tie_weights), logits, call.input.elements),
        Elementwise(
            cost=Cost(0, slopes=FREE) if layer.logit_soft_cap is None else capped,
            elements=y.elements,
            name="activation",
        ),
        *([] if layer.tie_weights else [Kept(weights=table.parameters)]),
        Kept(weights=table.parameters, name="" if layer.tie_weights else "embeddings"),
    ]
