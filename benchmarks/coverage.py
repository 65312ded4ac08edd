"""Which layers of Keras and which functions of `keras.ops` have an answer, as the table docs/coverage.md.

Usage: `python benchmarks/coverage.py` writes it anew.
"""

import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
KINDS = {
    "rule": "a rule counts it",
    "costs nothing": "a rule says that nothing is computed at inference",
    "followed": "its own `call` is followed, and what stands inside is counted",
    "measured": "the backend counts what it runs; it is unknown where values decide that",
    "unknown": "it has no count that its definition fixes: its row is unknown, and the total a lower bound",
    "no operation": "it computes nothing on maps",
}


def table() -> str:
    """The table, as Markdown."""
    import keras

    from tests.rules.support import answers, costing_nothing

    free = costing_nothing()
    found = {name: ("costs nothing" if name in free else kind, where) for name, (kind, where) in answers().items()}
    counts = Counter(kind for kind, _ in found.values())
    lines = [
        "# What is covered",
        "",
        f"Every public class of `keras.layers` and every function of `keras.ops` of Keras {keras.__version__}. "
        "Written by `benchmarks/coverage.py`; a test holds it against the rules.",
        "",
        "| answer | names | meaning |",
        "| --- | ---: | --- |",
        *(f"| {kind} | {counts[kind]} | {meaning} |" for kind, meaning in KINDS.items()),
        "",
        "| name | answer | where, or why |",
        "| --- | --- | --- |",
        *(f"| `{name}` | {kind} | {where} |" for name, (kind, where) in sorted(found.items())),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Writes the table."""
    sys.path.insert(0, str(ROOT))
    target = ROOT / "docs" / "coverage.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(table(), encoding="utf-8")
    print(f"written: {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
