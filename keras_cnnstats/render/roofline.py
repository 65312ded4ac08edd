"""A report held against a machine: as text, as a DataFrame, and for notebooks."""

from html import escape
from typing import TYPE_CHECKING

from keras_cnnstats import units
from keras_cnnstats.render.cells import count_text, layer_name, plain
from keras_cnnstats.render.dataframe import series
from keras_cnnstats.render.text import output_glyphs
from keras_cnnstats.roofline import Bound, Roofline

if TYPE_CHECKING:
    import pandas

TITLES = ("Layer", "Type", "FLOPs", "Bytes moved", "FLOPs per byte", "Bound by", "Attainable")


def to_text(result: Roofline) -> str:
    """Returns the machine, a line for each call, and what waits for memory all together."""
    from tabulate import tabulate

    glyphs = output_glyphs()
    alignment = ("left", "left", "right", "right", "right", "left", "right")
    table = tabulate(
        [tuple(map(glyphs.carried, _cells(row))) for row in result.rows],
        headers=TITLES,
        tablefmt=glyphs.table,
        colalign=alignment if result.rows else None,
        disable_numparse=True,
    )
    return f"{glyphs.carried(_title(result))}\n\n{table}\n\n{_sum(result)}"


def _title(result: Roofline) -> str:
    header = result.header
    return (
        f'Model "{plain(header.model)}", batch size {header.batch_size}, {plain(header.dtype)}, FLOPs '
        f"({plain(header.convention)}), on a machine of {units.si(round(result.peak_flops))}FLOPS and "
        f"{units.si(round(result.bandwidth))}B/s: balance {result.balance:,.3g} FLOPs per byte"
    )


def _cells(row: Bound) -> tuple[str, ...]:
    intensity = "?" if row.intensity is None else f"{row.intensity:,.3g}"
    reached = "?" if row.attainable_flops is None else f"{units.si(round(row.attainable_flops))}FLOPS"
    name = layer_name(row.layer, row.call)
    return name, plain(row.type), count_text(row.flops), count_text(row.moved_bytes), intensity, row.limit, reached


def _sum(result: Roofline) -> str:
    flops = sum(row.flops or 0 for row in result.rows)
    share = f", {result.memory_bound_flops / flops:.1%} of the FLOPs" if flops else ""
    unknown = sum(row.limit == "unknown" for row in result.rows)
    rest = f"; {unknown:,} unknown" if unknown else ""
    return f"Memory-bound: {len(result.memory_bound):,} of {len(result.rows):,} calls{share}{rest}"


def to_dataframe(result: Roofline) -> "pandas.DataFrame":
    """Returns one row per call."""
    import pandas as pd

    names = ("layer", "type", "call", "flops", "moved_bytes", "intensity", "limit", "attainable_flops")
    columns = {name: [getattr(row, name) for row in result.rows] for name in names}
    texts = ("layer", "type", "limit")
    return pd.DataFrame(
        {name: pd.Series(values) if name in texts else series(name, values) for name, values in columns.items()}
    )


def to_notebook(result: Roofline) -> str:
    """Returns the same as an HTML table."""
    head = "".join(f"<th>{escape(title)}</th>" for title in TITLES)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(row)) + "</tr>" for row in result.rows
    )
    return f"<p>{escape(_title(result))}</p><table><tr>{head}</tr>{body}</table><p>{escape(_sum(result))}</p>"
