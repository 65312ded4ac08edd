"""The peers, a file for each backend that they need: functions that get a model ready and return what is timed."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

Ready = Callable[[], int]
"""What is timed: it returns what it counted."""


class Peer(NamedTuple):
    """Somebody else who looks at a Keras model.

    Attributes:
        name: what it is called in the results.
        what: what is timed.
        ready: gets a model ready, which is not timed.
    """

    name: str
    what: str
    ready: Callable[[Any], Ready]


def peers_of(backend: str) -> tuple[Peer, ...]:
    """Returns the peers that run on a backend of Keras."""
    found: tuple[Peer, ...] = import_module(f"benchmarks.speed.peers.{backend}").PEERS
    return found


def all_peers() -> tuple[Peer, ...]:
    """Returns all peers. None of their backends is imported for that."""
    return tuple(peer for backend in ("tensorflow", "jax", "torch") for peer in peers_of(backend))
