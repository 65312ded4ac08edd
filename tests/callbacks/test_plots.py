"""The curves as a picture: the data on the axes is that of the epochs."""

import sys

import pytest
from matplotlib import pyplot

from keras_cnnstats.callbacks.names import TOTAL_FLOPS, TOTAL_SECONDS
from keras_cnnstats.callbacks.plots import plot
from keras_cnnstats.errors import CNNStatsError, MissingDependencyError

ROWS = [
    {"stage": stage, "epoch": epoch, "loss": 2.0 / (number + 1), "accuracy": 0.1 * number,
     "val_accuracy": value, TOTAL_SECONDS: 2.5 * (number + 1), TOTAL_FLOPS: 10**20 * (number + 1)}
    for number, (stage, epoch, value) in enumerate([(0, 0, 0.1), (0, 1, None), (0, 2, 0.7), (1, 0, 0.5), (1, 1, 0.6)])
]  # fmt: skip


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


def data(ax, label):
    (found,) = [line for line in ax.lines if (line.get_label() or "").startswith(label)]
    return list(found.get_xdata()), list(found.get_ydata())


@pytest.mark.parametrize(
    ("against", "across"),
    [("epoch", [1, 2, 3, 4, 5]), ("seconds", [2.5, 5, 7.5, 10, 12.5]), ("flops", [1e20, 2e20, 3e20, 4e20, 5e20])],
)
def test_curves_are_drawn_over(against, across):
    ax = plot(ROWS, against=against)
    assert data(ax, "training") == (across, [row["accuracy"] for row in ROWS])
    assert data(ax, "validation") == ([across[0], *across[2:]], [0.1, 0.7, 0.5, 0.6])
    assert data(ax, "best validation: 0.7") == ([across[2]], [0.7])
    assert [line.get_xdata()[0] for line in ax.lines if line.get_color() == "0.35"] == [across[2]]
    assert ax.get_ylabel() == "accuracy"


def test_the_least_loss_is_the_best():
    rows = [{"loss": 1.0, "val_loss": value} for value in (3.0, 1.0, float("nan"), 2.0)]
    assert data(plot(rows), "best validation: 1") == ([2], [1.0])


def test_of_an_unknown_direction_none_is_the_best():
    rows = [{"surprise": 1.0, "val_surprise": value} for value in (3.0, 1.0)]
    assert plot(rows, "surprise").get_legend_handles_labels()[1] == ["training", "validation"]


def test_all_three_stand_side_by_side():
    axes = plot(ROWS, against=None)
    assert [ax.get_xlabel() for ax in axes] == ["epochs", "training time (s)", "training work (FLOPs)"]
    given = pyplot.subplots(1, 3)[1]
    assert plot(ROWS, against=None, ax=given) is given


def test_it_draws_where_it_is_told_to():
    ax = pyplot.subplots()[1]
    assert plot(ROWS, "loss", ax=ax) is ax
    assert len(pyplot.get_fignums()) == 1


@pytest.mark.parametrize("rows", [[], [{"loss": None}], [{"loss": float("nan")}], [{"$x$ 層_loss": 1.0}]])
def test_little_can_be_drawn_too(rows):
    ax = plot(rows, next(iter(rows[0])) if rows else None)
    ax.figure.savefig("/dev/null", format="png")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"against": "time"}, "`epoch`, `seconds`, `flops`"), ({"metric": "lost"}, "Did you mean `loss`"),
     ({"against": "flops"}, "epochs with `stats_total_flops`")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_an_error(arguments, message):
    with pytest.raises(CNNStatsError, match=message):
        plot([{"loss": 1.0}], **arguments)
    assert pyplot.get_fignums() == []


def test_without_matplotlib_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'keras-cnnstats\[plot\]'"):
        plot(ROWS)
