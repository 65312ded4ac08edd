"""Which rows of the table of reference layers are explained."""

from collections.abc import Sequence

from tests.layers.configurations import Configuration

IN_BOTH_FORMATS = ("strided_same", "causal_strided", "multiplier", "overlapping")


def some(rows: Sequence[Configuration], kind: str) -> list[Configuration]:
    """The layers of a kind on signals and images: channels last, those that differ most with channels first too.

    A convolution over steps is one over rows and columns with an axis less, but for what is causal.
    """
    once = {str(row): row for row in rows if kind in row.layer and row.rank < 3}
    return [
        row
        for row in once.values()
        if (row.data_format == "channels_last" or row.label in IN_BOTH_FORMATS)
        and (row.layer != "ReferenceConv1D" or "causal" in row.label)
    ]
