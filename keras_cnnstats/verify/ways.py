"""Layers that Keras runs in another way than the one that their definition is counted by; the result is the same."""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from keras import layers, ops

from keras_cnnstats.graph import Call, TensorSpec
from keras_cnnstats.verification import Term
from keras_cnnstats.verify.calls import specs_of
from keras_cnnstats.verify.reasons import CELLS, RESIZED

Way = Callable[[Call], Term | None]


def ways_of(call: Call, batch_size: int, backend: str) -> tuple[Term, ...]:
    """Returns how much more is computed in the way that Keras goes; nothing where it goes the way that is counted."""
    terms = [ways[call.target](call) for ways in (_ANYWHERE, _ON[backend]) if call.target in ways]
    return tuple(term._replace(amount=term.amount * batch_size) for term in terms if term is not None)


def padded_before(call: Call, batch_size: int, backend: str) -> tuple[Term, ...]:
    """Returns the products with padding that a causal convolution has done before it: XLA cannot tell it from a map."""
    if backend != "jax" or call.target is not layers.Conv1D or call.layer.padding != "causal":
        return ()
    layer, (positions, channels) = call.layer, (call.output.area or 0, call.input.channels)
    (taps,), (stride,), (dilation,) = layer.kernel_size, layer.strides, layer.dilation_rate
    outside = sum(min(positions, -(-tap * dilation // stride)) for tap in range(taps))
    amount = 2 * outside * (channels // layer.groups) * layer.filters * batch_size
    return (Term("padded taps", amount, "the input is padded before the convolution, which counts these taps too"),)


def products_of_images(call: Call, batch_size: int, backend: str) -> tuple[Term, ...]:
    """Returns the products that patches are cut out with, and those that a backend weighs colours without."""
    if call.target is ops.image.extract_patches:
        values = _values(call.results[0].shape[-1:])
        taps = _values(call.layer.size if isinstance(call.layer.size, tuple) else (call.layer.size,) * 2)
        touched = _taps_inside(call) if backend == "jax" else _values(call.results[0].shape[1:-1]) * taps
        amount = 2 * touched * (values // taps) * values * batch_size
        return (Term("patches", amount, "patches are cut out by a convolution with a kernel of zeros and ones"),)
    if backend == "jax" and call.target in _CUT_ON_JAX:
        amount = 2 * _CUT_ON_JAX[call.target](call) * batch_size
        return (Term("patches", amount, "patches are cut out by a convolution with a kernel of zeros and ones"),)
    if call.target is ops.image.rgb_to_grayscale and backend == "torch":
        amount = -2 * _values(call.specs[0].shape[1:]) * batch_size
        return (Term("colours", amount, "colours are weighed and added up one by one"),)
    return ()


def _taps_inside(call: Call) -> int:
    """Pairs of a patch and a place in it that lies inside the image."""
    layer = call.layer
    image, made = ([size or 0 for size in spec.shape[1:-1]] for spec in (call.specs[0], call.results[0]))
    sizes = layer.size if isinstance(layer.size, tuple) else (layer.size,) * len(image)
    steps = layer.strides or layer.size
    steps = steps if isinstance(steps, tuple) else (steps,) * len(image)
    gaps = layer.dilation_rate if isinstance(layer.dilation_rate, tuple) else (layer.dilation_rate,) * len(image)
    inside = 1
    for length, count, size, step, gap in zip(image, made, sizes, steps, gaps, strict=True):
        padding = max((count - 1) * step + (size - 1) * gap + 1 - length, 0) if layer.padding == "same" else 0
        places = [patch * step + tap * gap - padding // 2 for patch in range(count) for tap in range(size)]
        inside *= sum(0 <= place < length for place in places)
    return inside


def _sequences(call: Call) -> int:
    """Each value of a sequence is a product with a row of zeros and a one."""
    steps: int = call.layer.sequence_length
    return _values(call.results[0].shape[1:]) * steps


def _unfolded(call: Call) -> int:
    """Each value of a patch is picked out of a window of one channel."""
    return _values(call.results[0].shape[1:]) * _window(call)


def _folded(call: Call) -> int:
    """Each value of a patch meets each place of the window, in each channel."""
    values, patches = call.specs[0].shape[1:]
    return _values((patches, values, values))


def _window(call: Call) -> int:
    size = call.layer.kernel_size
    return size * size if isinstance(size, int) else _values(size)


def another_algorithm(call: Call, backend: str) -> str:
    """Returns why work beside contractions is not comparable: the backend's algorithm is not the definition at all."""
    if backend == "jax" and call.target in _RESIZED and getattr(call.layer, "interpolation", "nearest") != "nearest":
        return RESIZED
    if backend != "torch" and call.target in _IN_CELLS:
        return CELLS
    return ""


def _attention_with_scores(call: Call) -> Term | None:
    """Scores that are returned, partly dropped, or between positions on several axes are made step by step."""
    layer = call.layer
    if not _has_scores(call):
        return None
    queries = _queries(call) * (getattr(layer, "head_dim", None) or layer.key_dim)
    return Term("queries", queries - _scores(call), "the queries are scaled, and not the scores")


def _has_scores(call: Call) -> bool:
    return len(call.argument(0, "query").shape) != 3 or len(call.results) > 1 or bool(call.layer.dropout)


def _queries(call: Call) -> int:
    """Queries of all heads."""
    heads: int = getattr(call.layer, "num_heads", None) or call.layer.num_query_heads
    return heads * _values(call.argument(0, "query").shape[1:-1])


def _scores(call: Call) -> int:
    """Pairs of a query and a key, of all heads."""
    key = call.argument(1, "value").shape
    axes = getattr(call.layer, "attention_axes", None) or range(1, len(key) - 1)
    return _queries(call) * _values([key[axis] for axis in axes])


def _zeroed(call: Call) -> Term | None:
    """Behind a softmax, what is masked becomes zero once more."""
    masks = [call.kwargs.get(f"{name}_mask") for name in ("attention", "query", "value", "key")]
    is_masked = call.kwargs.get("use_causal_mask") or any(each is not None for each in masks)
    return _choices(_scores(call)) if is_masked and _has_scores(call) else None


def _masked_softmax(call: Call) -> Term | None:
    """What is masked is chosen before and behind; a mask of numbers is turned into truth values first."""
    mask = call.args[1] if len(call.args) > 1 else call.kwargs.get("mask")
    if mask is None:
        return None
    turned = _turned(mask) if "float" in mask.dtype else 0
    return _choices(2 * _values(call.results[0].shape[1:]) + turned)


def _place(call: Call) -> Term | None:
    """Negative zeros are found and chosen first."""
    return _choices(2 * _values(call.specs[0].shape[1:])) if "float" in call.specs[0].dtype else None


def _additive_attention(call: Call) -> Term | None:
    """Each value of each pair of a query and a key is multiplied by 1."""
    if call.layer.use_scale:
        return None
    query, key = call.specs[0].shape, call.specs[-1].shape
    amount = _values((query[1], key[1], query[2]))
    return Term("scale", amount, "where there is no scale, all values are multiplied by 1")


def _chosen(call: Call) -> Term:
    """One choice for each value that is made, of truth values that numbers may have to be made to first."""
    condition = call.argument(0, "condition")
    # In the midst of numbers, whole numbers are places to the referee.
    turned = _turned(condition) if "float" in condition.dtype or not _makes_numbers(call) else 0
    return _choices(_values(call.results[0].shape[1:]) + turned)


def _compared(call: Call) -> Term | None:
    """Where one of the maps is one of numbers, all are made to numbers, and turned into truth values then."""
    specs, first = specs_of(call), call.results[0].shape[:1]
    if all(spec.dtype == "bool" for spec in specs):
        return None
    return _choices(sum(_values(spec.shape[spec.shape[:1] == first :]) for spec in specs))


def _makes_numbers(call: Call) -> bool:
    return any("float" in each.dtype for each in call.results)


def _chosen_once(call: Call) -> Term:
    """One choice for each value that is made."""
    return _choices(_values(call.results[0].shape[1:]))


def _without_bias(call: Call) -> Term:
    """What a recurrence has no bias for is added to zeros at each step."""
    both = (
        (call.layer.forward_layer, call.layer.backward_layer) if call.target is layers.Bidirectional else (call.layer,)
    )
    without = [each for each in both if isinstance(each, layers.GRU) and each.reset_after and not each.use_bias]
    amount = 2 * 3 * sum(each.units for each in without) * _values(call.specs[0].shape[1:2])
    return Term("zeros", amount, "where there is no bias, zeros are added at each step")


def _masked(call: Call) -> Term | None:
    """Scores are chosen by the mask, where that is made of places or has to be merged."""
    if not call.kwargs.get("use_causal_mask"):
        return None
    return _choices(_values((call.specs[0].shape[1], call.specs[-1].shape[1])))


def _hot(call: Call) -> Term | None:
    """Tokens that are written as numbers are compared as numbers."""
    return None if "int" in call.specs[0].dtype else _chosen_once(call)


def _degrees(call: Call) -> Term:
    """The degrees of freedom are worked out, and each variance is chosen where there are any."""
    amount = 3 + _values(call.results[0].shape[1:])
    return Term("degrees of freedom", amount, "it counts that there are degrees of freedom left")


def _spaced(call: Call) -> Term:
    """The step is found from the ends of each line, which stay what they are; ratios in steps of their logarithms."""
    lines, steps = _values(call.specs[0].shape[1:]), call.layer.num
    amount = 2 * lines + 2 * lines * max(steps - 2, 0)
    amount += 4 * lines + 2 * lines * steps if call.target is ops.geomspace else 0
    return Term("ends", amount, "the step is found from both ends, and the ends are put in again")


def _beside_the_diagonal(call: Call) -> Term:
    """All values of a matrix are added up, those beside the diagonal as zeros."""
    axes = call.layer.axis1, call.layer.axis2
    beside = _values([call.specs[0].shape[axis] for axis in axes]) - 1
    return Term("zeros", beside * _values(call.results[0].shape[1:]), "values beside the diagonal are added as zeros")


def _with_ones(call: Call) -> Term:
    """Values are repeated by products with ones, also along the axis of the samples."""
    amount = sum(_values([size or 1 for size in spec.shape]) for spec in call.results)
    return Term("ones", amount, "values are repeated by products with ones")


def _turned(spec: TensorSpec) -> int:
    return 0 if spec.dtype == "bool" else _values(spec.shape[1:])


def _choices(amount: int) -> Term:
    return Term("choices", amount, "XLA counts choices and conversions as one operation for each value")


def _values(sizes: Any) -> int:
    return prod(sizes)


_CUT_ON_JAX: Mapping[Any, Callable[[Call], int]] = {
    ops.extract_sequences: _sequences,
    ops.unfold: _unfolded,
    ops.fold: _folded,
}
_RESIZED = frozenset({layers.Resizing, layers.UpSampling2D, ops.image.resize})
_IN_CELLS = frozenset(
    {
        layers.AdaptiveAveragePooling1D, layers.AdaptiveAveragePooling2D, layers.AdaptiveAveragePooling3D,
        layers.AdaptiveMaxPooling1D, layers.AdaptiveMaxPooling2D, layers.AdaptiveMaxPooling3D,
        ops.adaptive_average_pool, ops.adaptive_max_pool,
    }
)  # fmt: skip
_ANYWHERE: Mapping[Any, Way] = {
    layers.MultiHeadAttention: _attention_with_scores,
    layers.GroupQueryAttention: _attention_with_scores,
    layers.AdditiveAttention: _additive_attention,
}
_ON: Mapping[str, Mapping[Any, Way]] = {
    "tensorflow": {
        **dict.fromkeys((ops.linspace, ops.logspace, ops.geomspace), _spaced),
        ops.trace: _beside_the_diagonal,
        ops.meshgrid: _with_ones,
    },
    "torch": {},
    "jax": {
        **dict.fromkeys((layers.Bidirectional, layers.GRU), _without_bias),
        layers.Softmax: _masked_softmax,
        **dict.fromkeys((layers.MultiHeadAttention, layers.GroupQueryAttention), _zeroed),
        **dict.fromkeys((ops.argmax, ops.argmin), _place),
        **dict.fromkeys((layers.AdditiveAttention, layers.Attention), _masked),
        ops.where: _chosen,
        ops.one_hot: _hot,
        **dict.fromkeys((ops.triu, ops.tril, ops.nancumsum, ops.nancumprod), _chosen_once),
        **dict.fromkeys((ops.std, ops.var), _degrees),
        **dict.fromkeys((ops.logical_and, ops.logical_or, ops.logical_not), _compared),
    },
}
