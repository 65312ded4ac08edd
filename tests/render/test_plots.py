"""The plots of a report: what stands on the axes is what the report says."""

import sys
from itertools import accumulate
from math import inf, isnan

import numpy as np
import pytest
from matplotlib import pyplot

from keras_cnnstats.errors import CNNStatsError, MachineError, MissingDependencyError
from keras_cnnstats.render.plots import QUANTITIES
from keras_cnnstats.reports import Report
from tests.render.handmade import REPORTS, awkward, header, row

MACHINE = {"peak_flops": 1e12, "bandwidth": 1e10}
PLOTS = {
    "receptive_field": lambda report, ax=None: report.plot.receptive_field(ax=ax),
    "cost": lambda report, ax=None: report.plot.cost(ax=ax),
    "cumulative": lambda report, ax=None: report.plot.cumulative(ax=ax),
    "roofline": lambda report, ax=None: report.plot.roofline(**MACHINE, ax=ax),
}


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def line(ax, label):
    (found,) = [line for line in ax.lines if line.get_label() == label]
    return found


def labels(ax):
    return ax.get_legend_handles_labels()[1]


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("name", REPORTS)
def test_every_report_can_be_drawn(name, plot):
    ax = PLOTS[plot](REPORTS[name])
    ax.figure.savefig("/dev/null", format="png")


@pytest.mark.parametrize("plot", PLOTS)
def test_it_draws_where_it_is_told_to(plot):
    ax = pyplot.subplots()[1]
    assert PLOTS[plot](REPORTS["small"], ax) is ax
    assert len(pyplot.get_fignums()) == 1


@pytest.mark.parametrize("plot", PLOTS)
def test_the_model_is_named_and_nothing_in_its_name_is_a_formula(plot):
    report = Report(header(model="a $x$ \n 層"), REPORTS["small"].rows)
    assert PLOTS[plot](report).get_title(loc="left") == "a $x$ \\n ?"


# Receptive fields


@pytest.mark.parametrize("name", ["small", "long", "awkward", "t", "hw", "dhw"])
def test_the_line_of_each_axis_has_the_fields(name):
    report = REPORTS[name]
    ax = report.plot.receptive_field()
    drawn = [line for line in ax.lines if (line.get_label() or "").startswith("receptive field")]
    for axis, letter in enumerate(report.axes):
        sizes = [row.receptive_field[axis] for row in report.rows]
        expected = [np.nan if size in (None, inf) else float(size) for size in sizes]
        of_axis = [line for line in drawn if np.array_equal(line.get_ydata(), expected, equal_nan=True)]
        assert of_axis, letter
        whole = [number for number, size in enumerate(sizes) if size == inf]
        marked = [list(line.get_xdata()) for line in ax.lines if (line.get_label() or "").strip("_") == "whole input"]
        assert not whole or whole in marked


def test_axes_that_are_alike_share_a_line():
    assert [name for name in labels(REPORTS["small"].plot.receptive_field()) if "field" in name] == ["receptive field"]
    assert labels(REPORTS["dhw"].plot.receptive_field())[:3] == [f"receptive field ({letter})" for letter in "dhw"]


def test_the_local_field_is_dashed_where_it_is_another():
    report = awkward()
    place = [row.layer for row in report.rows].index("squeeze")
    for dashed in [one for one in report.plot.receptive_field().lines if one.get_linestyle() == "--"]:
        known = [(x, y) for x, y in dashed.get_xydata() if not isnan(y)]
        assert (place, 9) in known
    assert "local" not in labels(REPORTS["small"].plot.receptive_field())


def test_the_input_size_is_a_line_across():
    ax = REPORTS["small"].plot.receptive_field()
    assert list(line(ax, "input: 32").get_ydata()) == [32, 32]
    unsized = Report(header(), (row(input_sizes=(None, 20)),))
    assert [name for name in labels(unsized.plot.receptive_field()) if "input" in name] == ["input: 20 (w)"]


