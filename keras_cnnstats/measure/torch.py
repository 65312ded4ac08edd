"""The count of PyTorch: of the operations that a call dispatches to, on tensors that hold no values."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

from keras_cnnstats.graph import TensorSpec
from keras_cnnstats.measure.counts import (
    Axis,
    CannotMeasureError,
    Result,
    Sizes,
    contraction,
    convolution,
    each,
    power,
    reduction,
    softmax,
)
from keras_cnnstats.measure.fakes import Run, run_without_values
from keras_cnnstats.primitives import Normalization, attention
from keras_cnnstats.units import NO_WORK, Work, together

NAME = "PyTorch"

_FUNCTIONS: dict[str, str] = {
    **dict.fromkeys(("add", "rsub"), "add"),
    **dict.fromkeys(("div", "true_divide"), "divide"),
    **dict.fromkeys(("clamp_min", "maximum", "fmax"), "maximum"),
    **dict.fromkeys(("clamp_max", "minimum", "fmin"), "minimum"),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge", "isposinf", "isneginf", "threshold"), "compare"),
    **dict.fromkeys(
        ("logical_and", "logical_not", "logical_or", "logical_xor", "bitwise_and", "bitwise_not", "bitwise_or"), "logic"
    ),
    **dict.fromkeys(("ceil", "floor", "round", "trunc"), "round"),
    **dict.fromkeys(("remainder", "fmod"), "remainder"),
    **dict.fromkeys(("isinf", "isnan"), "is_nan"),
    **dict.fromkeys(("where", "masked_fill"), "select"),
    **dict.fromkeys(("exp", "exp2"), "exp"),
    **dict.fromkeys(("log", "log2", "log10"), "log"),
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh"), "sine"),
    **dict.fromkeys(("tanh", "asinh", "acosh", "atanh"), "tanh"),
    **dict.fromkeys(("erf", "erfinv"), "erf"),
    **dict.fromkeys(("lgamma", "digamma"), "gamma"),
    "_to_copy": "convert",
    "abs": "absolute",
    "celu": "celu",
    "clamp": "clip",
    "elu": "elu",
    "erfc": "erfc",
    "expm1": "expm1",
    "floor_divide": "floor_divide",
    "hardshrink": "hard_shrink",
    "hardsigmoid": "hard_sigmoid",
    "hardswish": "hard_silu",
    "hardtanh": "hard_tanh",
    "leaky_relu": "leaky_relu",
    "log1p": "log1p",
    "log_sigmoid_forward": "log_sigmoid",
    "mish": "mish",
    "mul": "multiply",
    "neg": "negative",
    "reciprocal": "reciprocal",
    "relu": "relu",
    "relu6": "relu6",
    "rsqrt": "rsqrt",
    "sigmoid": "sigmoid",
    "sign": "sign",
    "silu": "silu",
    "softplus": "softplus",
    "softshrink": "soft_shrink",
    "sqrt": "sqrt",
    "square": "square",
    "sub": "subtract",
}
"""Functions of each element, by the name of the operation."""

_SUMS = frozenset({"mean", "sum", "cumsum"})
_REDUCTIONS = frozenset({"all", "amax", "amin", "any", "argmax", "argmin", "max", "min", "prod", *_SUMS})
_RUNNING = frozenset({"cumprod", "cumsum"})
_STATISTICS = {"std": 1, "var": 0, "std_mean": 1, "var_mean": 0}
"""Variances, with the roots in one result."""

_POOLINGS = frozenset({"avg_pool2d", "avg_pool3d", "max_pool2d_with_indices", "max_pool3d_with_indices"})
_PRODUCTS = frozenset({"bmm", "mm", "mv", "dot"})
_BIASED = frozenset({"addmm", "baddbmm", "addmv"})
_NORMALIZATIONS = {"native_layer_norm": "layer", "native_group_norm": "group", "_fused_rms_norm": "rms"}
_ATTENTIONS = frozenset(
    {
        "_scaled_dot_product_efficient_attention", "_scaled_dot_product_flash_attention",
        "_scaled_dot_product_flash_attention_for_cpu", "_scaled_dot_product_fused_attention_overrideable",
    }
)  # fmt: skip

_FREE = frozenset(
    {
        "_assert_async", "_assert_scalar", "_reshape_alias", "_unsafe_view", "alias", "arange", "as_strided",
        "bernoulli", "cat", "clone", "constant_pad_nd", "contiguous", "copy", "copy_", "detach", "device",
        "dropout", "embedding", "empty", "empty_like", "empty_strided", "expand", "eye", "fill", "fill_", "flip",
        "full", "full_like", "gather", "index", "index_select", "lift_fresh", "lift_fresh_copy", "linspace",
        "native_dropout", "new_empty", "new_full", "new_ones", "new_zeros", "ones", "ones_like", "permute",
        "pixel_shuffle", "pixel_unshuffle", "rand", "rand_like", "randint", "randn", "randn_like",
        "reflection_pad1d", "reflection_pad2d", "repeat", "replication_pad1d", "replication_pad2d", "roll",
        "scalar_tensor", "scatter", "select", "slice", "slice_scatter", "split", "split_with_sizes", "squeeze",
        "stack", "t", "transpose", "tril", "triu", "unbind", "unsqueeze", "upsample_nearest1d",
        "upsample_nearest2d", "upsample_nearest3d", "view", "zero_", "zeros", "zeros_like",
    }
)  # fmt: skip
"""What moves, makes or keeps values and computes nothing."""


def count(run: Run, specs: Sequence[TensorSpec], held: int) -> Result:
    """Returns what `run` costs, called on tensors of the shapes given; nothing is computed."""
    made, works = run_without_values(run, specs, held, _counted)
    return Result(together(works), tuple(tuple(each.shape) for each in made))


@contextmanager
def _counted(_: Sequence[Any]) -> Iterator[list[Work]]:
    """The works of the operations that are run meanwhile, as far as they have come to the tensors."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    works: list[Work] = []
    gaps: list[CannotMeasureError] = []

    class Counter(TorchDispatchMode):
        """Counts each operation on its way to the tensors."""

        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            made = function(*args, **(kwargs or {}))
            try:
                works.append(_work(function, args, kwargs or {}, made))
            except CannotMeasureError as error:
                # Raised here it would come to the caller as an error of the layer.
                gaps.append(error)
            return made

    with torch.no_grad(), Counter():
        yield works
    if gaps:
        raise gaps[0]


