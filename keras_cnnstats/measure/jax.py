"""The count of JAX: of the jaxpr that a call is traced to."""

from collections.abc import Callable, Sequence
from math import inf, prod
from typing import Any

from keras_cnnstats.graph import TensorSpec
from keras_cnnstats.measure.counts import (
    BRANCHES,
    TURNS,
    Axis,
    CannotMeasureError,
    Result,
    contraction,
    convolution,
    each,
    power,
    reduction,
)
from keras_cnnstats.units import NO_WORK, Work, together

NAME = "JAX"

_FUNCTIONS: dict[str, str] = {
    **dict.fromkeys(("add", "add_any"), "add"),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), "compare"),
    **dict.fromkeys(
        ("and", "or", "not", "xor", "shift_left", "shift_right_arithmetic", "shift_right_logical"), "logic"
    ),
    **dict.fromkeys(("floor", "ceil", "round"), "round"),
    **dict.fromkeys(("exp", "exp2"), "exp"),
    **dict.fromkeys(("sqrt", "cbrt"), "sqrt"),
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh"), "sine"),
    **dict.fromkeys(("asinh", "acosh", "atanh", "tanh"), "tanh"),
    **dict.fromkeys(("erf", "erf_inv"), "erf"),
    **dict.fromkeys(("lgamma", "digamma"), "gamma"),
    "abs": "absolute",
    "clamp": "clip",
    "convert_element_type": "convert",
    "div": "divide",
    "erfc": "erfc",
    "expm1": "expm1",
    "is_finite": "isfinite",
    "log": "log",
    "log1p": "log1p",
    "logistic": "sigmoid",
    "max": "maximum",
    "min": "minimum",
    "mul": "multiply",
    "neg": "negative",
    "pow": "power",
    "rem": "remainder",
    "rsqrt": "rsqrt",
    "select_n": "select",
    "sign": "sign",
    "square": "square",
    "sub": "subtract",
}
"""Functions of each element, by the name of the primitive."""

_SUMS = frozenset({"reduce_sum", "cumsum"})
_REDUCTIONS = frozenset({"reduce_max", "reduce_min", "reduce_prod", "reduce_and", "reduce_or", "argmax", "argmin"})
_RUNNING = frozenset({"cumsum", "cumprod", "cummax", "cummin"})
_WINDOWS = frozenset({"reduce_window_sum", "reduce_window_max", "reduce_window_min"})
INNER = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""Where a primitive that only runs another jaxpr has it."""

_FREE = frozenset(
    {
        "bitcast_convert_type", "broadcast_in_dim", "concatenate", "copy", "copy_p", "device_put", "dynamic_slice",
        "dynamic_update_slice", "expand_dims", "gather", "imag", "iota", "optimization_barrier", "pad", "pvary",
        "random_bits", "random_fold_in", "random_seed", "random_split", "random_unwrap", "random_wrap", "real",
        "reduce_precision", "reshape", "rev", "scatter", "slice", "split", "squeeze", "stop_gradient",
        "sharding_constraint", "stack", "threefry2x32", "tile", "transpose", "unstack",
    }
)  # fmt: skip
"""What moves, makes or keeps values and computes nothing."""


def count(run: Callable[[Sequence[Any]], list[Any]], specs: Sequence[TensorSpec], _held: int) -> Result:
    """Returns what `run` costs, called on tensors of the shapes given; nothing is computed."""
    import jax

    places = [jax.ShapeDtypeStruct(spec.shape, spec.dtype) for spec in specs]
    closed, made = jax.make_jaxpr(lambda *tensors: run(tensors), return_shape=True)(*places)
    return Result(_work(closed.jaxpr), tuple(tuple(each.shape) for each in made))


def _work(jaxpr: Any) -> Work:
    return together(_equation_work(equation) for equation in jaxpr.eqns)


def _equation_work(equation: Any) -> Work:
    name, params = equation.primitive.name, equation.params
    if name in _FREE:
        return NO_WORK
    shape = tuple(equation.outvars[0].aval.shape) if equation.outvars else ()
    fed = tuple(equation.invars[0].aval.shape) if equation.invars else ()
    if name in _FUNCTIONS or name == "integer_pow":
        return _elementwise(equation, prod(shape))
    if name == "dot_general":
        (summed, _), _ = params["dimension_numbers"]
        return contraction(prod(fed[axis] for axis in summed), prod(shape))
    if name == "conv_general_dilated":
        return _convolution(params, fed, tuple(equation.invars[1].aval.shape), shape)
    if name in _RUNNING:
        return reduction(prod(fed), prod(fed) // max(fed[params["axis"]], 1), registered=name in _SUMS)
    if name in _REDUCTIONS or name in _SUMS:
        return reduction(prod(fed), prod(shape), registered=name in _SUMS)
    if name in _WINDOWS:
        return reduction(prod(shape) * prod(params["window_dimensions"]), prod(shape), registered=True)
    if name.startswith("scatter"):
        return each("update", prod(equation.invars[2].aval.shape))
    return _inner_work(name, params)


def _elementwise(equation: Any, elements: int) -> Work:
    name = equation.primitive.name
    if all(not each.aval.shape and each.aval.dtype.kind in "iub" for each in (*equation.invars, *equation.outvars)):
        # A counter or a size, and no map.
        return NO_WORK
    if name == "convert_element_type" and equation.invars[0].aval.dtype == equation.outvars[0].aval.dtype:
        return NO_WORK
    if name == "integer_pow":
        return power(equation.params["y"], elements)
    if name in ("max", "min") and any(abs(getattr(each, "val", 0)) == inf for each in _literals(equation)):
        # The value that a maximum over nothing would have.
        return Work(hlo=elements)
    return each(_FUNCTIONS[name], elements)


def _literals(equation: Any) -> list[Any]:
    return [each for each in equation.invars if hasattr(each, "val") and not each.aval.shape]


def _convolution(params: Any, x: tuple[int, ...], kernel: tuple[int, ...], y: tuple[int, ...]) -> Work:
    numbers = params["dimension_numbers"]
    batch, _, *from_axes = numbers.lhs_spec
    filters, inputs, *kernel_axes = numbers.rhs_spec
    _, _, *to_axes = numbers.out_spec
    axes = [
        Axis(
            size=x[source],
            positions=y[made],
            kernel=kernel[tap],
            stride=params["window_strides"][place],
            dilation=params["rhs_dilation"][place],
            before=params["padding"][place][0],
            holes=params["lhs_dilation"][place],
        )
        for place, (source, tap, made) in enumerate(zip(from_axes, kernel_axes, to_axes, strict=True))
    ]
    samples = x[batch] // params["batch_group_count"]
    transposed = any(axis.holes > 1 for axis in axes)
    return convolution(samples, axes, kernel[inputs], kernel[filters], transposed=transposed)


def _inner_work(name: str, params: Any) -> Work:
    if name == "scan":
        return _work(params["jaxpr"].jaxpr).times(params["length"])
    if name == "cond":
        branches = {_work(branch.jaxpr) for branch in params["branches"]}
        if len(branches) > 1:
            raise CannotMeasureError(BRANCHES)
        return branches.pop()
    if name == "while":
        raise CannotMeasureError(TURNS)
    inner = next((params[key] for key in INNER if key in params), None)
    if inner is None:
        raise CannotMeasureError(f"no count is known for the primitive `{name}`")
    return _work(getattr(inner, "jaxpr", inner))
