"""What `report` prints and returns."""

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from tests.analysis.models import small_cnn


class Mystery(layers.Layer):
    """Nobody knows what it costs: its call fails."""

    def build(self, shape):
        self.factor = self.add_weight(shape=(shape[-1],))

    def call(self, x):
        raise TypeError("values, please" if x is not None else "")

    def compute_output_shape(self, shape):
        return shape


def with_mystery() -> keras.Model:
    return keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3, name="conv"), Mystery(name="mystery"), layers.ReLU(name="relu")],
        name="with_mystery",
    )


def test_report_prints_the_table_and_returns_the_report(capsys):
    result = cnnstats.report(small_cnn())
    assert capsys.readouterr().out == f"{result}\n"
    assert result == cnnstats.analyze(small_cnn())


def test_report_can_be_silent(capsys):
    cnnstats.report(small_cnn(), verbose=False)
    assert capsys.readouterr().out == ""


def test_analyze_prints_nothing(capsys):
    cnnstats.analyze(small_cnn())
    assert capsys.readouterr() == ("", "")


def test_columns_sum_to_the_totals():
    report = cnnstats.analyze(small_cnn())
    totals = report.totals
    for column in ("params", "trainable_params", "macs", "flops", "transcendentals"):
        assert sum(getattr(row, column) for row in report) == getattr(totals, column)
    assert totals.rows == len(report) == 5


def test_an_unknown_layer_is_unknown_and_its_parameters_count():
    report = cnnstats.analyze(with_mystery())
    row = report["mystery"]
    assert (row.macs, row.flops, row.transcendentals, row.params, row.source) == (None, None, None, 4, "unknown")
    assert row.note == (
        "its call cannot be followed (TypeError: values, please): write it in keras.ops, "
        "or write a rule with @cnnstats.rule(Mystery)"
    )
    assert row.receptive_field == (None, None)
    assert report["relu"].receptive_field == (None, None)
    assert (report.totals.unknown_rows, report.totals.is_lower_bound) == (1, True)


def test_strict_lists_what_is_unknown():
    with pytest.raises(cnnstats.UnknownCostError) as caught:
        cnnstats.analyze(with_mystery(), strict=True)
    assert str(caught.value) == (
        "strict: the cost of 1 of 3 rows is unknown:\n"
        "  mystery (Mystery): its call cannot be followed (TypeError: values, please): write it in keras.ops, "
        "or write a rule with @cnnstats.rule(Mystery)"
    )


@pytest.mark.parametrize("convention", ["textbook", "macs", "2macs", "tf", "xla"])
def test_another_convention_needs_no_other_analysis(convention):
    report = cnnstats.analyze(small_cnn()).with_convention(convention)
    assert report == cnnstats.analyze(small_cnn(), convention=convention)
    assert report.header.convention == convention


def test_reconcile_adds_up_to_every_total(capsys):
    report = cnnstats.analyze(small_cnn())
    result = report.reconcile()
    assert capsys.readouterr().out == f"{result}\n"
    assert result.totals == {
        convention: report.with_convention(convention).totals.flops for convention in result.totals
    }
    assert list(result.totals) == ["textbook", "macs", "2macs", "tf", "xla"]


def test_reconcile_names_the_terms():
    terms = cnnstats.analyze(small_cnn()).reconcile(verbose=False).terms
    named = {term.name: term.flops for term in terms["xla"]}
    assert named["2 x MACs"] == 2 * (32 * 32 * 27 * 8 + 8 * 8 * 72 * 16 + 160)
    # A 3x3 window over 32 positions misses one tap at each edge: 94 of 96 fall inside. At stride 2 over 16 positions,
    # 'same' pads one position behind the last window: 23 of 24.
    assert named["taps in the padding"] == -2 * ((96**2 - 94**2) * 3 * 8 + (24**2 - 23**2) * 8 * 16)


def test_reconcile_says_when_totals_are_lower_bounds():
    assert "lower bounds: 1 layers unknown" in str(cnnstats.analyze(with_mystery()).reconcile(verbose=False))


def test_repr_says_what_it_is():
    assert repr(cnnstats.analyze(small_cnn())) == "<Report of 'small_cnn': 5 rows, 295,072 MACs>"


def test_clipped_field_and_whether_it_exceeds_the_input():
    report = cnnstats.analyze(keras.Sequential([keras.Input((5, 9, 1)), layers.Conv2D(1, 7, padding="same")]))
    row = report.rows[0]
    assert row.receptive_field == (7, 7)
    assert row.clipped_receptive_field == (5, 7)
    assert row.exceeds_input is True
    assert row.center == (0, 0)