def _work(function: Any, args: Any, kwargs: Any, made: Any) -> Work:
    name = function.overloadpacket.__name__
    if name in _FREE or function.is_view:
        return NO_WORK
    # What works in place has the name of what does not, with a line behind it.
    name = name if name in _FUNCTIONS else name.removesuffix("_")
    first = made[0] if isinstance(made, (tuple, list)) else made
    if not hasattr(first, "shape"):
        # It asks something about a tensor.
        return NO_WORK
    shape = tuple(first.shape)
    fed = [tuple(each.shape) for each in args if hasattr(each, "shape")]
    if name in _FUNCTIONS:
        # Of integers without axes are counters and sizes, which are no maps.
        counts = not shape and not any(each.is_floating_point() for each in [first, *args] if hasattr(each, "shape"))
        return NO_WORK if counts else each(_FUNCTIONS[name], prod(shape))
    if name in _PRODUCTS:
        return contraction(fed[0][-1], prod(shape))
    if name in _BIASED:
        return contraction(fed[1][-1], prod(shape), bias=True)
    if name in _RUNNING:
        groups = prod(shape) // max(shape[args[1]], 1) if shape else 1
        return reduction(prod(shape), groups, registered=name in _SUMS)
    if name in _REDUCTIONS:
        if len(fed) == 2:
            return each("maximum", prod(shape))
        return reduction(prod(fed[0]), prod(shape), average=name == "mean", registered=name in _SUMS)
    return _work_of_one_kind(name, args, kwargs, fed, shape)


