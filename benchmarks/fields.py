"""Receptive fields of the networks of `keras.applications`, counted and measured, as the table docs/fields.md.

Of each network the last feature map is measured and ten maps before it. Where branches are not aligned, the hull that
was measured stands beside the one that is reported.

Usage: `python benchmarks/fields.py [--inner 10] [--networks ResNet50,VGG16]`. Networks that are not named keep what
was measured of them, in docs/fields.json; `--table` only writes the table of it.
"""

import argparse
import gc
import inspect
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "docs" / "fields.md"
SIZE = 224, 224
"""What networks are fed that leave it open."""

QUANTITIES = ("receptive_field", "local_receptive_field")
HEAD = """| network | input | last map | counted | measured | counted, local | measured, local | maps | verdicts |
| --- | --- | --- | --- | --- | --- | --- | ---: | --- |"""
HEAD_OF_HULLS = """| network | map | counted | measured | verdict |
| --- | --- | --- | --- | --- |"""

Record = dict[str, Any]
"""What was measured of one network, as JSON has it."""


def networks() -> list[str]:
    """The names of all networks, in order."""
    import keras

    return sorted(name for name, build in vars(keras.applications).items() if inspect.isfunction(build))


def measured(name: str, inner: int) -> Record:
    """Measures one network."""
    import keras

    import keras_cnnstats as cnnstats
    from keras_cnnstats.verify.gradient import check_fields

    keras.utils.clear_session()
    with cnnstats.abstract():
        model = getattr(keras.applications, name)(weights=None)
    shape = (*SIZE, 3) if None in model.input_shape[1:] else None
    report = cnnstats.analyze(model, input_shape=shape)
    start = time.perf_counter()
    checks = check_fields(model, report, chosen(report, inner))
    return {
        "network": name,
        "input": report.rows[-1].input_sizes,
        "aligned": all(row.aligned is True for row in report.rows),
        "checks": [
            {
                "map": check.layer if not check.call else f"{check.layer} (call {check.call + 1})",
                "field": check.quantity,
                "verdict": check.verdict,
                "counted": [shown(size) for size in check.counted],
                "measured": [shown(size) for size in check.measured],
                "reason": check.reason,
            }
            for check in checks
        ],
        "seconds": round(time.perf_counter() - start, 1),
    }


def chosen(report: Any, inner: int) -> list[tuple[str, int]]:
    """The last feature map, and some before it, spread evenly."""
    maps = [row for row in report.rows if row.positions and all(size and size > 1 for size in row.positions)]
    paths = [(row.layer, row.call) for row in maps]
    return [*[paths[place * (len(paths) - 1) // inner] for place in range(inner)], paths[-1]]


def shown(size: Any) -> Any:
    """A size as JSON has it."""
    return "all" if size == inf else size if size is None or size == int(size) else str(size)


def page(records: Sequence[Record]) -> str:
    """The records as Markdown."""
    minutes = sum(record["seconds"] for record in records) / 60
    hulls = [line for record in records for line in hulls_of(record)]
    return "\n".join(
        [
            "# Receptive fields against the gradient",
            "",
            "Of each network the last feature map and ten maps before it, spread evenly: the field that the report "
            "counts, and the one that is measured by walking back from single positions with the gradient of each "
            "call's real layer, of a few channels where all are alike. *Local* leaves out global side branches "
            "(squeeze-and-excite), where that makes a difference. Written by `python benchmarks/fields.py`, in "
            f"{minutes:.0f} minutes of measuring.",
            "",
            HEAD,
            *map(line_of, records),
            "",
            "## Branches that are not aligned",
            "",
            "Where branches meet whose positions look at other centres, the report has the hull of their fields. It "
            "is marked there, and here stands beside the hull that the gradient shows.",
            "",
            HEAD_OF_HULLS,
            *hulls,
            "",
        ]
    )


def line_of(record: Record) -> str:
    """The line of a network."""
    last = {check["field"]: check for check in record["checks"] if check["map"] == record["checks"][-1]["map"]}
    sizes = [
        times(last[field][key]) if field in last else "" for field in QUANTITIES for key in ("counted", "measured")
    ]
    maps = len({check["map"] for check in record["checks"]})
    verdicts = Counter(check["verdict"] for check in record["checks"])
    told = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    name = record["network"] if record["aligned"] else f"{record['network']} (branches not aligned, see below)"
    cells = [name, times(record["input"]), f"`{record['checks'][-1]['map']}`", *sizes, str(maps), told]
    return f"| {' | '.join(cells)} |"


def hulls_of(record: Record) -> Iterator[str]:
    """The lines of a network's maps whose branches are not aligned."""
    for check in record["checks"]:
        if "aligned" in check["reason"]:
            kind = ", local" if check["field"] == QUANTITIES[1] else ""
            sizes = [times(check["counted"]), times(check["measured"])]
            cells = [record["network"], f"`{check['map']}`{kind}", *sizes, check["verdict"]]
            yield f"| {' | '.join(cells)} |"


def times(sizes: Sequence[Any]) -> str:
    """Sizes along both axes."""
    return " x ".join("?" if size is None else str(size) for size in sizes)


def main() -> None:
    """Measures networks one after the other, and keeps each as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", help="names of networks; all by default")
    parser.add_argument("--inner", type=int, default=10, help="maps before the last one")
    parser.add_argument("--table", action="store_true", help="only write the table of what was measured")
    options = parser.parse_args()
    stored = TARGET.with_suffix(".json")
    records = json.loads(stored.read_text(encoding="utf-8")) if stored.exists() else []
    known = {record["network"]: record for record in records}
    for name in [] if options.table else options.networks.split(",") if options.networks else networks():
        known[name] = measured(name, options.inner)
        print(f"{known[name]['seconds']:6.1f} s  {line_of(known[name])}", flush=True)
        stored.write_text(json.dumps([known[each] for each in sorted(known)], indent=1), encoding="utf-8")
        gc.collect()
    TARGET.write_text(page([known[each] for each in sorted(known)]), encoding="utf-8")


if __name__ == "__main__":
    main()
