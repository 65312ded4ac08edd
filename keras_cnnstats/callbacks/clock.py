"""How long training took: steps alone, whatever else runs between them."""

from threading import Lock


class Clock:
    """Adds up the time in which some step was under way.

    A step begins when it is called and ends when its results are there. Where the backend runs ahead, the next begins
    before the last has ended: such times count once.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Begins anew."""
        self.seconds = 0.0
        self.covered = 0.0
        self.begun: list[float] = []

    def begin(self, now: float) -> None:
        """A step is called."""
        with self.lock:
            self.begun.append(now)

    def cancel(self) -> None:
        """The step that was called last came to nothing, as there is no data any more."""
        with self.lock:
            if self.begun:
                self.begun.pop()

    def end(self, now: float) -> float:
        """The results of the step that was called first are there; returns what it adds.

        >>> clock = Clock()
        >>> clock.begin(0.0), clock.begin(1.0)
        (None, None)
        >>> clock.end(3.0), clock.end(4.0), clock.seconds
        (3.0, 1.0, 4.0)
        """
        with self.lock:
            if not self.begun:
                return 0.0
            added = max(now - max(self.begun.pop(0), self.covered), 0.0)
            self.covered = max(self.covered, now)
            self.seconds += added
            return added
