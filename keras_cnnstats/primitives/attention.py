"""Scaled dot-product attention: scores, softmax, weighted sum."""

from keras_cnnstats.primitives.base import Map, Primitive, Size, product
from keras_cnnstats.primitives.contraction import Contraction
from keras_cnnstats.primitives.elementwise import DROPOUT, Cost, Disturbance, Elementwise
from keras_cnnstats.primitives.slopes import Slope
from keras_cnnstats.primitives.softmax import Softmax
from keras_cnnstats.primitives.spreads import Mix


def attention(
    queries: Size,
    keys: Size,
    heads: Size,
    size: Size,
    value_size: Size,
    masked: bool,
    axes: tuple[int, ...] = (1,),
    biased: bool = False,
    sources: tuple[int | None, ...] = (0, 1, 2),
    dropout: bool = False,
) -> list[Primitive]:
    """Returns the primitives of attention of each query over all keys, in each head.

    Args:
        queries: positions that ask.
        keys: positions that are asked.
        heads: heads, each with scores of its own.
        size: values of a query, and of a key.
        value_size: values of what is summed.
        masked: whether some scores are masked.
        axes: dimensions that the positions lie along.
        biased: whether a bias is added to the scores.
        sources: where queries, keys and values come from (see `Map`), seen from the first of the primitives.
        dropout: whether training leaves some of the weights out.

    Example: doubling the length quadruples the work.

    >>> [sum(each.work().macs for each in attention(n, n, 4, 16, 16, False)) for n in (50, 100)]
    [320000, 1280000]
    """
    rows, scores = product((queries, heads)), product((queries, heads, keys))
    mix = Mix(axes)
    steps = 1 + masked + biased
    # TensorFlow registers no choice by a mask. The gradient is scaled and chosen likewise; a bias is a constant.
    scaling = Cost(steps, registered=1 + biased, hlo=steps, slopes=(Slope(1 + masked, hlo=1 + masked),))
    asking, asked, summed = sources
    left_out = [Disturbance(cost=DROPOUT, elements=scores)] if dropout else []
    if summed is not None and summed < 0:
        summed -= 3 + dropout
    return [
        Contraction(
            inputs=size,
            outputs=keys,
            positions=rows,
            weights=False,
            looks=mix,
            maps=(Map(product((rows, size)), asking), Map(product((heads, keys, size)), asked)),
        ),
        Elementwise(cost=scaling, elements=scores),
        Softmax(groups=rows, size=keys, axes=len(axes)),
        *left_out,
        Contraction(
            inputs=keys,
            outputs=value_size,
            positions=rows,
            weights=False,
            maps=(
                Map(scores, -1),
                Map(product((heads, keys, value_size)), summed),
            ),
        ),
    ]
