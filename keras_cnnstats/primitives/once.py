"""What is done once a call, however many samples there are: work on weights alone."""

from dataclasses import dataclass

from keras_cnnstats.primitives.base import Primitive
from keras_cnnstats.units import Training, Work


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Once(Primitive):
    """A primitive that reads nothing but weights, so that all samples of a batch share what it makes.

    In the order of a row it stands before what uses it, and lets pass what that reads.

    Attributes:
        primitive: what is done.
    """

    primitive: Primitive

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self.primitive.kind

    def work(self) -> Work | None:
        return self.primitive.work()

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        return self.primitive.training(towards, learns, min(samples, 1))

    @property
    def operands(self) -> str:
        return self.primitive.operands

    @property
    def is_shared(self) -> bool:
        return True