def test_an_unknown_field_is_a_cross():
    ax = awkward().plot.receptive_field()
    assert [row.layer for row in awkward().rows].index("blur") in line(ax, "unknown").get_xdata()


# Cost


@pytest.mark.parametrize("quantity", ["flops", "macs", "params", "train_flops", "activation_bytes", "moved_bytes"])
@pytest.mark.parametrize("name", ["small", "awkward", "long"])
def test_the_bars_are_the_costs(name, quantity):
    report = REPORTS[name]
    values = [getattr(row, quantity) for row in report.rows]
    ax = report.plot.cost(quantity)
    assert [bar.get_height() for bar in ax.patches] == [float(value or 0) for value in values]
    unknown = [number for number, value in enumerate(values) if value is None]
    assert ("unknown" in labels(ax)) == bool(unknown)
    assert not unknown or list(line(ax, "unknown").get_xdata()) == unknown


def test_few_layers_have_their_names_and_the_dearest_of_many():
    few = [text.get_text() for text in REPORTS["small"].plot.cost().get_xticklabels()]
    assert few == [row.layer for row in REPORTS["small"].rows]
    many = Report(header(), tuple(row(f"conv_{number}", params=number) for number in range(100)))
    ax = many.plot.cost("params")
    assert [text.get_text() for text in ax.texts] == ["conv_99", "conv_65", "conv_31"]


def test_the_unit_and_the_convention_stand_at_the_axis():
    assert REPORTS["small"].plot.cost().get_ylabel() == "FLOPs (batch size 1, textbook)"
    assert REPORTS["small"].plot.cost("params").get_ylabel() == "parameters (batch size 1)"


@pytest.mark.parametrize("plot", [lambda plots: plots.cost("flop"), lambda plots: plots.cumulative(["flop"])])
def test_an_unknown_quantity_is_an_error(plot):
    with pytest.raises(CNNStatsError, match="Received: 'flop'. Did you mean `flops`"):  # noqa: RUF043
        plot(REPORTS["small"].plot)
    assert pyplot.get_fignums() == []


def test_the_cumulative_line_ends_with_everything():
    report = REPORTS["small"]
    ax = report.plot.cumulative()
    for quantity, label in (("flops", "FLOPs"), ("params", "parameters")):
        sums = accumulate(getattr(row, quantity) for row in report.rows)
        expected = [100 * part / getattr(report.totals, quantity) for part in sums]
        assert list(line(ax, label).get_ydata()) == expected
        assert expected[-1] == 100
    assert "FLOPs that are known" in labels(awkward().plot.cumulative())


def test_every_quantity_has_a_cumulative_line():
    ax = REPORTS["small"].plot.cumulative(list(QUANTITIES))
    assert [each for each in labels(ax) if each != "unknown"] == list(QUANTITIES.values())


# Roofline


def test_points_stand_under_the_roof_where_the_roofline_says():
    rows = [row(f"conv_{number}", moved_bytes=10 ** (number + 3)) for number in range(4)]
    report = Report(header(), (*rows, row("odd", work=None, moved_bytes=8), row("pad", work=(), moved_bytes=8)))
    result = report.roofline(**MACHINE, verbose=False)
    ax = report.plot.roofline(**MACHINE)
    for limit, points in zip(("compute", "memory"), ax.collections, strict=True):
        expected = [(bound.intensity, bound.attainable_flops) for bound in result.rows if bound.limit == limit]
        shown = [pair for pair in expected if pair[0]]
        assert np.array_equal(points.get_offsets(), shown)
    assert list(ax.lines[0].get_xdata())[1] == result.balance
    assert "not shown, unknown: 1" in labels(ax)
    assert "not shown, without FLOPs: 1" in labels(ax)


def test_a_machine_without_a_speed_is_an_error():
    with pytest.raises(MachineError):
        REPORTS["small"].plot.roofline(peak_flops=0, bandwidth=1)


@pytest.mark.parametrize("plot", PLOTS)
def test_without_matplotlib_the_error_says_how_to_install_it(plot, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'keras-cnnstats\[plot\]'"):
        PLOTS[plot](REPORTS["small"])
