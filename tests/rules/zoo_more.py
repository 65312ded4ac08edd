"""The zoo, continued: the rest of `keras.ops`, and the layers that prepare or augment what a model is fed."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from keras import layers, ops

from tests.rules.zoo import (
    FIRST,
    LINE,
    MAP,
    MAP_FIRST,
    VOLUME,
    Case,
    Sample,
    array,
    binary,
    cases,
    reductions,
    sample,
    unary,
)

IMAGE = (9, 7, 3)

INFERENCE: dict[Any, dict[str, Any]] = {
    layers.AugMix: {},
    layers.CutMix: {},
    layers.MaxNumBoundingBoxes: {"max_number": 3},
    layers.MixUp: {},
    layers.RandAugment: {},
    layers.RandomBrightness: {"factor": 0.5},
    layers.RandomColorDegeneration: {"factor": 0.5},
    layers.RandomColorJitter: {"brightness_factor": 0.5, "hue_factor": 0.5},
    layers.RandomContrast: {"factor": 0.5},
    layers.RandomElasticTransform: {"factor": 0.5},
    layers.RandomErasing: {"factor": 0.5},
    layers.RandomFlip: {},
    layers.RandomGaussianBlur: {"factor": 0.5},
    layers.RandomGrayscale: {},
    layers.RandomHue: {"factor": 0.5},
    layers.RandomInvert: {},
    layers.RandomPerspective: {"factor": 0.5},
    layers.RandomPosterization: {"factor": 4},
    layers.RandomRotation: {"factor": 0.5},
    layers.RandomSaturation: {"factor": 0.5},
    layers.RandomSharpness: {"factor": 0.5},
    layers.RandomShear: {"x_factor": 0.5, "y_factor": 0.5},
    layers.RandomTranslation: {"height_factor": 0.5, "width_factor": 0.5},
    layers.RandomZoom: {"height_factor": 0.5},
    layers.Solarization: {},
}
"""Layers that pass an image through at inference, with the arguments to build them."""

MORE_LAYERS: dict[Any, dict[str, Sample]] = {
    **{layer: {"image": sample(IMAGE, **arguments)} for layer, arguments in INFERENCE.items()},
    layers.RandomCrop: {"whole": sample(IMAGE, height=9, width=7)},
    layers.AutoContrast: {"bytes": sample(IMAGE), "shares": sample(IMAGE, value_range=(0, 1))},
    layers.CenterCrop: {
        "cut": sample(IMAGE, height=4, width=5),
        "resized": sample(IMAGE, height=11, width=5),
        "channels_first": sample(MAP_FIRST, height=4, width=5, **FIRST),
    },
    layers.CategoryEncoding: {
        "multi_hot": sample((8,), num_tokens=5, output_mode="multi_hot"),
        "count": sample((8,), num_tokens=5, output_mode="count"),
        "one_hot": sample((8,), num_tokens=5, output_mode="one_hot"),
    },
    layers.ReversibleEmbedding: {
        "tokens": sample((8,), input_dim=50, output_dim=6, input_dtype="int32"),
        "untied": sample((8,), input_dim=50, output_dim=6, tie_weights=False, input_dtype="int32"),
    },
}

MORE_UNARY = (
    ops.angle, ops.arccos, ops.arccosh, ops.arcsin, ops.arcsinh, ops.arctan, ops.arctanh, ops.cbrt, ops.cosh, ops.erfc,
    ops.erfinv, ops.exp2, ops.i0, ops.log10, ops.log2, ops.sinh, ops.tan, ops.sinc, ops.ceil, ops.floor, ops.trunc,
    ops.deg2rad, ops.rad2deg, ops.fabs, ops.isfinite, ops.isinf, ops.isnan, ops.isneginf, ops.isposinf, ops.isreal,
    ops.nan_to_num, ops.signbit, ops.conjugate, ops.array, ops.convert_to_tensor, ops.empty_like, ops.imag,
    ops.real, ops.fliplr, ops.flipud, ops.ndim, ops.size,
)  # fmt: skip
MORE_BINARY = (
    ops.arctan2, ops.hypot, ops.logaddexp, ops.logaddexp2, ops.polar, ops.floor_divide, ops.mod, ops.fmod,
    ops.divide_no_nan, ops.fmax, ops.fmin, ops.heaviside, ops.isclose, ops.logical_xor, ops.nextafter,
)  # fmt: skip
BITWISE = (
    ops.bitwise_and, ops.bitwise_left_shift, ops.bitwise_or, ops.bitwise_right_shift, ops.bitwise_xor, ops.left_shift,
    ops.right_shift,
)  # fmt: skip
REDUCED = (
    ops.all, ops.any, ops.logsumexp, ops.nanmax, ops.nanmean, ops.nanmin, ops.nanprod, ops.nanstd, ops.nansum,
    ops.nanvar, ops.prod, ops.ptp, ops.std, ops.var,
)  # fmt: skip
ONE_AXIS = (ops.argmax, ops.argmin, ops.nanargmax, ops.nanargmin)
SPACED = (ops.linspace, ops.logspace, ops.geomspace)

MORE_OPERATIONS: dict[Any, dict[str, Sample]] = {
    **{function: unary() for function in MORE_UNARY},
    **{function: binary() for function in MORE_BINARY},
    **{function: {"maps": sample(MAP, MAP, input_dtype="int32")} for function in BITWISE},
    **{function: reductions() for function in REDUCED},
    **{
        function: {"channels": sample(MAP, axis=-1), "kept": sample(MAP, axis=2, keepdims=True), "all": sample(MAP)}
        for function in ONE_AXIS
    },
    **{function: {"map": sample(LINE, LINE, num=5, axis=1)} for function in SPACED},
    ops.bitwise_invert: {"map": sample(MAP, input_dtype="int32")},
    ops.bitwise_not: {"map": sample(MAP, input_dtype="int32")},
    ops.ldexp: {"powers": sample(MAP, x2=2)},
    ops.round: {"whole": sample(MAP), "decimals": sample(MAP, decimals=2)},
    ops.saturate_cast: unary(dtype="uint8"),
    ops.view: unary(dtype="int32"),
    ops.view_as_complex: {"pairs": sample((9, 7, 2))},
    ops.view_as_real: {"map": sample(MAP, input_dtype="complex64")},
    # Reductions, and what runs along an axis
    ops.count_nonzero: {"channels": sample(MAP, axis=-1), "positions": sample(MAP, axis=(1, 2))},
    ops.moments: {"positions": sample(MAP, axes=(1, 2)), "kept": sample(MAP, axes=(1,), keepdims=True)},
    ops.average: {"channels": sample(MAP, axis=-1), "rows": sample(MAP, axis=1)},
    ops.norm: {
        "channels": sample(MAP, axis=-1),
        "sum": sample(MAP, axis=-1, ord=1),
        "cubes": sample(MAP, axis=-1, ord=3),
        "matrix": sample(MAP, axis=(1, 2)),
        "all": sample(MAP),
    },
    ops.allclose: {"maps": sample(MAP, MAP)},
    ops.psnr: {"maps": sample(MAP, MAP, max_val=255)},
    ops.cumsum: {"rows": sample(MAP, axis=1)},
    ops.cumprod: {"rows": sample(MAP, axis=1)},
    ops.nancumsum: {"rows": sample(MAP, axis=1)},
    ops.nancumprod: {"rows": sample(MAP, axis=1)},
    ops.diff: {"rows": sample(MAP, axis=1), "twice": sample(MAP, n=2)},
    ops.trapezoid: {"rows": sample(MAP, axis=1), "places": sample(MAP, x=array(4))},
    ops.trace: {"matrix": sample((9, 7), axis1=1, axis2=2), "offset": sample((9, 7), axis1=1, axis2=2, offset=-4)},
    # Products
    ops.cross: {"vectors": sample((5, 3), (5, 3))},
    ops.vdot: {"maps": sample(MAP, MAP)},
    ops.tensordot: {"kernel": sample((5, 10), x2=array(10, 7), axes=1)},
    ops.cdist: {"vectors": sample((5, 4), (6, 4))},
    ops.solve_triangular: {"columns": sample((5, 5), (5, 3))},
    # Moved
    ops.append: {"rows": sample(MAP, MAP, axis=1)},
    ops.array_split: {"three": sample(MAP, indices_or_sections=3, axis=1)},
    ops.diag: {"batch": sample((5,))},
    ops.diagflat: {"batch": sample((5,))},
    ops.diagonal: {"matrix": sample((9, 7), axis1=1, axis2=2)},
    ops.dsplit: {"two": sample(MAP, indices_or_sections=[3])},
    ops.hsplit: {"three": sample(MAP, indices_or_sections=3)},
    ops.vsplit: {"one": sample(MAP, indices_or_sections=1)},
    ops.dstack: {"two": sample(MAP, MAP, listed=True)},
    ops.hstack: {"two": sample(MAP, MAP, listed=True)},
    ops.vstack: {"two": sample(MAP, MAP, listed=True)},
    ops.extract_sequences: {"line": sample((11,), sequence_length=4, sequence_stride=2)},
    ops.meshgrid: {"two": sample((), ())},
    ops.rot90: unary(axes=(1, 2)),
    ops.select: {"one": sample(MAP, listed=True, input_dtype="bool", choicelist=[array(1, 9, 7, 4)])},
    ops.slice_update: {"corner": sample(MAP, start_indices=(0, 0, 0, 0), updates=array(1, 2, 3, 4))},
    ops.scatter_update: {"one": sample(MAP, indices=np.array([[0, 1, 2, 3]]), updates=array(1))},
    ops.unfold: {"map": sample(MAP_FIRST, kernel_size=3)},
    ops.fold: {"map": sample((36, 35), output_size=(9, 7), kernel_size=3)},
    # Networks
    ops.binary_crossentropy: {"shares": sample(MAP, MAP), "logits": sample(MAP, MAP, from_logits=True)},
    ops.categorical_crossentropy: {"shares": sample(MAP, MAP), "logits": sample(MAP, MAP, from_logits=True)},
    ops.sparse_categorical_crossentropy: {
        "shares": sample((9, 7), MAP),
        "logits": sample((9, 7), MAP, from_logits=True),
    },
    ops.batch_normalization: {"channels": sample(MAP, mean=array(4), variance=array(4), axis=-1)},
    ops.layer_normalization: {"bare": sample(MAP), "learned": sample(MAP, gamma=array(4), beta=array(4))},
    ops.rms_normalization: {"bare": sample(MAP), "scaled": sample(MAP, scale=array(4))},
    ops.normalize: {"channels": sample(MAP), "sum": sample(MAP, order=1), "cubes": sample(MAP, axis=1, order=3)},
    ops.multi_hot: {"tokens": sample((8,), num_classes=5, input_dtype="int32")},
    # Images
    ops.image.resize: {
        "bilinear": sample(IMAGE, size=(5, 12)),
        "nearest": sample(IMAGE, size=(5, 12), interpolation="nearest"),
        "cut": sample(IMAGE, size=(5, 5), crop_to_aspect_ratio=True),
    },
    ops.image.crop_images: {
        "both_ends": sample(IMAGE, top_cropping=1, left_cropping=2, bottom_cropping=3, right_cropping=1),
        "sized": sample(IMAGE, bottom_cropping=1, right_cropping=2, target_height=4, target_width=4),
    },
    ops.image.pad_images: {
        "both_ends": sample(IMAGE, top_padding=1, left_padding=2, bottom_padding=3, right_padding=1),
        "sized": sample(IMAGE, bottom_padding=1, right_padding=2, target_height=14, target_width=14),
    },
    ops.image.extract_patches: {
        "apart": sample(IMAGE, size=(3, 2)),
        "overlapping": sample(IMAGE, size=3, strides=2, padding="same"),
        "volume": sample(VOLUME, size=(2, 3, 2)),
    },
    ops.image.rgb_to_grayscale: {"image": sample(IMAGE)},
    ops.image.gaussian_blur: {"image": sample(IMAGE, kernel_size=(3, 5))},
    ops.image.sobel_edges: {"image": sample(IMAGE)},
}

MORE: dict[Any, dict[str, Sample]] = {**MORE_LAYERS, **MORE_OPERATIONS}

UNSAMPLED: dict[Any, str] = {
    ops.full: "its shape stands before the tensor: see test_more_operations.py",
    ops.rearrange: "Keras wants the batch size for it: see test_more_operations.py",
}
"""Operations with a rule that a `Sample` cannot build."""


class MoreCase(Case):
    """One sample of this part of the zoo."""

    __slots__ = ()

    @property
    def sample(self) -> Sample:
        return MORE[self.target][self.name]


def more_cases() -> Iterator[Case]:
    return (MoreCase(*case) for case in cases(MORE))
