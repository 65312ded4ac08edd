"""Which calls a machine's memory would hold up, worked out by hand."""

import keras
import pytest
from keras import layers

import keras_cnnstats as cnnstats
from tests.analysis.models import open_sizes


def model() -> keras.Model:
    return keras.Sequential([keras.Input((8, 8, 4)), layers.Conv2D(4, 3, name="conv"), layers.ReLU(name="relu")])


CONV_FLOPS = (2 * 36 - 1 + 1) * 36 * 4
CONV_BYTES = 4 * (8 * 8 * 4 + 6 * 6 * 4 + 36 * 4 + 4)


def test_a_call_waits_for_memory_below_the_balance():
    result = cnnstats.analyze(model()).roofline(peak_flops=3e12, bandwidth=1e12, verbose=False)
    conv, relu = result.rows
    assert result.balance == 3.0
    assert (conv.flops, conv.moved_bytes, conv.intensity) == (CONV_FLOPS, CONV_BYTES, CONV_FLOPS / CONV_BYTES)
    assert (conv.limit, conv.attainable_flops) == ("compute", 3e12)
    assert (relu.limit, relu.attainable_flops) == ("memory", 1 / 8 * 1e12)
    assert result.memory_bound == (relu,)
    assert result.memory_bound_flops == 144


def test_a_call_at_the_balance_is_not_held_up():
    report = cnnstats.analyze(model())
    intensity = report["conv"].intensity
    assert report.roofline(peak_flops=intensity, bandwidth=1, verbose=False).rows[0].limit == "compute"
    assert report.roofline(peak_flops=intensity * 1.01, bandwidth=1, verbose=False).rows[0].limit == "memory"


def test_what_moves_without_arithmetic_waits_for_memory():
    flat = keras.Sequential([keras.Input((8, 8, 4)), layers.Permute((3, 1, 2))])
    (row,) = cnnstats.analyze(flat).roofline(peak_flops=1, bandwidth=1, verbose=False).rows
    assert (row.limit, row.attainable_flops) == ("memory", 0.0)


def test_unknown_stays_unknown():
    result = cnnstats.analyze(open_sizes()).roofline(peak_flops=1e12, bandwidth=1e12, verbose=False)
    assert result.rows[0].limit == "unknown"
    assert result.rows[0].attainable_flops is None
    assert "unknown" in str(result)


def test_weights_of_no_call_are_no_call():
    x = keras.Input((4,))
    made = keras.Model(x, layers.Dense(2, name="dense")(x))
    made.own = made.add_weight(shape=(3,), name="own")
    report = cnnstats.analyze(made)
    assert report.rows[-1].type == "weights of no call"
    assert [row.layer for row in report.roofline(peak_flops=1, bandwidth=1, verbose=False).rows] == ["dense"]


def test_a_call_that_moves_nothing_is_a_call():
    empty = keras.Sequential([keras.Input((0, 4)), layers.ReLU()])
    (row,) = cnnstats.analyze(empty).roofline(peak_flops=1, bandwidth=1, verbose=False).rows
    assert (row.flops, row.moved_bytes, row.intensity, row.limit) == (0, 0, None, "unknown")


def test_it_goes_by_the_convention_of_the_report():
    report = cnnstats.analyze(model(), convention="macs")
    assert report.roofline(peak_flops=1, bandwidth=1, verbose=False).rows[0].flops == 36 * 144


def test_a_batch_reads_the_weights_once():
    one, many = (cnnstats.analyze(model(), batch_size=n)["conv"] for n in (1, 64))
    assert many.intensity > one.intensity


def test_it_is_printed(capsys):
    cnnstats.analyze(model()).roofline(peak_flops=312e12, bandwidth=2.04e12)
    printed = capsys.readouterr().out
    assert "312 TFLOPS and 2.04 TB/s: balance 153 FLOPs per byte" in printed
    assert "Memory-bound: 2 of 2 calls, 100.0% of the FLOPs" in printed


def test_it_comes_as_data():
    frame = cnnstats.analyze(model()).roofline(peak_flops=3, bandwidth=1, verbose=False).to_dataframe()
    assert list(frame["limit"]) == ["compute", "memory"]
    assert frame.dtypes.astype(str)[["flops", "moved_bytes", "intensity"]].tolist() == ["Int64", "Int64", "Float64"]


def test_names_stay_text_in_a_notebook():
    hostile = keras.Sequential([keras.Input((4,)), layers.Dense(2)], name="net")
    hostile.layers[0].name = "<script>"
    page = cnnstats.analyze(hostile).roofline(peak_flops=1, bandwidth=1, verbose=False)._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "fast", None, True])
@pytest.mark.parametrize("name", ["peak_flops", "bandwidth"])
def test_a_speed_is_a_positive_number(name, value):
    speeds = {"peak_flops": 1.0, "bandwidth": 1.0, name: value}
    with pytest.raises(cnnstats.MachineError, match=f"{name}: expected a positive number"):
        cnnstats.analyze(model()).roofline(**speeds)
