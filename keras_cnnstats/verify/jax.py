"""The referee of JAX: XLA's cost analysis of each operation of a trace, before anything is optimised away."""

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

from keras_cnnstats.measure.counts import CannotMeasureError
from keras_cnnstats.verification import Term
from keras_cnnstats.verify.calls import Runnable
from keras_cnnstats.verify.figures import Figures, total

NAME = "XLA's cost analysis"
CONVENTION = "xla"

_CONTRACTIONS = frozenset({"conv_general_dilated", "dot_general", "ragged_dot_general"})
_INNER = ("jaxpr", "call_jaxpr", "fun_jaxpr")
"""Where a primitive that only runs another jaxpr has it."""

_ZEROS = "of a softplus by itself, it counts two additions of 0"
_LOOP = "it counts the body of a loop once"
_LAST = "the last turn of a loop also makes what the next one would read"
_RESIZING = "an image is resized by matrix products with weights for each axis"
_LOGIC = ("logic", "it counts the logic of truth values as one operation for each")
_CONVERSIONS = "it counts conversions from one dtype to another as one operation for each value"
_EXPANDED = frozenset({"erf", "erfc"})
_EXPANSION = "it counts the terms of the polynomial that stands for a function of half precision"
_MISCOUNTED = {
    "gather": ("bounds", "it counts that each value of a lookup is compared with the bounds"),
    **dict.fromkeys(("and", "not", "or", "xor"), _LOGIC),
}
_PLACES = "it counts the arithmetic of places, sizes and constants"


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
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
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
    for equation, wanted in _needed(jaxpr, outputs):
        reads = [None if _is_literal(each) else known.get(each, False) for each in equation.invars]
        known.update(dict.fromkeys(equation.outvars, any(reads)))
        found.append(_of_equation(equation, reads, wanted, makes_numbers))
    return total(found)


def _needed(jaxpr: Any, outputs: Sequence[Any]) -> list[tuple[Any, list[bool]]]:
    """The equations that some outputs need, in their order, and which of what each makes is read."""
    wanted = {each for each in outputs if not _is_literal(each)}
    found = []
    for equation in reversed(jaxpr.eqns):
        read = [each in wanted for each in equation.outvars]
        if equation.effects or any(read):
            wanted.update(each for each in equation.invars if not _is_literal(each))
            found.append((equation, read))
    return found[::-1]


def _read(jaxpr: Any) -> tuple[bool, ...]:
    """Which inputs of a trace its outputs depend on."""
    from jax.interpreters.partial_eval import dce_jaxpr

    return tuple(dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))[1])


def _is_literal(each: Any) -> bool:
    return hasattr(each, "val")


def _of_equation(equation: Any, reads: Sequence[bool | None], wanted: Sequence[bool], makes_numbers: bool) -> Figures:
    name, params = equation.primitive.name, equation.params
    if name == "scan":
        body = params["jaxpr"].jaxpr
        # What goes round is read by the next turn, and of the last turn only what is read behind the loop.
        read = [each for place, each in enumerate(body.outvars) if place < params["num_carry"] or wanted[place]]
        behind = [each for each, is_read in zip(body.outvars, wanted, strict=True) if is_read]
        once, last = (_of_jaxpr(body, [True] * len(body.invars), each, makes_numbers) for each in (read, behind))
        more = [all_ - needed for all_, needed in zip(once.net, last.net, strict=True)]
        return once.repeated(params["length"], _LOOP).with_terms("last turn", *more, _LAST)
    if name == "cond":
        branches = {_of_jaxpr(each.jaxpr, reads[1:], each.jaxpr.outvars, makes_numbers) for each in params["branches"]}
        if len(branches) > 1:
            raise CannotMeasureError("the branches of a condition cost differently")
        return branches.pop()
    if name == "while":
        raise CannotMeasureError("how often a loop runs depends on the values")
    inner = next((params[key] for key in _INNER if key in params), None)
    if inner is not None:
        jaxpr = getattr(inner, "jaxpr", inner)
        read = [each for each, is_read in zip(jaxpr.outvars, wanted, strict=True) if is_read]
        if params.get("name") == "_var":
            # The count of a variance has in it what becomes of the degrees of freedom that are written down.
            reads = [bool(each) for each in reads]
        figures = _of_jaxpr(jaxpr, reads, read, makes_numbers)
        if params.get("name") == "_resize":
            figures = figures.with_terms("resizing", figures.net[0], 0, _RESIZING)
        # Of log(exp(x) + exp(0)), a softplus, it leaves out two additions of 0 once it has seen the whole.
        if jaxpr.debug_info.func_name == "logaddexp" and _is_literal(equation.invars[1]):
            zeros = Term("zeros", 2 * prod(equation.outvars[0].aval.shape), _ZEROS)
            return figures._replace(rest_terms=(*figures.rest_terms, zeros))
        return figures
    flops = _flops(_Bound(equation), tuple((tuple(each.aval.shape), each.aval.dtype) for each in equation.invars))
    if name in _CONTRACTIONS:
        terms = () if any(reads) else (Term("places", int(flops), _PLACES),)
        return Figures(int(flops), terms=terms, resolution=_resolution(flops))
    figures = Figures(rest=int(flops), resolution=_resolution(flops))
    if _is_of_places(equation, reads, makes_numbers):
        return figures._replace(rest_terms=(Term("places", int(flops), _PLACES),))
    if name == "convert_element_type" and any(reads):
        return figures._replace(rest_terms=(Term("conversions", int(flops), _CONVERSIONS),))
    if name in _EXPANDED and equation.outvars[0].aval.dtype.itemsize == 2:
        more = int(flops) - prod(equation.outvars[0].aval.shape)
        return figures._replace(rest_terms=(Term("expansion", more, _EXPANSION),))
    if name in _MISCOUNTED and (name == "gather" or equation.outvars[0].aval.dtype.kind == "b"):
        return figures._replace(rest_terms=(Term(*_MISCOUNTED[name][:1], int(flops), *_MISCOUNTED[name][1:]),))
    return figures


def _is_of_places(equation: Any, reads: Sequence[bool | None], makes_numbers: bool) -> bool:
    made, dtypes = equation.outvars[0].aval, [each.aval.dtype for each in (*equation.invars, *equation.outvars)]
    if not any(reads):
        # Single numbers, such as the 1 / n of a mean, belong to what uses them, unless they are written down.
        return bool(made.shape) or (len(reads) == 1 and reads[0] is None)
    return makes_numbers and any(dtype.kind in "iu" for dtype in dtypes) and not any(map(_is_number, dtypes))


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


def _is_number(dtype: Any) -> bool:
    return dtype.kind in "fcV" or "float" in str(dtype)
