"""`analyze` and `report`: the floors, called in order."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

from keras_cnnstats import collector, units
from keras_cnnstats.capture import capture, placement_of, zeros_of
from keras_cnnstats.console import show
from keras_cnnstats.describe import describe
from keras_cnnstats.memory import liveness
from keras_cnnstats.propagate import propagate
from keras_cnnstats.reports import Report, Subject
from keras_cnnstats.rows import Builder
from keras_cnnstats.rules import Rule, find, overridden
from keras_cnnstats.sharding import divisions
from keras_cnnstats.strictness import refuse_unknown
from keras_cnnstats.training import steps_of_training


def analyze(
    model: Any,
    *,
    input_shape: Any = None,
    batch_size: int = 1,
    convention: str = "textbook",
    rules: Mapping[Any, Rule] | None = None,
    strict: bool = False,
    sparsity: bool = False,
    verify: bool = False,
    distribution: Any = None,
) -> Report:
    """Returns what each layer call of a built Keras model costs and sees.

    Nothing is computed, no weight's value is read unless `sparsity` asks for it, and the model stays as it was.

    Args:
        model: a `keras.Model`, Sequential, functional or subclassed, or a `keras.Function`.
        input_shape: shape of one sample without the batch axis, where the model leaves it open or another is wanted; a
            list or dict of shapes in the structure of the model's inputs; or arrays.
        batch_size: samples that all work is counted for.
        convention: how FLOPs are counted: `"textbook"`, `"macs"`, `"2macs"`, `"tf"` or `"xla"`.
        rules: rules for this analysis alone, by layer class or function of `keras.ops`; they go before the others.
        strict: whether a row of unknown cost is an error.
        sparsity: whether to count zero weights and the MACs that remain without them: values are read for that alone.
        verify: whether to hold each number against a measurement (see `Report.verify`); with `strict`, one that differs
            is an error.
        distribution: a `keras.distribution.DataParallel` or `ModelParallel`, of which the report tells what each device
            holds and computes; by default the one that is set, if any. Its devices need not be there.

    Returns:
        The report.

    Raises:
        ModelError: `model` is no model that can be analysed.
        DistributionError: `distribution` is not one, or divides a weight into parts that are not equal.
        InputShapeError: `input_shape` or `batch_size` does not fit.
        ConventionError: `convention` is not one of the five.
        UnknownCostError: `strict` and there are rows of unknown cost.
        VerificationError: `strict` and `verify`, and a measurement differs.

    Example:

    >>> import keras, keras_cnnstats as cnnstats
    >>> model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 3, padding="same")])
    >>> row = cnnstats.analyze(model).rows[0]
    >>> row.macs, row.flops, row.params, row.receptive_field
    (221184, 442368, 224, (3, 3))
    """
    units.check_convention(convention)
    # Of the many small records none is garbage.
    with collector.paused():
        result = _analyzed(model, input_shape, batch_size, convention, rules, sparsity, distribution)
    if strict:
        refuse_unknown(result)
    return result.verify(model, strict=strict) if verify else result


def _analyzed(
    model: Any,
    input_shape: Any,
    batch_size: int,
    convention: str,
    rules: Mapping[Any, Rule] | None,
    sparsity: bool,
    distribution: Any,
) -> Report:
    look_up = cache(partial(find, overrides=rules))

    def is_known(target: Any) -> bool:
        return look_up(target).is_certain

    with overridden(rules), capture(model, input_shape, batch_size, is_known) as graph:
        described = [describe(call, look_up) for call in graph.calls]
    propagated = propagate(graph, [each.spreads for each in described], [each.kinds for each in described])
    placement = placement_of(model, distribution)
    zeros = zeros_of(model) if sparsity else None
    builder = Builder(graph, propagated, liveness(graph), convention, zeros, placement)
    steps = steps_of_training(graph, described)
    divided = [None] * len(graph.calls) if placement is None else divisions(graph, described, placement)
    for call, each, seen, step, division in zip(graph.calls, described, propagated.seen, steps, divided, strict=True):
        builder.add(call, each, seen, step, division)
    return replace(builder.report(), subject=Subject(model, input_shape, is_known, rules, distribution))


def report(
    model: Any,
    *,
    input_shape: Any = None,
    batch_size: int = 1,
    convention: str = "textbook",
    rules: Mapping[Any, Rule] | None = None,
    strict: bool = False,
    sparsity: bool = False,
    verify: bool = False,
    distribution: Any = None,
    verbose: bool | None = None,
) -> Report:
    """Prints what each layer call of a built Keras model costs and sees, and returns it.

    Args:
        model: see `analyze`, as for all arguments but the last.
        input_shape: see `analyze`.
        batch_size: see `analyze`.
        convention: see `analyze`.
        rules: see `analyze`.
        strict: see `analyze`.
        sparsity: see `analyze`.
        verify: see `analyze`.
        distribution: see `analyze`.
        verbose: whether to print; by default everywhere but in a notebook, where the returned object shows itself.

    Returns:
        The report.

    Raises:
        CNNStatsError: see `analyze`.

    Example:

    >>> import keras, keras_cnnstats as cnnstats
    >>> model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 3, padding="same")])
    >>> result = cnnstats.report(model, verbose=False)
    >>> result.totals.macs, result.totals.params
    (221184, 224)
    """
    result = analyze(
        model,
        input_shape=input_shape,
        batch_size=batch_size,
        convention=convention,
        rules=rules,
        strict=strict,
        sparsity=sparsity,
        verify=verify,
        distribution=distribution,
    )
    show(result, verbose)
    return result
