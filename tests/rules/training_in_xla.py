"""What XLA counts of a step of training, and what we count: run with `KERAS_BACKEND=jax`, it prints both as JSON."""

import json
import sys
from collections.abc import Iterator
from math import prod
from typing import Any

import keras
import numpy as np
import pytest

import keras_cnnstats as cnnstats
from tests.rules.training_models import BATCH, EXAMPLES

jax = pytest.importorskip("jax")
jnp = jax.numpy


def counted(function: Any, *arguments: Any) -> int:
    """XLA's count of a function, before anything is optimised away."""
    return int(jax.jit(function).lower(*arguments).cost_analysis()["flops"])


def equations(jaxpr: Any) -> Iterator[Any]:
    """All operations, those inside of others too."""
    for equation in jaxpr.eqns:
        yield equation
        for value in jax.tree.leaves(list(equation.params.values()), is_leaf=lambda each: hasattr(each, "eqns")):
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from equations(inner)


def contractions(function: Any, *arguments: Any) -> int:
    """XLA's count of each contraction in a function, by itself."""
    total = 0
    for equation in equations(jax.make_jaxpr(function)(*arguments).jaxpr):
        if equation.primitive.name in ("dot_general", "conv_general_dilated"):
            fed = [jax.ShapeDtypeStruct(each.aval.shape, each.aval.dtype) for each in equation.invars]
            total += counted(lambda *given, of=equation: of.primitive.bind(*given, **of.params), *fed)
    return total


def measured(model: keras.Model) -> tuple[int, int]:
    """XLA's count of a step without its loss, and of the contractions in it.

    The loss is the sum of the outputs times fixed numbers: for `n` outputs `n` products and `n - 1` additions, and an
    addition for each output of the model but the first. Its gradient is those numbers, for which nothing is counted.
    """
    trained = [weight.value for weight in model.trainable_variables]
    rest = [weight.value for weight in model.non_trainable_variables]
    fed = [jnp.ones((BATCH, *tensor.shape[1:]), tensor.dtype) for tensor in model.inputs]
    inputs = fed if len(fed) > 1 else fed[0]
    made = jax.tree.leaves(jax.eval_shape(lambda: model.stateless_call(trained, rest, inputs, training=True)[0]))
    sloped = [place for place, each in enumerate(made) if jnp.issubdtype(each.dtype, jnp.floating)]
    random = np.random.default_rng(0)
    factors = [random.random(made[place].shape, dtype="float32") for place in sloped]

    def step(trained: Any, rest: Any, inputs: Any, factors: Any) -> Any:
        def loss(trained: Any) -> Any:
            outputs, state = model.stateless_call(trained, rest, inputs, training=True)
            leaves = jax.tree.leaves(outputs)
            parts = [jnp.sum(leaves[place] * factor) for place, factor in zip(sloped, factors, strict=True)]
            total = parts[0]
            for part in parts[1:]:
                total = total + part
            return total, (outputs, state)

        return jax.value_and_grad(loss, has_aux=True)(trained)

    arguments = trained, rest, inputs, factors
    of_the_loss = sum(2 * prod(factor.shape) - 1 for factor in factors) + len(factors) - 1
    return counted(step, *arguments) - of_the_loss, contractions(step, *arguments)


def ours(model: keras.Model) -> tuple[int, int]:
    """Our count of the same under the `xla` convention."""
    report = cnnstats.analyze(model, batch_size=BATCH, convention="xla")
    assert report.totals.unknown_train_rows == 0
    return report.totals.train_flops, 2 * sum(row.training.total.inside for row in report.rows)


def main() -> None:
    found = {}
    for name, example in EXAMPLES.items():
        model = example.build()
        found[name] = {"measured": measured(model), "ours": ours(model)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
