"""What each function costs per element, by the name that Keras gives it, written out of its definition."""

from functools import lru_cache

from keras_cnnstats.primitives.elementwise import Cost
from keras_cnnstats.primitives.slopes import Slope

_ONE = Cost(1, hlo=1)
_REGISTERED = Cost(1, registered=1, hlo=1)
_FUNCTION = Cost(0, 1)

# Arithmetic and transcendentals are those of the definition, which stands behind; what TensorFlow's profiler registers
# for each element, and what XLA counts, are measured.

_COSTS: dict[str, Cost] = {
    # Arithmetic and comparisons
    "abs": _ONE,
    "absolute": _ONE,
    "add": _REGISTERED,
    "clip": Cost(2, registered=2, hlo=2),  # min(max(x, low), high)
    "deg2rad": _REGISTERED,  # x * (pi / 180)
    "divide": _REGISTERED,
    "divide_no_nan": Cost(2, hlo=4),  # 0 if b == 0 else a / b
    "equal": _REGISTERED,
    "fabs": _ONE,  # abs(x)
    "fmax": Cost(3, registered=1, hlo=4),  # b if a != a else (a if b != b else max(a, b))
    "fmin": Cost(3, registered=1, hlo=4),  # b if a != a else (a if b != b else min(a, b))
    "greater": _REGISTERED,
    "greater_equal": _REGISTERED,
    "heaviside": Cost(2, registered=2, hlo=6),  # 0 if a < 0 else (b if a == 0 else 1)
    "isfinite": Cost(2, hlo=1),  # abs(x) < inf
    "isinf": Cost(2, hlo=2),  # abs(x) == inf
    "isnan": _ONE,  # x != x
    "isneginf": _REGISTERED,  # x == -inf
    "isposinf": _REGISTERED,  # x == inf
    "isreal": Cost(1),  # imaginary part == 0
    "less": _REGISTERED,
    "less_equal": _REGISTERED,
    "maximum": _REGISTERED,
    "minimum": _REGISTERED,
    "multiply": _REGISTERED,
    "nan_to_num": Cost(3, registered=2, hlo=6),  # x != x, x == inf, x == -inf, each with a value in its place
    "negative": _REGISTERED,
    "not_equal": _REGISTERED,
    "rad2deg": _REGISTERED,  # x * (180 / pi)
    "reciprocal": _REGISTERED,
    "saturate_cast": Cost(2, registered=2, hlo=2),  # min(max(x, lowest), highest) of the other dtype
    "sign": _ONE,
    "signbit": Cost(1, registered=1, hlo=3),  # x < 0
    "square": _REGISTERED,
    "subtract": _REGISTERED,
    "true_divide": _REGISTERED,
    # Rounding
    "ceil": _ONE,
    "floor": _ONE,
    "floor_divide": Cost(2, hlo=13),  # floor(a / b)
    "fmod": Cost(4, registered=1, hlo=1),  # a - b * trunc(a / b)
    "mod": Cost(4, hlo=8),  # a - b * floor(a / b)
    "trunc": Cost(1, registered=1, hlo=4),
    # No arithmetic
    "logical_xor": Cost(0, hlo=3),
    "nextafter": Cost(0, hlo=23),
    # One elementary function
    "angle": Cost(0, 1, registered=1),  # atan2(imaginary part, real part)
    "arccos": Cost(0, 1, hlo=3),
    "arccosh": Cost(0, 1, hlo=7),
    "arcsin": Cost(0, 1, hlo=5),
    "arcsinh": Cost(0, 1, hlo=11),
    "arctan": _FUNCTION,
    "arctan2": _FUNCTION,
    "arctanh": Cost(0, 1, hlo=6),
    "cbrt": Cost(0, 1, registered=2),
    "cos": _FUNCTION,
    "cosh": Cost(0, 1, hlo=3),
    "erf": _FUNCTION,
    "erfc": Cost(0, 1, hlo=62),
    "erfinv": Cost(0, 1, hlo=37),
    "exp": _FUNCTION,
    "exp2": Cost(0, 1, registered=1, hlo=1),
    "expm1": _FUNCTION,
    "exponential": _FUNCTION,
    "i0": Cost(0, 1, hlo=85),
    "log": Cost(0, 1, registered=1),
    "log10": Cost(0, 1, registered=2, hlo=1),
    "log1p": _FUNCTION,
    "log2": Cost(0, 1, registered=2, hlo=1),
    "power": Cost(0, 1, registered=1),
    "rsqrt": Cost(0, 1, registered=2),
    "sin": _FUNCTION,
    "sinh": Cost(0, 1, hlo=10),
    "sqrt": _FUNCTION,
    "tan": _FUNCTION,
    "tanh": _FUNCTION,
    # Formulas with elementary functions in them
    "hypot": Cost(3, 1, registered=5, hlo=15),  # sqrt(a * a + b * b)
    "ldexp": Cost(1, 1, registered=2, hlo=1),  # a * 2 ** b
    "logaddexp": Cost(1, 3, registered=5, hlo=8),  # log(exp(a) + exp(b))
    "logaddexp2": Cost(1, 3, registered=7, hlo=10),  # log2(2 ** a + 2 ** b)
    "polar": Cost(2, 2, registered=2, hlo=3),  # r * cos(a), r * sin(a)
    "sinc": Cost(3, 1, registered=3, hlo=7),  # sin(pi * x) / (pi * x), 1 where x == 0
    # Activations
    "celu": Cost(6, 1, registered=5, hlo=5),  # max(x, 0) + min(0, a * (exp(x / a) - 1))
    "elu": Cost(3, 1, registered=0, hlo=5),  # x if x > 0 else a * (exp(x) - 1)
    "gelu": Cost(4, 1, registered=4, hlo=66),  # x / 2 * (1 + erf(x / sqrt(2)))
    "gelu_tanh": Cost(8, 1, registered=7, hlo=8),  # x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x * x * x)))
    "glu": Cost(3, 1, registered=1, hlo=4),  # a * sigmoid(b), for each output
    "hard_shrink": Cost(2, registered=1, hlo=3),  # x if abs(x) > t else 0
    "hard_sigmoid": Cost(4, registered=2, hlo=4),  # relu6(x + 3) / 6
    "hard_silu": Cost(5, registered=3, hlo=5),  # x * hard_sigmoid(x)
    "hard_tanh": Cost(2, registered=2, hlo=4),  # min(max(x, -1), 1)
    "leaky_relu": Cost(2, registered=0, hlo=3),  # x if x > 0 else a * x
    "log_sigmoid": Cost(1, 2, registered=2, hlo=8),  # -log(1 + exp(-x))
    "mish": Cost(2, 3, registered=1, hlo=7),  # x * tanh(log(1 + exp(x)))
    "prelu": Cost(2, registered=3, hlo=5),  # as leaky_relu, with a learned slope
    "relu": Cost(1, registered=0, hlo=1),  # max(x, 0)
    "relu6": Cost(2, registered=0, hlo=2),  # min(max(x, 0), 6)
    "selu": Cost(4, 1, registered=0, hlo=6),  # scale * elu(x)
    "sigmoid": Cost(2, 1, registered=0, hlo=3),  # 1 / (1 + exp(-x))
    "silu": Cost(3, 1, registered=2, hlo=4),  # x * sigmoid(x)
    "soft_shrink": Cost(4, registered=4, hlo=6),  # x - t if x > t else (x + t if x < -t else 0)
    "softplus": Cost(1, 2, registered=0, hlo=6),  # log(1 + exp(x))
    "softsign": Cost(3, registered=0, hlo=3),  # x / (1 + abs(x))
    "sparse_plus": Cost(5, registered=5, hlo=7),  # 0 if x <= -1 else ((x + 1) ** 2 / 4 if x < 1 else x)
    "sparse_sigmoid": Cost(4, registered=4, hlo=4),  # 0 if x <= -1 else (1 if x >= 1 else (x + 1) / 2)
    "squareplus": Cost(4, 1, registered=4, hlo=4),  # (x + sqrt(x * x + b)) / 2
    "tanh_shrink": Cost(1, 1, registered=1, hlo=1),  # x - tanh(x)
    "threshold": Cost(1, registered=1, hlo=2),  # x if x > t else v
}

