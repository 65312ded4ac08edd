"""Recurrence: the same step over and over, each on the state that the last one left."""

from collections.abc import Iterable
from dataclasses import dataclass

from keras_cnnstats.primitives.base import POINTWISE, Claim, Primitive, Size, Spread
from keras_cnnstats.units import Work


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Recurrence(Primitive):
    """Each step multiplies the input and the state by matrices of weights, and adds the two: the gates' arguments.

    Attributes:
        steps: steps.
        inputs: values of the input at one step.
        units: values of the state.
        gates: values computed for each unit: 1 in a plain cell, 3 in a GRU, 4 in an LSTM.
        biases: biases of each gate's value: 0, 1, or 2 where input and state have one each.
        looks: where the outputs look.
    """

    kind = "recurrence"
    steps: Size
    inputs: Size
    units: int
    gates: int = 1
    biases: int = 1
    looks: Spread = POINTWISE

    def work(self) -> Work | None:
        if self.steps is None or self.inputs is None:
            return None
        values = self.gates * self.units * self.steps
        macs = values * (self.inputs + self.units)
        return Work(
            macs=macs,
            inside=macs,
            outputs=2 * values,
            biases=self.biases * values,
            arithmetic=values,
            registered=values,
            hlo=values,
        )

    @property
    def parameters(self) -> int:
        return self.gates * self.units * ((self.inputs or 0) + self.units + self.biases)

    @property
    def spread(self) -> Spread:
        return self.looks


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Repeated(Primitive):
    """A primitive that runs several times with the same weights: at each step, at each frame.

    Attributes:
        primitive: what is repeated.
        times: how often.
        looks: where the outputs look.
    """

    primitive: Primitive
    times: Size
    looks: Spread = POINTWISE

    @property
    def kind(self) -> str:  # type: ignore[override]
        return self.primitive.kind

    def work(self) -> Work | None:
        once = self.primitive.work()
        return None if once is None or self.times is None else once.times(self.times)

    @property
    def parameters(self) -> int:
        return self.primitive.parameters

    @property
    def spread(self) -> Spread:
        return self.looks

    def claims(self) -> Iterable[Claim]:
        return self.primitive.claims()

    def defects(self) -> Iterable[Claim]:
        return self.primitive.defects()
