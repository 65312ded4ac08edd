"""What no rule counts, with the reason: its definition fixes no cost, or the backend has to count it."""

from collections.abc import Mapping
from typing import Any

from keras import layers, ops

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import Primitive
from keras_cnnstats.rules.registry import Rule, RuleGapError, rule

_SORTED = "it sorts or selects: how many comparisons that takes depends on the method and on the values"
_FACTORED = "it factorizes matrices: the count depends on the method, and for some on the values"
_TRANSFORMED = "a Fourier transform has no single count: it depends on the method and on the factors of the length"
_SEARCHED = "it searches: how many comparisons that takes depends on the method and on the values"
_WARPED = "where it samples, and so what it computes, is decided by values and not by shapes"
_COLORED = "its formula has a branch for each sector of the hue, so that the count depends on the colours"
_STRINGS = "it works on strings or on hashes, which have no arithmetic to count"
_SAMPLES = "it pairs or adds up values of different samples: there is no cost per sample"
_SIZED = "the size of its result depends on the values"
_EQUALIZED = "it counts the values of an image in a histogram: what that takes depends on the method"

GAPS: dict[Any, str] = {
    # Sorting, selecting, searching
    **dict.fromkeys(
        (
            ops.argpartition, ops.argsort, ops.median, ops.nanmedian, ops.nanpercentile, ops.nanquantile,
            ops.percentile, ops.quantile, ops.sort, ops.sparsemax, ops.top_k, ops.in_top_k,
        ),
        _SORTED,
    ),
    **dict.fromkeys((ops.digitize, ops.isin, ops.searchsorted, layers.Discretization), _SEARCHED),
    # Matrices
    **dict.fromkeys(
        (
            ops.cholesky, ops.cholesky_inverse, ops.det, ops.eig, ops.eigh, ops.inv, ops.logdet, ops.lstsq,
            ops.lu_factor, ops.matrix_rank, ops.pinv, ops.qr, ops.slogdet, ops.solve, ops.svd,
        ),
        _FACTORED,
    ),
    # Signals
    **dict.fromkeys(
        (
            ops.fft, ops.fft2, ops.ifft2, ops.irfft, ops.istft, ops.rfft, ops.stft, layers.MelSpectrogram,
        ),
        _TRANSFORMED,
    ),
    # Images
    **dict.fromkeys(
        (
            ops.image.affine_transform, ops.image.elastic_transform, ops.image.map_coordinates,
            ops.image.perspective_transform, ops.image.scale_and_translate,
        ),
        _WARPED,
    ),
    **dict.fromkeys((ops.image.hsv_to_rgb, ops.image.rgb_to_hsv), _COLORED),
    ops.image.ssim: "its windowed means and variances can be computed in several ways",
    layers.Equalization: "Keras 3.15 gives its symbolic input back as its output, so that no graph can hold it",
    layers.ContrastLimitedAdaptiveHistogramEqualization: _EQUALIZED,
    # Sizes and steps that values decide
    **dict.fromkeys((ops.bincount, ops.histogram, ops.nonzero, ops.unique), _SIZED),
    **dict.fromkeys((ops.gcd, ops.lcm), "it divides until nothing is left over: how often depends on the values"),
    ops.scatter: "values that meet at one position are added: how many do depends on the indices",
    ops.unravel_index: "a division and a remainder may be one step or two",
    ops.vander: "its powers may be computed from one another or each by itself",
    **dict.fromkeys((ops.ctc_decode, ops.ctc_loss), "its search over alignments depends on the labels"),
    # Across samples
    **dict.fromkeys(
        (
            ops.corrcoef, ops.correlate, ops.kron, ops.outer, ops.segment_max, ops.segment_min, ops.segment_prod,
            ops.segment_sum,
        ),
        _SAMPLES,
    ),
    # Strings
    **dict.fromkeys(
        (layers.HashedCrossing, layers.Hashing, layers.IntegerLookup, layers.StringLookup, layers.TextVectorization),
        _STRINGS,
    ),
}  # fmt: skip
"""The reason, by layer class or function of `keras.ops`."""


def _unknown(reason: str) -> Rule:
    def gap(call: Call) -> list[Primitive]:
        raise RuleGapError(reason)

    return gap


def _register(gaps: Mapping[Any, str]) -> None:
    for target, reason in gaps.items():
        rule(target)(_unknown(reason))


_register(GAPS)
