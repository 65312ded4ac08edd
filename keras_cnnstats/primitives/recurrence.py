"""Recurrence: the same step over and over, each on the state that the last one left."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from keras_cnnstats.primitives.base import Learned, Map, Multiplied, Primitive, Size, product, sums
from keras_cnnstats.primitives.spreads import POINTWISE, Spread
from keras_cnnstats.units import NO_WORK, Training, Work


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
        sequences: whether the state of each step is read from outside, and not the last one alone.
        results: places of the outputs and of the states among the results of the call, where it returns its states;
            -1 for what goes on to another cell.
        met: additions for each value of the state where gradients of results meet; `None` where a part of the last step
            gets no gradient.
        late: gates that see the state only once another gate has chosen from it: what they are fed has a gradient at
            the first step too, when the state is a constant and the choice is not.
        cut: whether the input of each step is cut out of a sequence, and not what another cell has made of it.
        maps: the input, and the state before the first step where it is an input too.
    """

    kind = "recurrence"
    steps: Size
    inputs: Size
    units: int
    gates: int = 1
    biases: int = 1
    looks: Spread = POINTWISE
    sequences: bool = False
    results: tuple[int, ...] = ()
    met: int | None = 0
    late: int = 0
    cut: bool = True
    maps: tuple[Map, ...] = ()

    def reached(self, results: tuple[int, ...]) -> "Recurrence":
        if not self.results:
            return self
        made, state, *kept = (place in results or place < 0 for place in self.results)
        # The output is the state. What is kept besides makes the state: both have a gradient then, which meet.
        met = max(made + state - 1, 0) + sum(kept) if made or state else None
        return replace(self, sequences=self.sequences and made, met=met)

    def returning(self, results: Sequence[int]) -> "Recurrence":
        return replace(self, results=tuple([results[place] for place in self.results])) if self.results else self

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

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.steps is None or self.inputs is None:
            return None
        forward = work.times(samples)
        if not (towards or learns) or not self.steps:
            return Training(forward)
        if self.met is None:
            return None
        gates, steps = self.gates * self.units, self.steps * samples
        # The state before the first step is a constant, if it is no input.
        carried = steps if any(towards) else steps - samples
        late = self.late * self.units
        macs = gates * self.inputs * steps * (0 in towards) + self.units * ((gates - late) * carried + late * steps)
        results = self.inputs * steps * (0 in towards) + self.units * (carried + steps * bool(late))
        joined = self.units * ((steps - samples) * self.sequences + samples * self.met)
        # XLA cuts each step out of the input, and adds up maps of the whole input on the way back.
        cut = (self.steps - 1) * self.inputs * steps * (0 in towards) * self.cut
        inputs = Work(macs=macs, inside=macs, outputs=results, arithmetic=joined, hlo=joined + cut)
        weights = NO_WORK
        for each in self.learned:
            if each.name == "bias" and each.name in learns:
                weights = weights.plus(sums(self.biases * gates * steps, each.size))
            elif each.name in learns:
                # XLA has a product of matrices for each step, and adds them up.
                added = (self.steps - 1) * each.size
                macs = each.size * steps
                weights = weights.plus(Work(macs=macs, inside=macs, outputs=each.size, hlo=added))
        return Training(forward, inputs, weights)

    @property
    def sources(self) -> tuple[Map, ...]:
        return self.maps

    @property
    def multiplied(self) -> tuple[Multiplied, ...]:
        if self.inputs is None:
            return ()
        values = self.gates * self.units
        return tuple(
            [Multiplied("kernel", values * n, product((values, n, self.steps))) for n in (self.inputs, self.units)]
        )

    @property
    def parameters(self) -> int:
        return self.gates * self.units * ((self.inputs or 0) + self.units + self.biases)

    @property
    def learned(self) -> tuple[Learned, ...]:
        gates = self.gates * self.units
        sizes = {"kernel": self.inputs or 0, "recurrent_kernel": self.units, "bias": self.biases}
        return tuple([Learned(name, gates * size) for name, size in sizes.items() if size])

    @property
    def spread(self) -> Spread:
        return self.looks


class Mixing(NamedTuple):
    """How a step mixes the gates' values with the state, in operations for each value of the state.

    Attributes:
        forward: operations of a step.
        back: those of its gradients that every step needs.
        carried: those towards the state before it, which is a constant at the first step.
        joined: additions where the state is read more than once.
        hlo: what XLA counts more for the gradients of a step, where gates are cut out of one map and joined again.
    """

    forward: int
    back: int
    carried: int
    joined: int
    hlo: int = 0


LSTM = Mixing(4, 5, 1, 1)  # c = f * c + i * candidate; h = o * tanh(c)
GRU_RESET_AFTER = Mixing(5, 6, 1, 1, hlo=7)  # r * (the state's products); h = z * h + (1 - z) * candidate
GRU_RESET_BEFORE = Mixing(5, 5, 2, 2, hlo=13)  # r * h; h = z * h + (1 - z) * candidate


@dataclass(slots=True, kw_only=True, unsafe_hash=True)
class Gates(Primitive):
    """At each step, the gates' values decide what of the state is kept and what is new.

    Attributes:
        mixing: how.
        steps: steps.
        values: values of the state.
        looks: where the outputs look.
        maps: the gates' values, and the state before the first step where it is an input.
    """

    kind = "recurrence"
    mixing: Mixing
    steps: Size
    values: Size
    looks: Spread = POINTWISE
    maps: tuple[Map, ...] = ()

    def work(self) -> Work | None:
        if self.steps is None or self.values is None:
            return None
        total = self.mixing.forward * self.steps * self.values
        return Work(arithmetic=total, registered=total, hlo=total)

    def training(self, towards: tuple[int, ...], learns: tuple[str, ...], samples: int) -> Training | None:
        work = self.work()
        if work is None or self.steps is None or self.values is None:
            return None
        if not towards or not self.steps:
            return Training(work.times(samples))
        carried = self.steps if any(towards) else self.steps - 1
        mixing = self.mixing
        steps = mixing.back * self.steps + mixing.carried * carried + mixing.joined * (self.steps - 1)
        total = steps * self.values * samples
        extra = mixing.hlo * self.steps * self.values * samples
        return Training(work.times(samples), Work(arithmetic=total, hlo=total + extra))

    @property
    def sources(self) -> tuple[Map, ...]:
        return self.maps

    @property
    def spread(self) -> Spread:
        return self.looks
