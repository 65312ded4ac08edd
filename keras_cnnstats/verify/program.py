"""XLA's figure for a whole program, and the sum of its figures for the operations, added up as XLA does."""

from collections.abc import Iterator, Sequence
from math import prod
from typing import Any

from keras_cnnstats.measure.counts import CannotMeasureError
from keras_cnnstats.measure.jax import INNER
from keras_cnnstats.verify.calls import Runnable
from keras_cnnstats.verify.jax import flops_of, is_literal, needed


def count_program(call: Runnable) -> tuple[int, int]:
    """Returns XLA's figure for a whole program, and that of its operations, added up as XLA adds them up.

    XLA adds in float32, function by function in the order of the program: with hundreds of operations the seventh digit
    is no longer that of the sum. Where the two are the same, the sum of the operations is what XLA counts, to the last
    FLOP.

    Raises:
        CannotMeasureError: it has loops or conditions.
    """
    import jax

    fed = [jax.ShapeDtypeStruct(spec.shape, spec.dtype) for spec in call.specs]
    closed = jax.make_jaxpr(lambda *tensors: call.run(tensors))(*fed)
    jaxpr = closed.jaxpr

    # Constants are fed too: a product with ones would be gone before XLA counts.
    def run(constants: Sequence[Any], *tensors: Any) -> Any:
        return jax.core.eval_jaxpr(jaxpr, constants, *tensors)

    whole = jax.jit(run).lower(closed.consts, *fed).cost_analysis()["flops"]
    return int(whole), int(_added(jaxpr, jaxpr.outvars, 0.0))


def _added(jaxpr: Any, outputs: Sequence[Any], before: float) -> float:
    """What XLA has added up behind the operations that some outputs need, with what came before them."""
    import numpy as np

    added = np.float32(before)
    for equation, wanted in _backwards(needed(jaxpr, outputs), outputs):
        name, params = equation.primitive.name, equation.params
        if name in ("scan", "cond", "while"):
            raise CannotMeasureError(f"it has a `{name}`")
        inner = next((params[key] for key in INNER if key in params), None)
        if inner is None:
            for part in _parts(equation):
                added += np.float32(part)
            continue
        body = getattr(inner, "jaxpr", inner)
        read = [each for each, is_read in zip(body.outvars, wanted, strict=True) if is_read]
        # A jitted function stays one, with a sum of its own; everything else becomes part of what calls it.
        is_function = name in ("jit", "pjit")
        added = np.float32(added + _added(body, read, 0.0) if is_function else _added(body, read, float(added)))
    return float(added)


def _backwards(steps: Sequence[tuple[Any, list[bool]]], outputs: Sequence[Any]) -> Iterator[tuple[Any, list[bool]]]:
    """The operations in XLA's order: what an operation reads comes before it, the first that it reads first."""
    makers = {each: place for place, (equation, _) in enumerate(steps) for each in equation.outvars}
    entered: set[int] = set()
    left: set[int] = set()
    waiting = [makers[each] for each in reversed(outputs) if not is_literal(each) and each in makers]
    while waiting:
        place = waiting[-1]
        if place in entered:
            waiting.pop()
            if place not in left:
                left.add(place)
                yield steps[place]
            continue
        entered.add(place)
        read = [makers[each] for each in steps[place][0].invars if not is_literal(each) and each in makers]
        waiting += [each for each in reversed(read) if each not in entered]


def _parts(equation: Any) -> list[float]:
    """What XLA counts for an operation: a function of each value is several operations to it, one after the other."""
    if _changes_nothing(equation):
        return []
    fed, made = [tuple(each.aval.shape) for each in equation.invars], tuple(equation.outvars[0].aval.shape)
    flops, values = flops_of(equation), prod(made)
    # A pooling may make as many values too, but is one operation.
    is_function = "window" not in equation.primitive.name and values and not flops % values
    return [float(values)] * int(flops // values) if is_function and fed == [made] else [flops]


def _changes_nothing(equation: Any) -> bool:
    """Whether it is `x + 0`, `x - 0` or `x * 1`, with a number that is written down: gone before XLA counts."""
    name, tensors = equation.primitive.name, equation.invars
    neutral = {"add": 0, "sub": 0, "mul": 1}.get(name)
    written = [each for each in (tensors[1:] if name == "sub" else tensors) if is_literal(each)]
    return neutral is not None and any(each.val == neutral for each in written)
