"""`explain`: what one channel of a layer makes of an image, step by step."""

from typing import Any

import keras
import numpy as np

from keras_cnnstats.errors import InputShapeError, ModelError
from keras_cnnstats.explaining.convolution import convolved, is_convolution, makes
from keras_cnnstats.explaining.fields import Seen, position_of, seen_from
from keras_cnnstats.explaining.images import Sample, sample_for_layer, sample_for_model, with_channels_last
from keras_cnnstats.explaining.inside import Alone, Passed, Place, place_of, run
from keras_cnnstats.explaining.pooling import mode_of, pooled
from keras_cnnstats.explaining.records import ConvolutionExplanation, Explanation, PoolingExplanation, Values
from keras_cnnstats.explaining.windows import agree


def explain(model: Any, image: Any, layer: Any = None, channel: int = 0, *, position: Any = None) -> Explanation:
    """Shows what one channel of a layer makes of an image, step by step, and what of the image one output sees.

    Of a convolution: the input channels, the kernel for each, what it makes of each, their sum with the bias, and the
    activation. Of a pooling: which input won or what share each has, and what comes back to it. Of any layer: the
    receptive field of an output. The model runs at inference, and stays as it was.

    Args:
        model: a built `keras.Model` with one input, or a built layer.
        image: an array `(rows, columns, channels)`, or without the last where there is one channel; `(steps, channels)`
            for a model of signals; channels first where the model takes them so. No batch axis.
        layer: path of the layer, as in the rows of a report, or its name where there is but one: `"backbone/conv1"`;
            `("conv", 1)` for its second call. Not needed where there is one layer.
        channel: number of the output channel.
        position: of an output, `(row, column)`, whose receptive field is wanted.

    Returns:
        A `ConvolutionExplanation`, a `PoolingExplanation`, or of another layer an `Explanation` of the field alone. Its
        arrays are its attributes, and `plot()` and `save(path)` draw it.

    Raises:
        ModelError: `model` is neither, is not built, or does not run on the image.
        InputShapeError: `image` does not fit, or there is no such channel or position.
        UnknownLayerError: there is no such layer.

    Example:

    >>> import keras, numpy as np
    >>> layer = keras.layers.Conv2D(2, 3, padding="same", activation="relu")
    >>> layer.build((None, 5, 5, 3))
    >>> shown = explain(layer, np.ones((5, 5, 3)), position=(0, 4))
    >>> shown.intermediates.shape, shown.output.shape, shown.field
    ((5, 5, 3), (5, 5), Box(top=-1, left=3, bottom=1, right=5))
    """
    model, sample = _taken(model, image)
    place = place_of(model, sample, layer)
    asked = None if position is None else position_of(position)
    seen = Seen() if asked is None else seen_from(place.row, asked)
    passed = run(model, sample, place)
    outputs = _outputs(place, passed)
    if outputs is not None:
        _check_channel(channel, outputs.shape[-1], place.row.layer)
    plainly = Explanation(
        layer=place.row.layer,
        type=place.row.type,
        image=with_channels_last(sample.values.astype(np.float64), place.layer, place.row.input_sizes),
        channel=int(channel),
        output=None if outputs is None else outputs[..., channel],
        position=asked,
        field=seen.field,
        clipped_field=seen.clipped,
        note=seen.note,
    )
    shown = None if outputs is None else _in_steps(plainly, place.layer, passed.input, outputs)
    if shown is None and asked is None:
        raise ModelError(
            f"explain: `{place.row.layer}` ({place.row.type}) computes neither a convolution nor a pooling of a map in "
            "one or two dimensions. Pass position=(row, column) to see the receptive field of an output."
        )
    return shown or plainly


def _taken(model: Any, image: Any) -> tuple[Any, Sample]:
    """The model, or a layer as one, and the image as it takes it."""
    if isinstance(model, keras.Model):
        return model, sample_for_model(image, model)
    if not isinstance(model, keras.layers.Layer):
        raise ModelError(f"explain: expected a built keras.Model or layer. Received: {type(model).__name__}.")
    if not model.built:
        raise ModelError(
            f"explain: the layer `{model.name}` is not built, so that it has no weights. "
            "Build it with layer.build(shape), the batch axis included: (None, 32, 32, 3)."
        )
    sample = sample_for_layer(image, model)
    if is_convolution(model) or mode_of(model) is not None:
        try:
            model.compute_output_shape((1, *sample.values.shape))
        except ValueError as error:
            raise InputShapeError(
                f"image: `{model.name}` does not take an image of shape {sample.values.shape}: {error}"
            ) from None
    return Alone(model), sample


def _outputs(place: Place, passed: Passed) -> Values | None:
    """All channels that the layer makes, `(*positions, channels)`; `None` where that is no map."""
    positions = place.row.positions
    if passed.output is None:
        return None
    if mode_of(place.layer) is not None and None in positions:
        # A global pooling leaves one position, which has lost its axes.
        return passed.output.reshape((*[1] * len(positions), -1))
    if passed.output.ndim != len(positions) + 1 or None in positions:
        return None
    return with_channels_last(passed.output, place.layer, positions)


def _check_channel(channel: Any, channels: int, layer: str) -> None:
    if isinstance(channel, bool) or not hasattr(channel, "__index__") or not 0 <= channel < channels:
        raise InputShapeError(
            f"channel: expected an integer from 0 to {channels - 1}, as `{layer}` makes {channels} channels. "
            f"Received: {channel!r}."
        )


def _in_steps(plainly: Explanation, layer: Any, x: Values | None, outputs: Values) -> Explanation | None:
    """The steps that make the channel; `None` where they are not known, or Keras' own outcome is another one."""
    channel, mode = plainly.channel, mode_of(layer)
    if x is None or x.ndim != outputs.ndim:
        return None
    x = with_channels_last(x, layer)
    if is_convolution(layer):
        steps = convolved(layer, x, channel, plainly.position)
        is_so = makes(layer, x, steps, channel, outputs)
        return ConvolutionExplanation(**vars(plainly), **steps._asdict()) if is_so else None
    if mode is not None:
        pool = pooled(layer, x[..., channel], plainly.position)
        is_so = agree(pool.output, outputs[..., channel], np.abs(x[..., channel]).max())
        if not is_so:
            return None
        return PoolingExplanation(
            **vars(plainly),
            mode=mode,
            input=x[..., channel],
            shares=pool.shares,
            winners=pool.winners,
            gradient=pool.gradient,
            window=pool.window,
        )
    return None
