"""`assert_budget`: each budget at its edge, and what it says where it is not kept."""

import keras
import pytest

import keras_cnnstats as cnnstats
from keras_cnnstats.budgets import LIMITS, check_budget


class Opaque(keras.layers.Layer):
    def call(self, x):  # noqa: ARG002
        raise ValueError("nobody knows")

    def compute_output_spec(self, x):
        return keras.KerasTensor(x.shape)


@pytest.fixture(scope="module")
def model():
    layers = keras.layers
    stack = [
        keras.Input((16, 16, 3)),
        layers.Conv2D(4, 3, strides=2, name="stem"),
        layers.BatchNormalization(name="bn"),
    ]
    made = keras.Sequential([*stack, layers.Flatten(name="flat"), layers.Dense(2, name="head")], name="small")
    made.compile("sgd", "mse")
    return made


@pytest.fixture(scope="module")
def report(model):
    return cnnstats.analyze(model)


def amounts(report):
    totals, memory = report.totals, report.memory
    return {
        "max_params": totals.params,
        "max_trainable_params": totals.trainable_params,
        "max_macs": totals.macs,
        "max_flops": totals.flops,
        "max_train_flops": totals.train_flops,
        "max_weight_memory": totals.param_bytes,
        "max_activation_memory": memory.peak_activation_bytes,
        "max_inference_memory": memory.inference_bytes,
        "max_training_memory": memory.training_bytes,
        "min_receptive_field": 3,
        "max_unexplained": 0,
        "max_unknown": 0,
    }


@pytest.mark.parametrize("name", LIMITS)
def test_each_budget_is_kept_at_its_edge_and_not_behind_it(report, name):
    amount = amounts(report)[name]
    assert cnnstats.assert_budget(report, **{name: amount}) is report
    behind = amount + 1 if name.startswith("min_") else amount - 1
    if behind < 0:
        return
    with pytest.raises(cnnstats.BudgetError, match="1 of 1 budgets is not kept"):
        cnnstats.assert_budget(report, **{name: behind})


def test_all_budgets_at_once(model, report):
    assert cnnstats.assert_budget(model, **amounts(report)) == report


def test_what_is_not_kept_is_listed_with_the_dearest_layers(report):
    with pytest.raises(cnnstats.BudgetError) as caught:
        cnnstats.assert_budget(report, max_params=200, max_macs="1M", min_receptive_field=9)
    # 7 * 7 * 4 * 2 + 2, 3 * 3 * 3 * 4 + 4 and 4 * 4 parameters.
    assert str(caught.value).splitlines() == [
        "small: 2 of 3 budgets are not kept.",
        "  parameters: at most 200, found 522",
        "    head (Dense): 394",
        "    stem (Conv2D): 112",
        "    bn (BatchNormalization): 16",
        "  receptive field of the last map: at least 9, found 3",
        "    flat (Flatten): 3",
    ]


def test_it_is_an_assertion(report):
    with pytest.raises(AssertionError):
        cnnstats.assert_budget(report, max_params=1)


def test_the_options_of_the_analysis(model, report):
    cnnstats.assert_budget(model, convention="macs", max_flops=report.totals.macs)
    with pytest.raises(cnnstats.BudgetError):
        cnnstats.assert_budget(model, batch_size=2, max_macs=report.totals.macs)


def test_a_report_is_held_under_the_convention_that_is_asked_for(report):
    cnnstats.assert_budget(report, convention="macs", max_flops=report.totals.macs)
    with pytest.raises(cnnstats.BudgetError):
        cnnstats.assert_budget(report, max_flops=report.totals.macs)


@pytest.mark.parametrize("option", [{"input_shape": (8, 8, 3)}, {"batch_size": 2}])
def test_a_report_is_not_analysed_again(report, option):
    with pytest.raises(cnnstats.ModelError, match="input_shape and batch_size are for models"):
        cnnstats.assert_budget(report, max_params="1M", **option)


def test_what_is_unknown_keeps_no_budget():
    made = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(3, 1), Opaque(name="opaque")])
    for name in ("max_macs", "max_flops", "max_train_flops"):
        with pytest.raises(cnnstats.BudgetError, match=r"unknown cost add\n +opaque"):
            cnnstats.assert_budget(made, **{name: "1E"})
    with pytest.raises(cnnstats.BudgetError, match=r"found 1\n +opaque"):
        cnnstats.assert_budget(made, max_unknown=0)
    uncompiled = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
    with pytest.raises(cnnstats.BudgetError, match="found unknown"):
        cnnstats.assert_budget(uncompiled, max_training_memory="1EB")
    with pytest.raises(cnnstats.BudgetError, match="found unknown"):
        cnnstats.assert_budget(uncompiled, min_receptive_field=1)


def test_the_axis_that_sees_least_counts():
    made = keras.Sequential([keras.Input((16, 16, 3)), keras.layers.Conv2D(4, (3, 7))])
    cnnstats.assert_budget(made, min_receptive_field=3)
    with pytest.raises(cnnstats.BudgetError):
        cnnstats.assert_budget(made, min_receptive_field=4)


@pytest.mark.parametrize("amount", ["5Q", "-1", -1, 1.5, True, None, "", "1e6", [5], "9" * 100, "5 M B"])
def test_what_is_no_amount(report, amount):
    with pytest.raises(cnnstats.BudgetError, match=r"max_params|at least one budget"):
        cnnstats.assert_budget(report, max_params=amount)


def test_an_unknown_budget(report):
    with pytest.raises(cnnstats.BudgetError, match="Did you mean `max_params`"):
        cnnstats.assert_budget(report, max_parms=1)
    with pytest.raises(cnnstats.BudgetError, match="at least one budget"):
        cnnstats.assert_budget(report)


def test_names_from_a_model_are_text():
    made = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(3, 1, name="a\x1b[31m\nb")], name="m\x1b[2J")
    with pytest.raises(cnnstats.BudgetError) as caught:
        cnnstats.assert_budget(made, max_params=0)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 3


def test_findings_are_data(report):
    finding = check_budget(report, max_params="1k")[0]
    assert (finding.limit.name, finding.allowed, finding.found, finding.is_kept) == ("max_params", 1000, 522, True)
