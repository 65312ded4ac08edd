"""What the gradient of each elementwise function costs per element, written out from what the forward pass kept."""

from typing import NamedTuple

from keras_cnnstats.units import Work


class Slope(NamedTuple):
    """The cost of a gradient towards one map, per element.

    Attributes:
        arithmetic: additions, subtractions, multiplications, divisions and comparisons of the derivative.
        transcendentals: exponentials, logarithms, roots and their like.
        hlo: what XLA counts for it, with what the forward pass does more than at inference; transcendentals left out.
    """

    arithmetic: int
    transcendentals: int = 0
    hlo: int = 0

    def plus(self, other: "Slope") -> "Slope":
        return Slope(*[a + b for a, b in zip(self, other, strict=True)])

    def over(self, elements: int) -> Work:
        """The cost for so many elements."""
        return Work(
            arithmetic=self.arithmetic * elements,
            transcendentals=self.transcendentals * elements,
            hlo=self.hlo * elements,
        )


FREE = (Slope(0),)
"""The gradient goes on as it came."""

STOPS: tuple[Slope, ...] = ()
"""No gradient passes: the function is flat wherever it has a slope."""

ONE = Slope(1, hlo=1)

WITH_SLOPE = ("float", "bfloat", "complex")
"""How the names of those dtypes begin whose values have a slope."""

# `g` is the gradient that comes, `y` the result, `s` a sigmoid, `t` a tanh, `e` an exponential that was kept.

