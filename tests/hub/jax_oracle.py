"""Multiply-accumulate pairs of a model as JAX is about to run it: counted in the program that JAX traces.

Nothing of keras_cnnstats is imported. Each product of tensors and each convolution of the program is counted from the
shapes of its own operands, padded taps included, and so is what stands in the programs that it calls.
"""

from math import prod
from typing import Any

import jax
import keras
from jax.extend import core

CALLS = ("closed_call", "custom_jvp_call", "custom_vjp_call", "jit", "pjit", "remat", "checkpoint", "core_call")


def macs(model: Any, fed: Any) -> int:
    """Returns the multiply-accumulate pairs of one inference.

    Args:
        model: a Keras model on the JAX backend.
        fed: what it is fed, as `keras.KerasTensor`s of known sizes, in the model's input structure.
    """
    specs = keras.tree.map_structure(lambda tensor: jax.ShapeDtypeStruct(tensor.shape, tensor.dtype), fed)
    weights = [
        [jax.ShapeDtypeStruct(variable.shape, variable.dtype) for variable in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    ]
    program = jax.make_jaxpr(lambda *given: model.stateless_call(*given, training=False)[0])(*weights, specs)
    return _of_program(program.jaxpr)


def _of_program(program: Any) -> int:
    """What depends on nothing that is fed, and on no weight, is a constant that JAX works out beforehand."""
    total, moving = 0, set(program.invars)
    for equation in program.eqns:
        if any(not isinstance(each, core.Literal) and each in moving for each in equation.invars):
            moving.update(equation.outvars)
            total += _of_equation(equation)
    return total


def _of_equation(equation: Any) -> int:
    name = equation.primitive.name
    if name == "dot_general":
        return _product(equation)
    if name == "conv_general_dilated":
        return _convolution(equation)
    inner = [each for each in equation.params.values() if isinstance(each, core.Jaxpr | core.ClosedJaxpr)]
    inner += equation.params.get("branches", ())
    counts = [_of_program(getattr(each, "jaxpr", each)) for each in inner]
    if any(counts) and name not in CALLS:
        raise NotImplementedError(f"a {name} with products in it has no single count")
    return sum(counts)


def _product(equation: Any) -> int:
    """Each output value is a sum over the axes that are contracted."""
    (contracted, _), _ = equation.params["dimension_numbers"]
    first = equation.invars[0].aval.shape
    return prod(equation.outvars[0].aval.shape) * prod(first[axis] for axis in contracted)


def _convolution(equation: Any) -> int:
    """Each output value is a sum over the window and the input channels of its group.

    Where the input is spread out, as in a transposed convolution, each of its values is multiplied by the whole window.
    """
    (taken, made), kernel = (equation.invars[0].aval, equation.outvars[0].aval), equation.invars[1].aval.shape
    numbers = equation.params["dimension_numbers"]
    outputs, channels, *window = (kernel[axis] for axis in numbers.rhs_spec)
    if all(step == 1 for step in equation.params["lhs_dilation"]):
        return prod(made.shape) * prod(window) * channels
    return prod(taken.shape) * prod(window) * outputs // equation.params["feature_group_count"]
