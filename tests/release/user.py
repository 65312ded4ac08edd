"""A script as a user writes it: it runs on the installed package, and a strict type checker has nothing to say."""

from pathlib import Path

import keras
import pandas as pd

import keras_cnnstats as cnnstats
from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import Cost, Elementwise, Primitive


class Swish(keras.layers.Layer):
    """A layer that nobody has seen."""

    def call(self, x: object) -> object:
        """Returns x * sigmoid(x)."""
        return x * keras.ops.sigmoid(x)


def swish(call: Call) -> list[Primitive]:
    """The rule for it."""
    cost = Cost(arithmetic=3, transcendentals=1, registered=1, hlo=4)
    return [Elementwise(cost=cost, elements=call.output.elements)]


def network() -> keras.Model:
    """A small network with that layer."""
    layers = [keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 3, name="conv"), Swish(name="swish")]
    return keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(10)])


def main() -> None:
    """Reports, measures, compares and stores."""
    model = network()
    report: cnnstats.Report = cnnstats.report(model, verbose=False)
    row: cnnstats.Row = report["conv"]
    macs: int | None = row.macs
    assert macs == 30 * 30 * 27 * 8
    assert row.receptive_field == (3, 3)
    assert [each.source for each in report.rows if each.layer.startswith("swish")] == ["traced", "traced"]
    ruled = cnnstats.analyze(model, rules={Swish: swish})
    assert ruled["swish"].source == "rule"
    assert ruled.totals.flops == report.totals.flops
    measured = report.verify(only=["work", "params"])
    assert measured.verification is not None
    assert measured.verification.differing == ()
    frame: pd.DataFrame = report.to_dataframe()
    assert frame["macs"].sum() == report.totals.macs
    change: cnnstats.Comparison = cnnstats.compare(report, ruled)
    assert change.to_markdown()
    stored = Path("report.json")
    stored.write_text(report.to_json(), encoding="utf-8")
    assert cnnstats.Report.from_json(stored.read_text(encoding="utf-8")).totals == report.totals
    try:
        cnnstats.assert_budget(model, max_params="1k")
    except cnnstats.BudgetError as error:
        print(str(error).splitlines()[0])
    print(report.totals.params, "parameters,", report.totals.macs, "MACs")


if __name__ == "__main__":
    main()
