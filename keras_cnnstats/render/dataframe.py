"""The report as a `pandas.DataFrame`, one row per layer call."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from keras_cnnstats.records import Row
from keras_cnnstats.render import SCHEMA_VERSION
from keras_cnnstats.reports import Report
from keras_cnnstats.units import Extent
from keras_cnnstats.verification import Verification

if TYPE_CHECKING:
    import pandas

COUNTS = ("params", "trainable_params", "macs", "flops", "transcendentals")

LATER = (
    "param_bytes", "activation_bytes", "train_macs", "train_flops", "moved_bytes", "intensity", "quantizer_params",
    "zero_weights", "remaining_macs",
)  # fmt: skip
"""Columns behind those that everybody reads."""

DEVICE = ("device_params", "device_param_bytes", "device_macs", "device_flops")
"""What each device of a mesh holds and computes, where the model is distributed."""

MEASURED = ("macs", "flops", "params")
"""Quantities of which the measurement has a column, where the report was verified; as that referee counts them."""

EXTENTS = {
    "rf": "receptive_field",
    "stride": "stride_product",
    "padding": "effective_padding",
    "center": "center",
    "local_rf": "local_receptive_field",
}
"""What the columns per axis are called, and the attribute of a row that each holds."""


def to_dataframe(report: Report) -> "pandas.DataFrame":
    """Returns the rows as a `pandas.DataFrame`; what is unknown, or does not exist on an axis, is `<NA>`.

    Counts are exact: nullable `Int64` where the column and its sum fit, Python integers (`object`) where they do not.
    Columns per axis are `Int64` likewise, and `Float64` where there is a whole input (`inf`) or a fraction in them: a
    stride of 1/3 is rounded there and exact in `report.rows`. Shapes are tuples. `attrs` says what the numbers are of.
    """
    import pandas as pd

    frame = pd.DataFrame({name: series(name, values) for name, values in records(report).items()})
    header = report.header
    frame.attrs = {
        "schema": SCHEMA_VERSION,
        "model": header.model,
        "input_shapes": dict(header.input_shapes),
        "batch_size": header.batch_size,
        "dtype": header.dtype,
        "convention": header.convention,
        "origin": header.origin,
    }
    return frame


def records(report: Report) -> dict[str, list[Any]]:
    """Returns the columns of the DataFrame and the CSV as Python values; `None` is unknown."""
    rows = report.rows
    columns: dict[str, list[Any]] = {
        "layer": [storable(row.layer) for row in rows],
        "type": [storable(row.type) for row in rows],
        "call": [row.call for row in rows],
        "output_shape": [row.output_shape for row in rows],
    }
    columns |= {name: [getattr(row, name) for row in rows] for name in COUNTS}
    for name, attribute in EXTENTS.items():
        for axis, letter in enumerate(report.axes):
            columns[f"{name}_{letter}"] = [_on_axis(row, attribute, axis) for row in rows]
    columns["aligned"] = [row.aligned for row in rows]
    columns["source"] = [storable(row.source) for row in rows]
    columns["disagreements"] = [storable(", ".join(row.disagreements)) for row in rows]
    columns |= {name: [getattr(row, name) for row in rows] for name in LATER}
    if report.header.mesh:
        columns |= {name: [getattr(row, name) for row in rows] for name in DEVICE}
    return columns if report.verification is None else columns | _measurements(report, report.verification)


def _measurements(report: Report, verification: Verification) -> dict[str, list[Any]]:
    """The worst verdict on each row, and what was measured of its work."""
    checks = [{check.quantity: check for check in verification.of(row.layer, row.call)} for row in report.rows]
    return {
        "verdict": [verification.verdict_of(row.layer, row.call) for row in report.rows],
        **{
            f"measured_{name}": [found[name].measured if name in found else None for found in checks]
            for name in MEASURED
        },
    }


def storable(text: str) -> str:
    """Returns text as pandas and files take it."""
    # A lone surrogate is no character: pandas and files refuse it.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _on_axis(row: Row, attribute: str, axis: int) -> Extent:
    values: tuple[Extent, ...] = getattr(row, attribute)
    return values[axis] if axis < len(values) else None


def series(name: str, values: Sequence[Any]) -> "pandas.Series[Any]":
    """Returns a column of the dtype that its name and its values ask for; `None` is `<NA>`."""
    import pandas as pd

    if name == "output_shape":
        return pd.Series(list(values), dtype="object")
    if name in ("layer", "type", "source", "disagreements", "verdict"):
        return pd.Series(list(values), dtype="object" if not values else None)
    dtype = "boolean" if name == "aligned" else _dtype(values)
    exact = dtype != "Float64"
    kept = [pd.NA if value is None else value if exact else float(value) for value in values]
    return pd.Series(kept, dtype=dtype)


def _dtype(values: Sequence[Extent]) -> str:
    known = [value for value in values if value is not None]
    whole = [abs(value) for value in known if isinstance(value, int)]
    if len(whole) == len(known):
        # The sum has to fit too: pandas would let it overflow without a word.
        return "Int64" if sum(whole) < 2**63 else "object"
    return "Float64" if all(value <= 2**53 for value in whole) else "object"
