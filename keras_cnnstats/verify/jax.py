"""The referee of JAX: XLA's cost analysis of each operation of a trace, before anything is optimised away."""

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

from keras_cnnstats.measure.counts import BRANCHES, TURNS, CannotMeasureError
from keras_cnnstats.measure.jax import INNER
from keras_cnnstats.verification import Term
from keras_cnnstats.verify.calls import Runnable
from keras_cnnstats.verify.figures import Figures, total
from keras_cnnstats.verify.reasons import of_error

NAME = "XLA's cost analysis"
CONVENTION = "xla"

_CONTRACTIONS = frozenset({"conv_general_dilated", "dot_general", "ragged_dot_general"})
_RANDOM = ("random_", "threefry")
_MIXED = frozenset({"pow", *_CONTRACTIONS})
"""What may be fed numbers of two kinds, of which one becomes the other."""


_ZEROS = "of a softplus by itself, it counts two additions of 0"
_LOOP = "it counts the body of a loop once"
_LAST = "the last turn of a loop also makes what the next one would read"
_RESIZING = "an image is resized by matrix products with weights for each axis"
_LOGIC = ("logic", "it counts the logic of truth values as one operation for each")
_CONVERSIONS = "it counts conversions from one dtype to another as one operation for each value"
_WIDENING = "it counts conversions to the dtype that a function or a product is worked out in, and back"
_PLACED = frozenset({"argmax", "argmin"})
_COMPARISONS = "it counts what it takes to compare two values, their places, and whether they are numbers at all"
_WINDOWS = "some windows that lie side by side and reach into a padding it counts for less"
_RUNNING = frozenset({"cummax", "cummin", "cumprod", "cumsum"})
_RUNS = "it counts what runs along an axis as one window for each value"
_WIDENED = frozenset({"cosh", "digamma", "erf_inv", "erfc", "lgamma", "sinh"})
"""Functions that are made of polynomials, in float32 for half precision too."""

_MISCOUNTED = {
    "gather": ("bounds", "it counts that each value of a lookup is compared with the bounds"),
    **dict.fromkeys(("and", "not", "or", "reduce_and", "reduce_or", "xor"), _LOGIC),
}
_SINGLE = ("places", "of single numbers that are made of constants, some belong to no row")
_PRODUCTS = ("products", "a power that is a whole number is multiplied where it is written as an operator")
_PLACES = "it counts the arithmetic of places, sizes, constants and random numbers"


def count_each(calls: Sequence[Runnable]) -> list[Figures | str]:
    """Returns what XLA counts for each call, or why there is no figure."""
    return [count_whole(call) for call in calls]


def count_whole(call: Runnable) -> Figures | str:
    """Returns what XLA counts for a call or a model, or why there is no figure."""
    import jax

    fed = [jax.ShapeDtypeStruct(spec.shape, spec.dtype) for spec in call.specs]
    try:
        closed, made = jax.make_jaxpr(lambda *tensors: call.run(tensors), return_shape=True)(*fed)
        figures = _of_jaxpr(closed.jaxpr, [True] * len(closed.jaxpr.invars), closed.jaxpr.outvars, call.makes_numbers)
    except CannotMeasureError as reason:
        return str(reason)
    except Exception as error:
        return of_error(error)
    read = _read(closed.jaxpr)[call.held :]
    return figures._replace(shapes=tuple(tuple(each.shape) for each in jax.tree.leaves(made)), reads=read)


def count_training(step: Runnable, learned: Sequence[int]) -> Figures | str:
    """Returns what XLA counts for a step of training, or why there is no figure.

    Args:
        step: the model, called as training calls it.
        learned: which of its tensors are the weights that training changes.
    """
    import jax

    def run(tensors: Sequence[Any]) -> list[Any]:
        def loss(weights: Sequence[Any]) -> Any:
            fed = list(tensors)
            for place, weight in zip(learned, weights, strict=True):
                fed[place] = weight
            made = step.run(fed)
            # Each output is weighed, so that no gradient is a constant.
            return sum((each * each).sum().astype("float32") for each in made if _is_number(each.dtype)), made

        gradients, made = jax.grad(loss, has_aux=True)([tensors[place] for place in learned])
        return [*made, *gradients]

    return count_whole(step._replace(run=run))


