"""`python -m keras_cnnstats.testing`: checks random models, and prints what fails as runnable Keras code."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from time import monotonic
from typing import Protocol

from keras_cnnstats.console import show
from keras_cnnstats.testing.running import Failure, outcomes
from keras_cnnstats.testing.tally import NO_CHECKS


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs, prints each failure and a summary, and returns 1 where there was a failure."""
    asked = _parser().parse_args(arguments)
    started = monotonic()
    models, kinds, failures, tally = 0, Counter[str](), 0, NO_CHECKS
    numbers = range(asked.first, asked.first + asked.count)
    with _progress(asked.count) as progress:
        for outcome in outcomes(asked.seed, numbers, asked.processes):
            models += outcome.models
            kinds += outcome.kinds
            tally = tally.plus(outcome.tally)
            failures += len(outcome.failures)
            progress.update(outcome.models)
            for failure in outcome.failures:
                show(_told(asked.seed, failure), True)
            if asked.minutes is not None and monotonic() - started > 60 * asked.minutes:
                break
    show("\n".join(["", *tally.lines()]), True)
    show(_summary(asked.seed, models, kinds, failures, monotonic() - started), True)
    return 1 if failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m keras_cnnstats.testing", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="how many models (default: 300)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the run: each model has its own, derived from it")
    parser.add_argument("--first", type=int, default=0, help="number of the first model, to see one again")
    parser.add_argument("--minutes", type=float, help="stop after so many minutes")
    parser.add_argument("--processes", type=int, default=1, help="how many models are checked at once (default: 1)")
    return parser


class _Progress(Protocol):
    def update(self, count: int) -> object: ...


class _Counter:
    """A plain counter, for where tqdm is not installed."""

    def __init__(self, total: int) -> None:
        self._done, self._total = 0, total

    def update(self, count: int) -> None:
        """Shows that so many more are done."""
        self._done += count
        sys.stderr.write(f"\r{self._done:,} of {self._total:,} models")
        sys.stderr.flush()


@contextmanager
def _progress(total: int) -> Iterator[_Progress]:
    try:
        tqdm = import_module("tqdm").tqdm
    except ImportError:
        yield _Counter(total)
        sys.stderr.write("\n")
        return
    with tqdm(total=total, unit=" models") as bar:
        yield bar


def _told(seed: int, failure: Failure) -> str:
    again = f"python -m keras_cnnstats.testing --seed {seed} --first {failure.number} --count 1"
    return f"\n# Model {failure.number} fails. Again: {again}\n{_commented(failure.error)}\n{failure.code}\n"


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def _summary(seed: int, models: int, kinds: Counter[str], failures: int, seconds: float) -> str:
    lines = [f"{name:<40} {count:>8,}" for name, count in kinds.most_common()]
    rate = f"{seconds:,.0f} s, {models / seconds:.1f} models/s"
    return "\n".join(
        ["", *lines, "", f"seed {seed}: {models:,} models, {len(kinds)} kinds, {failures:,} failures, {rate}"]
    )


if __name__ == "__main__":
    sys.exit(main())