FUNCTIONS = {name: cost.sloped(name) for name, cost in _COSTS.items()}
"""Functions of each element, of one map or of two: those of `keras.ops` and `keras.activations`, by their names."""


@lru_cache
def merging(name: str, maps: int) -> Cost:
    """The cost of making one map of several by a function of two.

    >>> merging("add", 3).arithmetic
    2
    """
    steps = maps - 1
    return Cost(steps, registered=steps, hlo=steps).sloped(name)


@lru_cache
def relu(max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0) -> Cost:
    """The cost of a rectifier with a ceiling, a slope below and a threshold, each where it is set.

    >>> relu().arithmetic, relu(max_value=6).arithmetic, relu(negative_slope=0.1).arithmetic
    (1, 2, 2)
    """
    arithmetic = 1 + (max_value is not None) + bool(negative_slope)
    if negative_slope and max_value is None and not threshold:
        return FUNCTIONS["leaky_relu"]
    # What follows are the steps of Keras' own way: the rectifier, the clipping, the slope's part added at the end.
    registered, hlo = (1, 2) if threshold else ((0, 2) if max_value == 6 else (0, 1))
    if max_value is not None and (threshold or max_value != 6):
        registered, hlo = registered + 2, hlo + 2
    if negative_slope:
        registered, hlo = registered + 3 + bool(threshold), hlo + 4 + bool(threshold)
    clipped = max_value is not None and (bool(threshold) or max_value != 6)
    gradient = (1 if threshold else (4 if max_value == 6 else 2)) + 12 * clipped + 6 * bool(negative_slope)
    return Cost(arithmetic, 0, registered, hlo, (Slope(arithmetic, hlo=gradient),))


def elu(alpha: float = 1.0) -> Cost:
    """The cost of an exponential linear unit; TensorFlow has one of its own for `alpha=1` alone.

    >>> elu().registered, elu(0.5).registered
    (0, 2)
    """
    return FUNCTIONS["elu"] if alpha == 1 else FUNCTIONS["elu"]._replace(registered=2)
