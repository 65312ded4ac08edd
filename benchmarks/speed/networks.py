"""Workload `peers`: `analyze(model)`, held against each peer that runs on this backend.

Timed: `analyze` with the report's rows and totals complete and nothing printed; beside it what `peers/` says of each.
The network is built before, and all have had one call before the first round, which is told apart under `first`:
imports, and what is worked out once in a process, are in that one.
"""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from benchmarks.speed.peers import Peer, Ready, peers_of
from benchmarks.speed.timing import in_turn, seconds

NETWORKS = ("ResNet50", "EfficientNetV2L", "NASNetLarge")
OURS = "analyze"


def measure(rounds: int, network: str) -> Iterator[dict[str, Any]]:
    """Yields one record: the times of all contenders, what they counted, and why some did not."""
    import keras

    import keras_cnnstats as cnnstats

    backend = keras.backend.backend()
    model = getattr(keras.applications, network)(weights=None)
    contenders: dict[str, Ready] = {}
    first, counted, missing = {}, {}, {}
    for peer in (Peer(OURS, "", ours), *peers_of(backend)):
        try:
            work = peer.ready(model)
            counted[peer.name], first[peer.name] = once(work)
        except Exception as error:
            missing[peer.name] = f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
        else:
            contenders[peer.name] = work
    yield {
        "name": network,
        "backend": backend,
        "versions": {name: version(name) for name in ("keras", backend)},
        "rows": len(cnnstats.analyze(model)),
        "seconds": in_turn(contenders, rounds),
        "first": first,
        "counted": counted,
        "missing": missing,
    }


def ours(model: Any) -> Ready:
    """The analysis, up to its totals."""
    import keras_cnnstats as cnnstats

    return lambda: cnnstats.analyze(model).totals.macs


def once(work: Ready) -> tuple[int, float]:
    """What a contender counts, and the seconds of its first call."""
    found: list[int] = []
    took = seconds(lambda: found.append(work()))
    return found[0], took
