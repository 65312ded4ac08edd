"""The table of the documentation, made of the raw times and of nothing else."""

from collections.abc import Iterator, Mapping
from statistics import median
from textwrap import fill
from typing import Any

from benchmarks.speed.findings import OF_PARTS, WALK, findings
from benchmarks.speed.networks import NETWORKS, OURS
from benchmarks.speed.peers import all_peers
from benchmarks.speed.ratios import Finding, short, spread
from benchmarks.speed.stages import STAGES

HEAD = """# Speed

Measured by `python -m benchmarks.speed` on {machine}, each workload in a process of its own; raw times stand in
`docs/speed.json`. Figures are ratios of medians, in brackets the least and the most of the rounds ({rounds}; 3 of what
takes minutes). In each round the contenders ran one after the other in the same process. The file of each workload, in
`benchmarks/speed/`, says what is timed.

## Beside its peers

How many times as long as `analyze(model)` each takes, on the same Keras model in the same process; for the bare walk
the other way round, how many times as long as the walk `analyze` takes. The first call of each, which imports what it
needs, is left out; short calls are repeated for 0.2 s in each round.
"""
REST = """
## By itself

| what | of | found | aim | |
| --- | --- | ---: | ---: | --- |"""

BOUNDS = """
## What bounds it

"""

OF_STAGES = """
- `analyze`: {whole} µs for each row of {name}, at the least of {rounds} rounds: {parts}. A row takes {python} calls of
  functions written in Python and {c} of built-in ones. What is left to gain is in Keras' own objects, which lie
  scattered in memory and are read through properties. Layers of equal shape and configuration share what was counted
  of them; to find out that a layer has not changed since an earlier analysis would take as long as counting it again.
"""

OF_WALK = """
- A bare walk reads the shapes in front of and behind each call, and nothing else: {least} to {most} µs for each.
"""

OF_NESTED = """
- Deep nesting: the path of a row names all models around it, so that the letters of all paths grow with the square of
  the depth. What is left over linear time is copying, hashing and comparing them.
"""

OF_ABSTRACT = """
- `abstract()`: {name} takes {took} s, all of it in Keras, of which the better part follows the attributes of layers.
  Without weights there is nothing else left to leave out.
"""

Records = Mapping[str, Mapping[str, Any]]
"""Records by `part/backend/name`."""


def page(machine: str, records: Records) -> str:
    """Returns the records as Markdown."""
    peers = {name: record for name, record in records.items() if name.startswith("peers/")}
    rest = sorted(records.keys() - peers.keys() - {"stages"}, key=place)
    rounds = max((len(record["seconds"][OURS]) for record in peers.values() if "seconds" in record), default=0)
    lines = [HEAD.format(machine=machine, rounds=rounds), *beside_peers(peers), REST]
    for name in rest:
        lines += [line(each) for each in figures(name, records[name])]
    lines += [BOUNDS.rstrip(), "", *bounds(records)]
    left = list(reasons(records))
    if left:
        lines += ["", "## What was not measured", "", *left]
    return "\n".join(lines) + "\n"


def bounds(records: Records) -> Iterator[str]:
    """Yields what was found out about where the time goes, with the times of it."""
    yield from (fill(" ".join(text.split()), 120, subsequent_indent="  ") for text in _bounds(records))


def _bounds(records: Records) -> Iterator[str]:
    stages, built = records.get("stages", {}), records.get("abstract/real", {})
    if "seconds" in stages:
        scale = 1e6 / stages["rows"]
        least = {STAGES[name]: scale * min(times) for name, times in stages["seconds"].items()}
        parts = [f"{took:.0f} for {what}" for what, took in sorted(least.items(), key=lambda each: -each[1])]
        calls = {name: round(count / stages["rows"]) for name, count in stages["calls"].items()}
        yield OF_STAGES.format(
            whole=f"{sum(least.values()):.0f}", name=stages["name"], parts=", ".join(parts),
            rounds=len(stages["seconds"]["rows"]), python=calls["Python"], c=calls["C"],
        )  # fmt: skip
    walks = [
        1e6 * median(record["seconds"][WALK]) / record["rows"]
        for record in records.values()
        if WALK in record.get("seconds", {})
    ]
    if walks:
        yield OF_WALK.format(least=short(min(walks)), most=short(max(walks)))
    if "seconds" in records.get("growth/nested", {}):
        yield OF_NESTED
    if "seconds" in built:
        yield OF_ABSTRACT.format(name=built["name"], took=short(median(built["seconds"]["abstract"])))


def place(name: str) -> tuple[int, str]:
    """Returns where a record stands: with its part."""
    return list(OF_PARTS).index(name.partition("/")[0]), name


def figures(name: str, record: Mapping[str, Any]) -> list[Finding]:
    """Returns what a record comes to; nothing where it was not measured."""
    return list(findings(name.partition("/")[0], dict(record))) if "seconds" in record else []


def beside_peers(records: Records) -> Iterator[str]:
    """Yields the table of the peers: one line for each, one column for each network."""
    found = {(each.what, each.of): each for name, record in records.items() for each in figures(name, record)}
    yield f"| | {' | '.join(NETWORKS)} | aim | timed |"
    yield f"| --- |{' ---: |' * (len(NETWORKS) + 1)} --- |"
    for peer in all_peers():
        here = [found.get((peer.name, network)) for network in NETWORKS]
        known = [each for each in here if each]
        cells = [each.text + ("" if each.is_kept else " (missed)") if each else "–" for each in here]
        name = f"{OURS}, over {WALK}" if peer.name == WALK else peer.name
        yield f"| {name} | {' | '.join(cells)} | {known[0].aim if known else ''} | {peer.what} |"
    yield ""
    yield from own_times(records)


def own_times(records: Records) -> Iterator[str]:
    """Yields what `analyze` itself takes on each backend."""
    backends: dict[str, list[str]] = {}
    for record in records.values():
        if "seconds" in record:
            took = f"{record['name']} {spread(record['seconds'][OURS], 1e3)} ms for {record['rows']} rows"
            backends.setdefault(record["backend"], []).append(took)
    for backend, told in backends.items():
        yield f"- `{OURS}` with Keras on {backend}: {'; '.join(told)}."


def line(finding: Finding) -> str:
    """Returns one line of the second table."""
    kept = "" if not finding.aim else "met" if finding.is_kept else "missed"
    return f"| {finding.what} | {finding.of} | {finding.text} | {finding.aim} | {kept} |"


def reasons(records: Records) -> Iterator[str]:
    """Yields why something is missing."""
    for name, record in records.items():
        # A number there is how many models failed, of those that were swept.
        if isinstance(record.get("failed"), str):
            yield f"- {name}: {record['failed']}"
        for peer, why in record.get("missing", {}).items():
            yield f"- {name}, {peer}: {why}"