def _of_jaxpr(jaxpr: Any, fed: Sequence[bool | None], outputs: Sequence[Any], makes_numbers: bool) -> Figures:
    """The figures of what some outputs need: XLA never sees the rest.

    Args:
        jaxpr: the trace.
        fed: which of its inputs hold values that are fed; `None` for those that are written down as numbers, others are
            made of places, sizes and constants.
        outputs: those of its outputs that are read.
        makes_numbers: whether what it stands in makes floating-point numbers.
    """
    known = dict(zip(jaxpr.invars, fed, strict=True))
    found = []
    for equation, wanted in needed(jaxpr, outputs):
        reads = [None if is_literal(each) else known.get(each, False) for each in equation.invars]
        # Of what random numbers are drawn by, nothing is left in them.
        known.update(dict.fromkeys(equation.outvars, any(reads) and not equation.primitive.name.startswith(_RANDOM)))
        found.append(_of_equation(equation, reads, wanted, makes_numbers))
    return total(found)


def needed(jaxpr: Any, outputs: Sequence[Any]) -> list[tuple[Any, list[bool]]]:
    """Returns the equations that some outputs need, in their order, and which of what each makes is read."""
    wanted = {each for each in outputs if not is_literal(each)}
    found = []
    for equation in reversed(jaxpr.eqns):
        read = [each in wanted for each in equation.outvars]
        if equation.effects or any(read):
            wanted.update(each for each in equation.invars if not is_literal(each))
            found.append((equation, read))
    return found[::-1]


def _read(jaxpr: Any) -> tuple[bool, ...]:
    """Which inputs of a trace its outputs depend on."""
    from jax.interpreters.partial_eval import dce_jaxpr

    return tuple(dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))[1])


def is_literal(each: Any) -> bool:
    """Whether what an equation reads is a number that is written down."""
    return hasattr(each, "val")


def _of_equation(equation: Any, reads: Sequence[bool | None], wanted: Sequence[bool], makes_numbers: bool) -> Figures:
    name, params = equation.primitive.name, equation.params
    if name == "scan":
        body = params["jaxpr"].jaxpr
        # What goes round is read by the next turn, and of the last turn only what is read behind the loop.
        read = [each for place, each in enumerate(body.outvars) if place < params["num_carry"] or wanted[place]]
        behind = [each for each, is_read in zip(body.outvars, wanted, strict=True) if is_read]
        once, last = (_of_jaxpr(body, [True] * len(body.invars), each, makes_numbers) for each in (read, behind))
        contractions, rest = (each - end for each, end in zip(once.net, last.net, strict=True))
        return once.repeated(params["length"], _LOOP).with_terms("last turn", contractions, rest, _LAST)
    if name == "cond":
        branches = {_of_jaxpr(each.jaxpr, reads[1:], each.jaxpr.outvars, makes_numbers) for each in params["branches"]}
        if len(branches) > 1:
            raise CannotMeasureError(BRANCHES)
        return branches.pop()
    if name == "while":
        raise CannotMeasureError(TURNS)
    inner = next((params[key] for key in INNER if key in params), None)
    if inner is not None:
        jaxpr = getattr(inner, "jaxpr", inner)
        read = [each for each, is_read in zip(jaxpr.outvars, wanted, strict=True) if is_read]
        if params.get("name") == "_var":
            # The count of a variance has in it what becomes of the degrees of freedom that are written down.
            reads = [bool(each) for each in reads]
        figures = _of_jaxpr(jaxpr, reads, read, makes_numbers)
        if params.get("name") == "_resize":
            figures = figures.with_terms("resizing", figures.net[0], 0, _RESIZING)
        if params.get("name") == "signbit":
            figures = figures.with_terms(_LOGIC[0], 0, figures.net[1], _LOGIC[1])
        # Of log(exp(x) + exp(0)), a softplus, it leaves out two additions of 0 once it has seen the whole.
        if jaxpr.debug_info.func_name == "logaddexp" and is_literal(equation.invars[1]):
            zeros = Term("zeros", 2 * prod(equation.outvars[0].aval.shape), _ZEROS)
            return figures._replace(rest_terms=(*figures.rest_terms, zeros))
        return figures
    return _of_operation(equation, reads, makes_numbers)