SLOPES: dict[str, tuple[Slope, ...]] = {
    # Of one map
    "abs": (Slope(2, hlo=5),),  # g if x > 0 else -g
    "absolute": (Slope(2, hlo=5),),
    "arccos": (Slope(4, 1, hlo=4),),  # -g / sqrt(1 - x * x)
    "arccosh": (Slope(3, 1, hlo=3),),  # g / sqrt(x * x - 1)
    "arcsin": (Slope(3, 1, hlo=3),),  # g / sqrt(1 - x * x)
    "arcsinh": (Slope(3, 1, hlo=3),),  # g / sqrt(x * x + 1)
    "arctan": (Slope(3, hlo=3),),  # g / (1 + x * x)
    "arctanh": (Slope(3, hlo=5),),  # g / (1 - x * x)
    "cbrt": (Slope(3, hlo=4),),  # g / (3 * y * y)
    "celu": (Slope(3, hlo=17),),  # g if x > 0 else e * g; the two halves are added
    "clip": (Slope(2, hlo=12),),  # g between the bounds
    "cos": (Slope(2, 1, hlo=2),),  # -g * sin(x)
    "cosh": (Slope(1, 1, hlo=11),),  # g * sinh(x)
    "deg2rad": (ONE,),
    "elu": (Slope(3, hlo=7),),  # g if x > 0 else g * (y + a)
    "erf": (Slope(4, 1, hlo=4),),  # g * c * exp(-x * x)
    "erfc": (Slope(4, 1, hlo=4),),  # g * -c * exp(-x * x)
    "erfinv": (Slope(3, 1, hlo=3),),  # g * c * exp(y * y)
    "exp": (ONE,),  # g * y
    "exp2": (Slope(2, hlo=2),),  # g * y * log(2)
    "expm1": (Slope(2, hlo=2),),  # g * (y + 1)
    "exponential": (ONE,),  # g * y
    "fabs": (Slope(2, hlo=5),),  # g if x > 0 else -g
    "gelu": (Slope(6, 1, hlo=10),),  # g * (c + x * k * exp(x * x * -1 / 2)), with c = (1 + erf(x / sqrt(2))) / 2
    "gelu_tanh": (Slope(9, hlo=14),),  # g * ((1 + t) / 2 + x / 2 * (1 - t * t) * (a + b * x * x))
    "glu": (Slope(4, hlo=5),),  # g * s and g * y * (1 - s), for each output
    "hard_shrink": (Slope(2, hlo=1),),  # g where abs(x) > t
    "hard_sigmoid": (Slope(3, hlo=5),),  # g / 6 between two bounds
    "hard_silu": (Slope(6, hlo=8),),  # g * h + g * x * h'
    "hard_tanh": (Slope(2, hlo=2),),  # g between two bounds
    "i0": (Slope(1, 1, hlo=98),),  # g * i1(x)
    "leaky_relu": (Slope(2, hlo=4),),  # g if x > 0 else a * g
    "log": (ONE,),  # g / x
    "log10": (Slope(2, hlo=2),),  # g / (x * log(10))
    "log1p": (Slope(2, hlo=2),),  # g / (1 + x)
    "log2": (Slope(2, hlo=2),),  # g / (x * log(2))
    "log_sigmoid": (Slope(2, hlo=8),),  # g * e / (1 + e)
    "mish": (Slope(7, hlo=13),),  # g * (t + x * (1 - t * t) * e / (1 + e))
    "nan_to_num": (Slope(3, hlo=3),),  # g where the number is one
    "negative": (ONE,),  # -g
    "rad2deg": (ONE,),
    "reciprocal": (Slope(3, hlo=4),),  # -g * y * y
    "relu": (Slope(1, hlo=2),),  # g where x > 0
    "relu6": (Slope(2, hlo=4),),  # g between two bounds
    "rsqrt": (Slope(3, hlo=3),),  # g * y / x * -1 / 2, the last a constant
    "selu": (Slope(3, hlo=8),),  # g * c if x > 0 else g * c * a * e
    "sigmoid": (Slope(3, hlo=3),),  # g * s * (1 - s)
    "silu": (Slope(4, hlo=6),),  # g * (s + y * (1 - s))
    "sin": (Slope(1, 1, hlo=1),),  # g * cos(x)
    "sinc": (Slope(3, 1, hlo=15),),  # g * (cos(pi * x) - y) / x
    "sinh": (Slope(1, 1, hlo=4),),  # g * cosh(x)
    "soft_shrink": (Slope(2, hlo=4),),  # g outside of two bounds
    "softplus": (Slope(2, hlo=6),),  # g * e / (1 + e)
    "softsign": (Slope(2, hlo=12),),  # g / d / d, with d = 1 + abs(x)
    "sparse_plus": (Slope(4, hlo=7),),  # 0 if x <= -1 else ((x + 1) / 2 * g if x < 1 else g)
    "sparse_sigmoid": (Slope(3, hlo=13),),  # g / 2 between two bounds
    "sqrt": (Slope(2, hlo=2),),  # g / (2 * y)
    "square": (Slope(2, hlo=2),),  # g * 2 * x
    "squareplus": (Slope(4, hlo=6),),  # g * (1 + x / r) / 2
    "tan": (Slope(3, hlo=3),),  # g * (1 + y * y)
    "tanh": (Slope(3, hlo=4),),  # g * (1 - t * t)
    "tanh_shrink": (Slope(2, hlo=6),),  # g * t * t
    "threshold": (ONE,),  # g where x > t
    # Of two maps: towards the first, towards the second
    "add": (Slope(0), Slope(0)),
    "arctan2": (Slope(5, hlo=5), Slope(6, hlo=6)),  # g * b / (a * a + b * b), -g * a / (a * a + b * b)
    "divide": (ONE, Slope(3, hlo=5)),  # g / b, -g * y / b
    "divide_no_nan": (Slope(2, hlo=2), Slope(4, hlo=7)),  # as divide, where b is not 0
    "fmax": (ONE, ONE),  # g where it was chosen
    "fmin": (ONE, ONE),
    "fmod": (Slope(0), Slope(2, hlo=8)),  # g, -g * q
    "hypot": (Slope(2, hlo=36), Slope(2, hlo=36)),  # g * a / y, g * b / y
    "ldexp": (ONE, Slope(2)),  # g * 2 ** b, g * y * log(2)
    "logaddexp": (Slope(2, hlo=6), Slope(2, hlo=6)),  # g * exp(a) / (exp(a) + exp(b))
    "logaddexp2": (Slope(2, hlo=7), Slope(2, hlo=7)),
    "maximum": (Slope(1, hlo=6), Slope(1, hlo=6)),  # g where it was chosen
    "minimum": (Slope(1, hlo=6), Slope(1, hlo=6)),
    "mod": (Slope(0, hlo=3), Slope(2, hlo=12)),  # g, -g * q
    "multiply": (ONE, ONE),  # g * b, g * a
    "polar": (Slope(3, hlo=6), Slope(3, hlo=6)),  # of g = a + b * i: a * cos + b * sin, (b * cos - a * sin) * r
    "power": (Slope(3, hlo=3), Slope(2, 1, hlo=4)),  # g * b * y / a, g * y * log(a)
    "prelu": (Slope(2, hlo=7), ONE),  # g if x > 0 else a * g; towards the slope g * x, which was kept where x < 0
    "subtract": (Slope(0), ONE),  # g, -g
    "true_divide": (ONE, Slope(3, hlo=5)),
    # Flat
    **dict.fromkeys(
        (
            "ceil", "equal", "floor", "floor_divide", "greater", "greater_equal", "isclose", "isfinite", "isinf",
            "isnan", "isneginf", "isposinf", "isreal", "less", "less_equal", "logical_xor", "not_equal", "round",
            "sign", "signbit", "trunc",
        ),
        STOPS,
    ),
}  # fmt: skip