def _work_of_one_kind(name: str, args: Any, kwargs: Any, fed: list[Sizes], shape: Sizes) -> Work:
    outputs = prod(shape)
    match name:
        case "pow":
            is_number = isinstance(args[1], (int, float))
            return power(args[1], outputs) if is_number else each("power", outputs)
        case "addcmul" | "addcdiv":
            return each("add", outputs).times(2)
        case "lerp":
            return each("add", outputs).times(3)
        case "gelu":
            return each("gelu_tanh" if kwargs.get("approximate") == "tanh" else "gelu", outputs)
        case "_softmax" | "_safe_softmax" | "_log_softmax":
            size = shape[args[1]] if shape else 1
            return softmax(outputs // max(size, 1), size, log=name == "_log_softmax")
        case "convolution":
            return _convolution(args, fed, shape)
        case "native_batch_norm" | "_native_batch_norm_legit_no_training":
            return Work(arithmetic=2 * outputs, hlo=2 * outputs)
        case "upsample_bilinear2d" | "upsample_bicubic2d":
            steps = 7 if "bilinear" in name else 31
            return Work(arithmetic=steps * outputs, hlo=steps * outputs)
        case "index_add" | "scatter_add" | "index_put":
            return each("update", prod(fed[-1]))
    if name in _POOLINGS:
        average = name.startswith("avg")
        return reduction(outputs * _area(args[1], name), outputs, average=average, registered="2d" in name)
    if name in _NORMALIZATIONS:
        return _normalization(name, args, fed[0])
    if name in _ATTENTIONS:
        return _attention(fed)
    return _statistic(name, prod(fed[0]) if fed else 0, outputs)


def _statistic(name: str, values: int, outputs: int) -> Work:
    """The work of what brings values together in several steps."""
    if name == "logsumexp":
        # The maximum is subtracted first, and added again.
        steps = [each("subtract", values), each("exp", values), reduction(values, outputs).times(2)]
        return together([*steps, each("log", outputs), each("add", outputs)])
    if name == "linalg_vector_norm":
        return together([each("square", values), reduction(values, outputs), each("sqrt", outputs)])
    if name in _STATISTICS:
        steps = [each("subtract", values), each("square", values), reduction(values, outputs, average=True).times(2)]
        return together([*steps, each("sqrt", outputs).times(_STATISTICS[name])])
    raise CannotMeasureError(f"no count is known for the operation `aten::{name}`")


def _area(kernel: Any, name: str) -> int:
    axes = 2 if "2d" in name else 3
    return int(prod(kernel)) if len(kernel) == axes else int(kernel[0] ** axes)


def _normalization(name: str, args: Any, x: Sizes) -> Work:
    if name == "native_group_norm":
        groups, weights = x[0] * args[6], args[1:3]
    else:
        groups, weights = prod(x[: len(x) - len(args[1])]), args[2:4]
    normalization = Normalization(
        groups=groups,
        size=prod(x) // max(groups, 1),
        method=_NORMALIZATIONS[name],
        scale=weights[0] is not None,
        center=len(weights) > 1 and weights[1] is not None,
    )
    return together(part.work() or NO_WORK for part in (normalization, *normalization.beside))


def _attention(fed: list[Sizes]) -> Work:
    query, key, value, *mask = fed
    parts = attention(query[-2], key[-2], prod(query[:-2]), query[-1], value[-1], bool(mask))
    return together(part.work() or NO_WORK for part in parts)


def _convolution(args: Any, fed: list[Sizes], y: Sizes) -> Work:
    bias, stride, padding, dilation, transposed = args[2:7]
    x, kernel = fed[0], fed[1]
    axes = [
        Axis(
            size=x[place + 2],
            positions=y[place + 2],
            kernel=taps,
            stride=1 if transposed else _at(stride, place),
            dilation=_at(dilation, place),
            before=(taps - 1) * _at(dilation, place) - _at(padding, place) if transposed else _at(padding, place),
            holes=_at(stride, place) if transposed else 1,
        )
        for place, taps in enumerate(kernel[2:])
    ]
    groups = args[8]
    inputs, filters = (kernel[0] // groups, kernel[1] * groups) if transposed else (kernel[1], kernel[0])
    return convolution(x[0], axes, inputs, filters, bias=bias is not None, transposed=transposed)


def _at(values: Sequence[int], place: int) -> int:
    return values[place] if len(values) > 1 else values[0]
