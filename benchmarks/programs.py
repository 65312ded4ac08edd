"""Whether XLA's figure for a whole network is the sum of its figures for the operations, as docs/programs.md.

XLA adds up in float32, so that its figure for a network is not the sum of what it says of each operation: it is off
from the sixth or seventh digit on. Here the operations are added up in float32 too, in XLA's order, and the two are the
same number. So the sums of docs/agreement.md, which are exact, are what XLA counts.

Usage: `KERAS_BACKEND=jax python benchmarks/programs.py [--models MobileNet,ResNet50] [--print]`. Networks that are not
named keep the figures that they have in docs/programs.json.
"""

import argparse
import inspect
import json
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
STORED = ROOT / "docs" / "programs.json"
HEAD = """# XLA's figures for whole networks

`jax.jit(model).lower(image).cost_analysis()["flops"]` is a float32. XLA adds its operations up in that precision, so
that from the sixth or seventh digit on the figure is not their sum. Added up exactly, as in
[Agreement](agreement.md), they are the left column; added up in float32, in XLA's order, the middle one, which is XLA's
own figure to the last digit. Weights and other constants are fed as arguments; `x + 0`, `x - 0` and `x * 1` with a
number that is written down are gone before XLA counts. Written by `python benchmarks/programs.py`.

| network | operations, exactly | operations, in float32 | XLA's figure | off by |
| --- | ---: | ---: | ---: | ---: |
"""


def networks() -> list[str]:
    """The names of all networks of Keras."""
    import keras

    return sorted(name for name, build in vars(keras.applications).items() if inspect.isfunction(build))


def of_network(name: str) -> dict[str, int]:
    """What XLA says of a network, and what its operations come to."""
    import keras

    import keras_cnnstats as cnnstats
    from keras_cnnstats.capture import capture
    from keras_cnnstats.verify.figures import Figures
    from keras_cnnstats.verify.jax import count_whole
    from keras_cnnstats.verify.program import count_program
    from keras_cnnstats.verify.whole import whole

    with cnnstats.abstract():
        model = getattr(keras.applications, name)(weights=None)
    with capture(model, (224, 224, 3) if None in model.input_shape[1:] else None) as graph:
        program = whole(model, graph)
        assert not isinstance(program, str), program
        exact = count_whole(program)
        assert isinstance(exact, Figures), exact
        xla, added = count_program(program)
    return {"exact": exact.contractions + exact.rest, "float32": added, "xla": xla}


def page(records: Mapping[str, Mapping[str, int]]) -> str:
    """The figures as Markdown."""
    lines = []
    for name, record in sorted(records.items()):
        figures = record["exact"], record["float32"], record["xla"], record["xla"] - record["float32"]
        lines.append(f"| {name} | {' | '.join(f'{figure:,}' for figure in figures)} |\n")
    return HEAD + "".join(lines)


def main() -> None:
    """Asks XLA, and writes the page or prints the records."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="", help="names of networks; all by default")
    parser.add_argument("--print", action="store_true", help="only print the records, as JSON")
    options = parser.parse_args()
    records = json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}
    for name in options.models.split(",") if options.models else networks():
        record = of_network(name)
        print(json.dumps({name: record}), flush=True)
        if not options.print:
            records[name] = record
            STORED.write_text(json.dumps(records, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            STORED.with_suffix(".md").write_text(page(records), encoding="utf-8")


if __name__ == "__main__":
    main()
