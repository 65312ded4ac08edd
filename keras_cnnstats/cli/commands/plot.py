"""`cnnstats plot`: a picture of a report."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from keras_cnnstats.cli.options import Asked, ModelName, model_options
from keras_cnnstats.cli.output import check_output
from keras_cnnstats.cli.reading import report_of
from keras_cnnstats.cli.stages import stage
from keras_cnnstats.errors import missing
from keras_cnnstats.render.files import deliver_bytes

KINDS = ("receptive-field", "cost", "cumulative", "roofline", "pareto")
SUFFIXES = (".png", ".svg", ".pdf", ".jpg", ".jpeg", ".webp")


EXAMPLES = """\b
cnnstats plot ResNet50 -o field.svg
cnnstats plot ResNet50 -k roofline --peak-flops 312e12 --bandwidth 2e12 -o roofline.png
cnnstats plot MobileNetV2 MobileNetV3Small EfficientNetB0 -k pareto -o front.pdf"""


@click.command(epilog=EXAMPLES)
@click.argument("models", metavar="MODEL...", nargs=-1, required=True, type=ModelName())
@click.option("--kind", "-k", type=click.Choice(KINDS), default=KINDS[0], show_default=True)
@click.option("--output", "-o", metavar="FILE", required=True, help=f"The picture: {', '.join(SUFFIXES)}.")
@click.option("--peak-flops", type=float, help="For roofline: FLOPs that the machine does in a second.")
@click.option("--bandwidth", type=float, help="For roofline: bytes that it moves in a second.")
@model_options
def command(
    models: Sequence[str],
    kind: str,
    output: str,
    peak_flops: float | None,
    bandwidth: float | None,
    how: Asked,
) -> None:
    """A picture of the report of MODEL, or of several for a Pareto front."""
    if Path(output).suffix.lower() not in SUFFIXES:
        raise click.UsageError(f"--output: expected one of {', '.join(SUFFIXES)}. Received: {output}")
    if kind == "roofline" and (peak_flops is None or bandwidth is None):
        raise click.UsageError("--kind roofline: expected --peak-flops and --bandwidth of the machine.")
    if kind == "pareto" and len(models) < 2:
        raise click.UsageError(f"--kind pareto: expected two models or more. Received: {len(models)}.")
    if kind != "pareto" and len(models) > 1:
        raise click.UsageError(f"--kind {kind}: expected one model. Received: {len(models)}.")
    check_output(output)
    reports = [report_of(name, how) for name in models]
    with stage("Drawing"):
        _save(_drawn(kind, reports, models, peak_flops, bandwidth), output)


def _drawn(
    kind: str, reports: Sequence[Any], names: Sequence[str], peak_flops: float | None, bandwidth: float | None
) -> Any:
    _no_window()
    if kind == "pareto":
        from keras_cnnstats.comparing import compare

        return compare(*reports, names=list(names)).plot.pareto()
    plot = reports[0].plot
    if kind == "roofline":
        return plot.roofline(peak_flops=peak_flops, bandwidth=bandwidth)
    return getattr(plot, kind.replace("-", "_"))()


def _no_window() -> None:
    try:
        import matplotlib
    except ImportError as error:
        raise missing("plot", "matplotlib", "plot") from error
    matplotlib.use("agg")


def _save(axes: Any, output: str) -> None:
    """Saves the figure of some axes: the file appears whole or not at all."""
    figure = axes.figure if hasattr(axes, "figure") else next(iter(axes)).figure
    picture = io.BytesIO()
    figure.savefig(picture, format=Path(output).suffix[1:].lower(), dpi=200, bbox_inches="tight")
    deliver_bytes(picture.getvalue(), output)
