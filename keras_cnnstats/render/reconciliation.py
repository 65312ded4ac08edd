"""The reconciliation as text and for notebooks: a column of terms under each convention's total."""

from collections.abc import Iterator
from html import escape

from keras_cnnstats import units
from keras_cnnstats.reconcile import Reconciliation
from keras_cnnstats.render.cells import plain
from keras_cnnstats.render.text import output_glyphs

SAME_AS = {
    "textbook": "the textbook formulas",
    "macs": "fvcore, ptflops, timm, most papers",
    "2macs": "PyTorch's FlopCounterMode",
    "tf": "TensorFlow's profiler",
    "xla": "XLA's cost analysis (JAX)",
}
"""Who counts in the same way."""


def to_text(result: Reconciliation) -> str:
    """Returns the totals under all conventions as text, each with the terms that it is the sum of."""
    from tabulate import tabulate

    rows = list(_rows(result))
    table = tabulate(rows, tablefmt="plain", colalign=("left", "right", "left"), disable_numparse=True)
    return f"{output_glyphs().carried(_title(result))}\n\n{table}"


def _title(result: Reconciliation) -> str:
    header = result.header
    inputs = ", ".join(str(shape) for _, shape in header.input_shapes)
    title = f'Model "{plain(header.model)}", input {inputs}, batch size {header.batch_size}: one model, many totals'
    if result.unknown_rows:
        title += f" (lower bounds: {result.unknown_rows} layers unknown)"
    return title


def _rows(result: Reconciliation) -> Iterator[tuple[str, str, str]]:
    for convention, terms in result.terms.items():
        total = result.totals[convention]
        yield convention, f"{total:,}", f"{units.si(total)}: {SAME_AS[convention]}"
        for term in terms if len(terms) > 1 else ():
            yield "", f"{term.flops:+,}", f"  {term.name}"


def to_notebook(result: Reconciliation) -> str:
    """Returns the same as an HTML table."""
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td style='text-align:right'>{escape(number)}</td>"
        f"<td style='text-align:left;white-space:pre'>{escape(meaning)}</td></tr>"
        for name, number, meaning in _rows(result)
    )
    return f"<p>{escape(_title(result))}</p><table>{cells}</table>"