def _of_operation(equation: Any, reads: Sequence[bool | None], makes_numbers: bool) -> Figures:
    name, bound = equation.primitive.name, _Bound(equation)
    fed = [(tuple(each.aval.shape), each.aval.dtype) for each in equation.invars]
    flops = _flops(bound, tuple(fed))
    converted = 0
    if name in _WIDENED or (name in _MIXED and len({dtype for _, dtype in fed}) > 1):
        converted = int(flops - _flops(bound, tuple((shape, "float32") for shape, _ in fed)))
    if name in _CONTRACTIONS:
        term = Term("widening", converted, _WIDENING) if any(reads) else Term("places", int(flops), _PLACES)
        return Figures(int(flops), terms=(term,), resolution=_resolution(flops))
    if name in _RUNNING:
        values, axis = fed[0][0], equation.params["axis"]
        once = prod(values) - prod(values) // max(values[axis], 1)
        found = _term(equation, reads, makes_numbers, once, converted)
        terms = (Term("running", int(flops) - once, _RUNS), *([] if found is None else [found]))
        return Figures(rest=int(flops), rest_terms=terms, resolution=_resolution(flops))
    found = _term(equation, reads, makes_numbers, int(flops), converted)
    if found is None:
        loose = _SINGLE if not any(reads) else _PRODUCTS if name == "integer_pow" else None
        return Figures(
            rest=int(flops),
            resolution=_resolution(flops),
            loose=() if loose is None else (Term(loose[0], int(flops), loose[1]),),
        )
    return Figures(rest=int(flops), rest_terms=(found,), resolution=_resolution(flops))


def _term(equation: Any, reads: Sequence[bool | None], makes_numbers: bool, flops: int, converted: int) -> Term | None:
    """What XLA is known to count otherwise of an operation that is no contraction."""
    name, every = equation.primitive.name, [each.aval for each in (*equation.invars, *equation.outvars)]
    if _is_of_places(equation, reads, makes_numbers):
        is_single = all(not each.shape and _is_whole(each.dtype, "iub") for each in every)
        return Term("counters" if is_single else "places", flops, _PLACES)
    if name == "convert_element_type" and any(reads):
        return Term("conversions", flops, _CONVERSIONS)
    if name.startswith("reduce_window_"):
        windows = prod(every[-1].shape) * (prod(equation.params["window_dimensions"]) - 1)
        return Term("windows", flops - windows, _WINDOWS) if flops != windows else None
    if name in _PLACED:
        return Term("comparisons", flops - prod(every[0].shape) + prod(every[-1].shape), _COMPARISONS)
    if name in _MISCOUNTED and (name == "gather" or _is_whole(every[-1].dtype, "b")):
        return Term(_MISCOUNTED[name][0], flops, _MISCOUNTED[name][1])
    return Term("widening", converted, _WIDENING) if converted else None


def _is_of_places(equation: Any, reads: Sequence[bool | None], makes_numbers: bool) -> bool:
    made, dtypes = equation.outvars[0].aval, [each.aval.dtype for each in (*equation.invars, *equation.outvars)]
    if not any(reads):
        # Single numbers, such as the 1 / n of a mean, belong to what uses them, unless they are written down.
        return bool(made.shape) or (len(reads) == 1 and reads[0] is None)
    return makes_numbers and any(_is_whole(dtype, "iu") for dtype in dtypes) and not any(map(_is_number, dtypes))


class _Bound:
    """A primitive with its parameters; equal where they are written alike."""

    def __init__(self, equation: Any) -> None:
        self.primitive, self.params = equation.primitive, equation.params
        self.text = f"{equation.primitive.name} {sorted((key, str(value)) for key, value in equation.params.items())}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Bound) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __call__(self, *tensors: Any) -> Any:
        return self.primitive.bind(*tensors, **self.params)


def flops_of(equation: Any) -> float:
    """Returns XLA's figure for the operation of an equation by itself."""
    return _flops(_Bound(equation), tuple([(tuple(each.aval.shape), each.aval.dtype) for each in equation.invars]))


@lru_cache(maxsize=65536)
def _flops(bound: _Bound, fed: tuple[Any, ...]) -> float:
    """XLA's figure for one operation by itself."""
    import jax

    places = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in fed]
    found = jax.jit(bound).lower(*places).cost_analysis()
    return 0.0 if not found else max(float(found.get("flops", 0.0)), 0.0)


def _resolution(flops: float) -> int:
    """How far the figure may be off, because it has the seven digits of float32."""
    import numpy as np

    return int(np.spacing(np.float32(flops)) / 2)


def _is_whole(dtype: Any, kinds: str) -> bool:
    """Whether a dtype is of some kinds; that of a random key has none."""
    return getattr(dtype, "kind", "?") in kinds


def _is_number(dtype: Any) -> bool:
    return getattr(dtype, "kind", "?") in "fcV" or "float" in str(dtype)
