"""The zoo crossed with the live registry, and what holds for every layer and operation that has a rule."""

from typing import Any

import keras
import pytest
from keras import ops

import keras_cnnstats as cnnstats
from keras_cnnstats.capture import capture
from keras_cnnstats.rules import registered
from keras_cnnstats.rules.gaps import GAPS
from tests.rules.zoo import ALIASES, LAYERS, MAP, ZOO, Case, analyzed, built, called, cases, name_of
from tests.rules.zoo_more import MORE, UNSAMPLED, more_cases

RULES = [target for target in registered() if target.__module__.startswith("keras.")]
SAMPLED = [target for target in RULES if target not in GAPS and target not in UNSAMPLED]
BOTH = {**ZOO, **MORE}
every_case = pytest.mark.parametrize("case", [*cases(ZOO), *more_cases()], ids=str)

COUNTS = ("call", "params", "trainable_params", "macs", "flops", "transcendentals")
SUMMED = ("params", "trainable_params", "macs", "flops", "transcendentals")


@pytest.mark.parametrize("target", SAMPLED, ids=name_of)
def test_rule_has_an_entry_in_the_zoo(target: Any) -> None:
    assert BOTH.get(target), f"the rule of `{name_of(target)}` has no entry in tests/rules/zoo.py: add a small model"


@pytest.mark.parametrize("target", BOTH, ids=name_of)
def test_entry_of_the_zoo_has_a_rule(target: Any) -> None:
    assert target in RULES, f"`{name_of(target)}` stands in the zoo and has no rule"


@every_case
def test_every_row_has_a_rule(case: Case) -> None:
    with capture(built(case)) as graph:
        targets = [call.target for call in graph.calls]
    assert ALIASES.get(case.target, case.target) in targets
    report = analyzed(case)
    assert [row.note for row in report.rows if row.work is None] == []
    assert {row.source for row in report.rows} == {"rule"}
    assert report.totals.unknown_rows == 0


@every_case
def test_parameters_are_those_of_the_model(case: Case) -> None:
    model, totals = built(case), analyzed(case).totals
    assert totals.params == model.count_params()
    assert totals.trainable_params == sum(weight.numpy().size for weight in model.trainable_weights)
    assert [found for found in analyzed(case).disagreements if not found.explained] == []


@every_case
def test_columns_sum_to_the_totals(case: Case) -> None:
    report = analyzed(case)
    frame = report.to_dataframe()
    assert {name: frame[name].sum() for name in SUMMED} == {name: getattr(report.totals, name) for name in SUMMED}


@every_case
def test_counts_are_integers_in_the_right_order(case: Case) -> None:
    report = analyzed(case)
    values = [getattr(row, name) for row in report.rows for name in COUNTS]
    assert {type(value) for value in values} == {int}
    assert min(values) >= 0
    macs, doubled, textbook, inside = (
        report.with_convention(name).totals.flops for name in ("macs", "2macs", "textbook", "xla")
    )
    assert macs == report.totals.macs
    assert doubled == 2 * macs
    assert textbook >= macs
    assert inside >= 0
    assert all(work.inside <= work.macs for row in report.rows for _, work in row.work or ())


@every_case
def test_second_analysis_is_equal_and_three_samples_cost_three_times_as_much(case: Case) -> None:
    assert cnnstats.analyze(built(case)) == analyzed(case)
    one, three = analyzed(case).totals, cnnstats.analyze(built(case), batch_size=3).totals
    assert (three.macs, three.flops, three.transcendentals) == (
        3 * one.macs,
        3 * one.flops,
        3 * one.transcendentals,
    )
    assert three.params == one.params


class Holder(keras.Model):
    """A model that writes its own call, of one layer that nobody has built."""

    def __init__(self, case: Case) -> None:
        super().__init__()
        self.sample = case.sample
        self.layer = case.target(**case.sample.arguments)

    def call(self, inputs: Any) -> Any:
        return called(self.layer, self.sample, list(inputs))


@pytest.mark.filterwarnings("ignore:You passed `rms_scaling=True`")
@pytest.mark.parametrize("case", [Case(layer, next(iter(samples))) for layer, samples in LAYERS.items()], ids=str)
def test_layer_counts_the_same_in_a_model_that_is_not_built(case: Case) -> None:
    model = Holder(case)
    totals = cnnstats.analyze(model, input_shape=list(case.sample.inputs)).totals
    assert {name: getattr(totals, name) for name in SUMMED} == {
        name: getattr(analyzed(case).totals, name) for name in SUMMED
    }
    assert not model.built


@pytest.mark.parametrize("function", [ops.adaptive_max_pool, ops.adaptive_average_pool], ids=name_of)
def test_shape_that_keras_infers_wrongly_makes_an_unknown_row(function: Any) -> None:
    x = keras.Input(MAP)
    y = function(x, output_size=(4, 3))
    (row,) = cnnstats.analyze(keras.Model(x, y)).rows
    assert y.shape == (None, 9, 4, 3, 4)  # of Keras 3.15; (None, 4, 3, 4) is right, and when it comes, drop this test
    assert row.work is None
    assert row.note.startswith("Keras infers the shape (None, 9, 4, 3, 4) for it")
