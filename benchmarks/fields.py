"""Receptive fields of the networks of `keras.applications`, counted and measured by gradient, in one table.

Of each network the last feature map is measured and ten layers before it. Where branches are not aligned, the hull that
was measured stands beside the one that is reported.

Usage: `python benchmarks/fields.py [--inner 10] [--json results.json] [network ...]`
"""

import argparse
import json
import time
from collections import Counter
from typing import Any

import keras

import keras_cnnstats as cnnstats
from keras_cnnstats.verification import Check
from keras_cnnstats.verify.gradient import check_fields

SIZE = 224, 224
"""What networks are fed that leave it open."""


def networks() -> list[str]:
    """The names of all networks, in order."""
    found = [name for name in dir(keras.applications) if name[0].isupper()]
    return sorted(name for name in found if callable(getattr(keras.applications, name)))


def chosen(report: cnnstats.Report, inner: int) -> list[tuple[str, int]]:
    """The last feature map and some rows before it, spread evenly."""
    maps = [row for row in report.rows if row.positions and all(size and size > 1 for size in row.positions)]
    paths = [(row.layer, row.call) for row in maps]
    return [*[paths[place * (len(paths) - 1) // inner] for place in range(inner)], paths[-1]]


def measured(name: str, inner: int) -> dict[str, Any]:
    """The line of one network."""
    keras.utils.clear_session()
    with cnnstats.abstract():
        model = getattr(keras.applications, name)(weights=None)
    shape = (*SIZE, 3) if None in model.input_shape[1:] else None
    report = cnnstats.analyze(model, input_shape=shape)
    start = time.perf_counter()
    checks = check_fields(model, report, chosen(report, inner))
    seconds = time.perf_counter() - start
    return {
        "network": name,
        "rows": len({(check.layer, check.call) for check in checks}),
        "verdicts": dict(Counter(check.verdict for check in checks)),
        "last": [_shown(check) for check in checks if check.layer == checks[-1].layer],
        "others": [_shown(check) for check in checks if check.verdict != "confirmed" or "hull" in check.reason],
        "seconds": round(seconds, 1),
    }


def _shown(check: Check) -> str:
    local = "local " if check.quantity.startswith("local") else ""
    sizes = f"{_sizes(check.counted)} counted, {_sizes(check.measured)} measured"
    return f"{check.layer}: {local}{sizes}, {check.verdict}{check.reason and f' ({check.reason})'}"


def _sizes(sizes: Any) -> str:
    return " x ".join(str(size) for size in sizes)


def main() -> None:
    """Prints a line for each network as soon as it is measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", nargs="*", default=networks())
    parser.add_argument("--inner", type=int, default=10)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    lines = []
    for name in arguments.networks:
        line = measured(name, arguments.inner)
        lines.append(line)
        print(f"{name}: {line['verdicts']}, {line['seconds']} s; {'; '.join(line['last'])}", flush=True)
        for other in line["others"]:
            print(f"    {other}", flush=True)
        if arguments.json:
            with open(arguments.json, "w", encoding="utf-8") as file:
                json.dump(lines, file, indent=1)


if __name__ == "__main__":
    main()
