"""Whether the counters of TensorFlow, JAX and PyTorch agree with what is counted, as the table docs/agreement.md.

All of `keras.applications`, some models of our own, and the backbones of keras-hub where it is installed, one after
the other, each backend in a process of its own. Of each model the table has the products that are counted, those that
the referee counts, each term that has a name, and what remains: 0, or a defect.

Usage: `python benchmarks/agreement.py [--backends tensorflow,jax,torch] [--models custom,ResNet50] [--python
torch=path/to/python]`. Models that are not named keep the figures that they have in docs/agreement.json.
"""

import argparse
import gc
import inspect
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
GROUPS = {"applications": "keras.applications", "custom": "Models of our own", "hub": "Backbones of keras-hub"}
QUANTITIES = ("contractions", "flops")
REFEREES = {
    "tensorflow": "TensorFlow's registry",
    "jax": "XLA's cost analysis",
    "torch": "PyTorch's FlopCounterMode",
}
BACKENDS = tuple(REFEREES)
HEAD = """| model | parameters | MACs | referee | terms | remainder | FLOPs | referee | terms | remainder |
| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | --- | ---: |"""

Record = dict[str, Any]
"""What one referee says of one model, as JSON has it."""


def custom() -> dict[str, Callable[[], Any]]:
    """Models with what the applications lack."""
    import keras
    from keras import layers

    class Residual(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.again = layers.Conv2D(16, 1), layers.Conv2D(16, 3, padding="same", activation="relu")
            self.norm, self.head = layers.BatchNormalization(), layers.Dense(10)

        def call(self, x: Any) -> Any:
            x = self.stem(x)
            x = x + self.norm(self.again(self.again(x)))
            return self.head(keras.ops.mean(x, axis=(1, 2)))

    def subclassed() -> Any:
        model = Residual()
        model(keras.Input((32, 32, 3)))
        return model

    def of(shape: tuple[int, ...], *stack: Any) -> Any:
        return keras.Sequential([keras.Input(shape), *stack])

    def shared() -> Any:
        left, right = keras.Input((32, 32, 3)), keras.Input((32, 32, 3))
        tower = of((32, 32, 3), layers.Conv2D(8, 5, strides=2), layers.GlobalAveragePooling2D(), layers.Dense(16))
        return keras.Model([left, right], layers.Dot(1)([tower(left), tower(right)]))

    def attention() -> Any:
        x = keras.Input((64, 32))
        y = layers.LayerNormalization()(x + layers.MultiHeadAttention(4, 8)(x, x))
        return keras.Model(x, layers.Dense(32, activation="gelu")(y))

    def nested() -> Any:
        block = of((16, 16, 8), layers.SeparableConv2D(8, 3, padding="same"), layers.ReLU())
        stage = of((16, 16, 8), block, layers.MaxPooling2D(2))
        return of((16, 16, 3), layers.Conv2D(8, 1), stage, layers.Flatten(), layers.Dense(10))

    return {
        "subclassed, with a layer called twice": subclassed,
        "a tower shared by two inputs": shared,
        "nested": nested,
        "transposed": lambda: of(
            (8, 8, 16), layers.Conv2DTranspose(8, 3, strides=2, padding="same"), layers.Conv2DTranspose(4, 4)
        ),
        "dilated": lambda: of(
            (33, 33, 3), layers.Conv2D(8, 3, dilation_rate=2), layers.Conv2D(8, 3, dilation_rate=3, padding="same")
        ),
        "grouped": lambda: of((16, 16, 12), layers.Conv2D(24, 3, groups=3), layers.DepthwiseConv2D(3, padding="same")),
        "volumes": lambda: of((8, 16, 16, 2), layers.Conv3D(4, 3, padding="same"), layers.AveragePooling3D(2)),
        "causal": lambda: of((64, 8), *(layers.Conv1D(8, 2, padding="causal", dilation_rate=2**k) for k in range(4))),
        "attention": attention,
        "LSTM": lambda: of((20, 16), layers.LSTM(32, return_sequences=True), layers.Bidirectional(layers.GRU(8))),
    }


def contenders() -> Iterator[tuple[str, str, Callable[[], Any], Any]]:
    """Yields each model: its group and name, how it is built, and the shape that it is fed."""
    import keras

    for name, build in sorted(vars(keras.applications).items()):
        if inspect.isfunction(build):
            # Those that leave their sizes open are fed what the others have by themselves.
            shape = (224, 224, 3) if name.startswith("MobileNetV3") else None
            yield "applications", name, lambda build=build: build(weights=None), shape
    for name, build in custom().items():
        yield "custom", name, build, None
    try:
        from tests.hub.backbones import BACKBONES
    except ImportError:
        return
    for name, backbone in BACKBONES.items():
        yield "hub", name, backbone.build, backbone.shapes


def measured(build: Callable[[], Any], shapes: Any, referee: str) -> Record:
    """What a referee says of one model."""
    import keras

    import keras_cnnstats as cnnstats

    keras.utils.clear_session()
    with cnnstats.abstract():
        model = build()
    report = cnnstats.analyze(model, input_shape=shapes)
    verification = report.verify(only=["work"], referee=referee).verification
    of_model = {check.quantity: check for check in verification.of("")}
    return {
        "params": report.totals.params,
        "macs": report.totals.macs,
        "contractions": figures(of_model["macs"], report.totals.macs),
        "flops": figures(of_model["flops"], of_model["flops"].counted),
        "differing": [f"{check.layer}: {check.quantity}: {check.reason}" for check in verification.differing],
        "verdict": verification.verdict,
    }


def figures(check: Any, counted: int | None) -> Record:
    """A count, a measurement, the terms between them and what remains."""
    if check.measured is None:
        return {"verdict": check.verdict, "counted": counted, "reason": check.reason}
    terms = {term.name: term.amount for term in check.terms}
    if check.counted != counted:
        terms = {"padding": check.counted - counted, **terms}
    rest = check.measured - counted - sum(terms.values())
    return {
        "verdict": check.verdict,
        "counted": counted,
        "measured": check.measured,
        "terms": terms,
        "remainder": rest,
        "reason": check.reason,
    }


def here(wanted: Sequence[str], referee: str) -> None:
    """Prints what a referee says of each model, one record a line."""
    for group, name, build, shapes in contenders():
        if not wanted or group in wanted or name in wanted:
            start = time.perf_counter()
            record: Record = {"backend": referee, "group": group, "model": name}
            try:
                record |= measured(build, shapes, referee)
            except Exception as error:
                record |= {"failed": f"{type(error).__name__}: {error}"}
            record["seconds"] = round(time.perf_counter() - start, 1)
            print(json.dumps(record, default=float), flush=True)
            gc.collect()


def all_of(referee: str, pythons: Mapping[str, str], wanted: Sequence[str]) -> Iterator[Record]:
    """Yields what a referee says of each model; what its backend refuses to build, another one hands over."""
    refused = []
    for record in asked(referee, referee, pythons, wanted):
        refused += [record["model"]] if "failed" in record else []
        yield record
    if refused:
        yield from asked(next(name for name in BACKENDS if name != referee), referee, pythons, refused)


def asked(backend: str, referee: str, pythons: Mapping[str, str], wanted: Sequence[str]) -> Iterator[Record]:
    """Yields the records from a process where Keras runs on a backend."""
    environment = {
        "KERAS_BACKEND": backend,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        **{f"CNNSTATS_{name.upper()}_PYTHON": python for name, python in pythons.items()},
    }
    python = pythons.get(backend, sys.executable)
    command = [python, "-W", "ignore", __file__, "--here", referee, "--models", ",".join(wanted)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | environment) as process:
        for line in process.stdout or ():
            if line.startswith("{"):
                yield json.loads(line)
    if process.returncode:
        raise SystemExit(f"{python} on {backend} ended with {process.returncode}.")


def page(records: Sequence[Record]) -> str:
    """The records as Markdown: a table for each referee and group."""
    lines = [
        "# Who else counts the same",
        "",
        'Each model, held against the counter of each backend: `report.verify(only=["work"])`. Written by '
        "`benchmarks/agreement.py`. Contractions are in MACs, of one sample; FLOPs are under the convention of the "
        "referee. *Remainder* is what the referee counts more than counted here and the terms that have a name. XLA's "
        "figures are float32 of seven digits; what these do not hold is no difference. Its term *padding* is products "
        "with padding, which MACs have and it leaves out; a report says of the other terms why they are. What XLA says "
        "of a whole network is [the sum of these in float32](programs.md). The backbones of keras-hub are "
        "built small (two layers, a few dozen channels): what is tried is their structure.",
        "",
        f"Of MACs: {headline(records)}.",
        "",
        "| referee | models | contractions: remainder 0 | differ | not comparable | FLOPs: remainder 0 | differ "
        "| not comparable |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for backend in BACKENDS:
        found = [record for record in records if record["backend"] == backend]
        counts = [count for quantity in QUANTITIES for count in tally(found, quantity)]
        lines.append(f"| {REFEREES[backend]} | {len(found)} | {' | '.join(map(str, counts))} |")
    for backend in BACKENDS:
        lines += ["", f"## {REFEREES[backend]}"]
        for group, title in GROUPS.items():
            found = [record for record in records if (record["backend"], record["group"]) == (backend, group)]
            if found:
                lines += ["", f"### {title}", "", HEAD, *map(row, found)]
    differing = [
        f"- {record['backend']}, {record['model']}: {each}"
        for record in records
        for each in record.get("differing", ())
    ]
    if differing:
        lines += ["", "## What differs", "", *differing]
    return "\n".join(lines) + "\n"


def headline(records: Sequence[Record]) -> str:
    """What became of the comparisons of MACs, in a sentence without its end."""
    found = [record["contractions"] for record in records]
    verdicts = Counter(each["verdict"] for each in found)
    exact = sum(not each["terms"] for each in found if each["verdict"] == "confirmed")
    return (
        f"of {len(found)} comparisons {exact} equal, {verdicts['confirmed'] - exact} equal but for XLA's taps in the "
        f"padding, {verdicts['explained']} but for other terms with a name, {verdicts['not comparable']} not "
        f"comparable, {verdicts['differs']} differ"
    )


def tally(records: Sequence[Record], quantity: str) -> tuple[int, int, int]:
    """How many agree, differ, and are not comparable."""
    verdicts = Counter(record[quantity]["verdict"] for record in records if quantity in record)
    agreeing = verdicts["confirmed"] + verdicts["explained"]
    return agreeing, verdicts["differs"], len(records) - agreeing - verdicts["differs"]


def row(record: Record) -> str:
    """One line of a table."""
    if "failed" in record:
        return f"| {record['model']} | {record['failed']} |" + " |" * 7
    cells = [record["model"], f"{record['params']:,}"]
    for quantity in QUANTITIES:
        of = record[quantity]
        cells.append("?" if of["counted"] is None else f"{of['counted']:,}")
        if "measured" not in of:
            cells += ["", of["reason"], ""]
            continue
        rest = f"{of['remainder']:+,}" if of["remainder"] else "0"
        mark = {"differs": f"**{rest}**"}.get(of["verdict"], rest if rest == "0" else f"0 ({rest} by rounding)")
        terms = ", ".join(f"{name} {amount:+,}" for name, amount in of["terms"].items())
        cells += [f"{of['measured']:,}", terms, mark]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backends", default=",".join(BACKENDS), help="which referees, one after the other")
    parser.add_argument("--models", default="", help="names of models, or of the groups applications, custom, hub")
    parser.add_argument("--python", action="append", default=[], help="where a backend lives: torch=path/to/python")
    parser.add_argument("--target", type=Path, default=ROOT / "docs" / "agreement.md")
    parser.add_argument("--here", help=argparse.SUPPRESS)
    options = parser.parse_args()
    wanted = [name for name in options.models.split(",") if name]
    if options.here:
        here(wanted, options.here)
        return
    pythons = dict(each.split("=", 1) for each in options.python)
    stored = options.target.with_suffix(".json")
    records = json.loads(stored.read_text(encoding="utf-8")) if stored.exists() else []
    known = {(record["backend"], record["group"], record["model"]): record for record in records}
    for backend in options.backends.split(","):
        for record in all_of(backend, pythons, wanted):
            known[backend, record["group"], record["model"]] = record
            print(f"{backend:10} {record['seconds']:6.1f} s  {row(record)}", flush=True)
            stored.write_text(json.dumps(list(known.values()), indent=1), encoding="utf-8")
    options.target.write_text(page(list(known.values())), encoding="utf-8")


if __name__ == "__main__":
    main()
