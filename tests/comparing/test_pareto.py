"""The Pareto plot: where the points stand, and which are on the front."""

import sys
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot

from keras_cnnstats.errors import CNNStatsError, MissingDependencyError
from keras_cnnstats.render.comparison.pareto import COLORS, Point, front
from tests.comparing.handmade import COMPARISONS, compared, conv, report, seeing
from tests.render.handmade import HOSTILE

MODELS = compared(
    report(conv("c", 8), peak=9), report(conv("c", 16), peak=5), report(conv("c", 64), conv("d"), peak=5),
    report(conv("c", 4), conv("d", 4), peak=20), names=("light", "balanced", "beaten", "tiny"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def drawn(ax, color=None):
    """The points that are drawn, of a color or of all."""
    found = [line for line in ax.lines if line.get_marker() in ("o", "^") and len(line.get_xdata())]
    return [tuple(line.get_xydata()[0]) for line in found if color is None or line.get_color() == color]


def labels(ax):
    return ax.get_legend_handles_labels()[1]


@pytest.mark.parametrize("name", sorted(set(COMPARISONS) - {"empty"}))
@pytest.mark.parametrize("pair", [("flops", "params"), ("rf", "macs"), ("peak_activation_bytes", "local_rf")])
def test_every_comparison_can_be_drawn(name, pair):
    COMPARISONS[name].plot.pareto(*pair).figure.savefig("/dev/null", format="png")


def test_points_stand_where_the_totals_say_under_their_names():
    ax = MODELS.plot.pareto()
    totals = MODELS.totals
    assert sorted(drawn(ax)) == sorted(zip(totals["flops"].values, totals["params"].values, strict=True))
    assert sorted(text.get_text() for text in ax.texts) == sorted(MODELS.names)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("FLOPs (batch size 1, textbook)", "Params")


def test_the_front_is_what_nobody_beats():
    ax = MODELS.plot.pareto("flops", "peak_activation_bytes")
    flops = MODELS.totals["flops"].values
    assert sorted(drawn(ax, COLORS[0])) == [(flops[0], 9), (flops[1], 5)]
    assert labels(ax) == ["front", "beaten"]


def test_of_a_field_more_is_better():
    pair = compared(report(seeing(conv("c"), 3)), report(seeing(conv("c"), 9)))
    flops = pair.totals["flops"].values[0]
    assert drawn(pair.plot.pareto("flops", "rf"), COLORS[0]) == [(flops, 9)]
    assert drawn(pair.plot.pareto("flops", "rf", better={"rf": "min"}), COLORS[0]) == [(flops, 3)]
    assert drawn(pair.plot.pareto("flops", "rf_h"), COLORS[0]) == [(flops, 9)]


def test_what_sees_all_stands_at_the_edge():
    whole = seeing(conv("c"), inf)
    ax = compared(report(whole), report(conv("c", 4))).plot.pareto("flops", "rf")
    assert 1 in [y for _, y in drawn(ax)]
    assert "at the edge: sees all of the input" in labels(ax)


def test_unknown_is_not_drawn_and_a_lower_bound_is_not_on_the_front():
    unknown = compared(report(conv("c")), report(conv("c", work=None)), report(peak=None))
    ax = unknown.plot.pareto("flops", "peak_activation_bytes")
    assert "not shown, unknown: c" in labels(ax)
    assert "lower bound: has more" in labels(ax)
    assert drawn(ax, COLORS[0]) == [(unknown.totals["flops"].values[0], 1000)]


@pytest.mark.parametrize(("filters", "scale"), [((8, 16), "linear"), ((8, 800), "log")])
def test_an_axis_is_logarithmic_where_values_span_far(filters, scale):
    pair = compared(*(report(conv("c", each)) for each in filters))
    ax = pair.plot.pareto()
    assert (ax.get_xscale(), ax.get_yscale()) == (scale, scale)


def test_it_draws_where_it_is_told_to():
    ax = pyplot.subplots()[1]
    assert MODELS.plot.pareto(ax=ax) is ax
    assert len(pyplot.get_fignums()) == 1


def test_of_many_the_front_has_names():
    many = compared(*(report(conv("c", each + 1)) for each in range(40)), names=tuple(map(str, range(40))))
    assert [text.get_text() for text in many.plot.pareto().texts] == ["0"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_is_a_formula(name):
    pair = compared(report(conv("c")), report(conv("c", 4)), names=(name, f"{name}2"))
    pair.plot.pareto().figure.savefig("/dev/null", format="png")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": "flop"}, "Received: 'flop'. Did you mean `flops`"),
        ({"better": {"flops": "more"}}, "Received: 'more' for 'flops'"),
        ({"better": {"macs": "max"}}, "for flops or params"),
    ],
)
def test_what_is_no_quantity_is_an_error(arguments, message):
    with pytest.raises(CNNStatsError, match=message):
        MODELS.plot.pareto(**arguments)
    assert pyplot.get_fignums() == []


def test_without_matplotlib_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'keras-cnnstats\[plot\]'"):
        MODELS.plot.pareto()


COORDINATE = st.integers(0, 5) | st.just(inf)


@given(
    st.lists(st.tuples(COORDINATE, COORDINATE, st.booleans()), max_size=12), st.sampled_from([1, -1]),
    st.sampled_from([1, -1]),
)  # fmt: skip
def test_the_front_by_brute_force(places, first, second):
    points = [Point(str(n), (float(x), float(y)), bound) for n, (x, y, bound) in enumerate(places)]

    def beats(one, other):
        ours, theirs = ((first * point.place[0], second * point.place[1]) for point in (one, other))
        return ours != theirs and ours[0] <= theirs[0] and ours[1] <= theirs[1]

    exact = [point for point in points if not point.is_bound]
    expected = {point for point in exact if not any(beats(other, point) for other in exact)}
    assert set(front(points, (first, second))) == expected
