"""A budget of training: so many FLOPs, so many seconds."""

from dataclasses import dataclass

from keras_cnnstats.units import si


@dataclass
class Budget:
    """What may be spent.

    Attributes:
        flops: FLOPs of training; `None`: any.
        seconds: seconds of training; `None`: any.
        spent: what was spent of which, once it is.
    """

    flops: int | None = None
    seconds: float | None = None
    spent: str = ""

    def is_spent(self, flops: int | None, seconds: float) -> bool:
        """Whether so much training spends it.

        >>> Budget(flops=1000).is_spent(999, 0.0), Budget(flops=1000).is_spent(1000, 0.0)
        (False, True)
        """
        if self.flops is not None and flops is not None and flops >= self.flops:
            self.spent = f"{si(flops)} FLOPs were spent on training, of max_flops={si(self.flops)}"
        elif self.seconds is not None and seconds >= self.seconds:
            self.spent = f"{seconds:,.1f} seconds were spent on training, of max_seconds={self.seconds:,.1f}"
        return bool(self.spent)

    def is_near(self, flops: int | None, more: int) -> bool:
        """Whether twice as many FLOPs more as are expected could spend it."""
        return self.flops is not None and flops is not None and flops + 2 * more >= self.flops
