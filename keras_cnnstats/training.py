"""The work of one step of training, call by call: the forward pass, and the gradients that the step really needs.

A gradient goes from the outputs of the model back to what training changes, and nowhere else: not below the lowest
weight that is trained, not towards what is fed, not through what has no slope. Left out: the loss, metrics,
regularisers, and what the optimizer does with the gradients.
"""

from collections.abc import Sequence
from typing import NamedTuple

from keras_cnnstats.describe import Described, Facts
from keras_cnnstats.graph import Call, Graph, Weight
from keras_cnnstats.primitives.base import Map, is_called, product
from keras_cnnstats.primitives.measured import Measured
from keras_cnnstats.primitives.rearrangement import Kept
from keras_cnnstats.primitives.slopes import WITH_SLOPE
from keras_cnnstats.units import NO_TRAINING, NO_WORK, Training, Work

_FIRST = (0,)


class Step(NamedTuple):
    """What a call does in one step of training.

    Attributes:
        work: the terms of its work; `None` where that is unknown.
        read: places of the inputs that it sends a gradient to, once for each time that they are read.
        note: why its work is unknown, where that of the forward pass is not.
    """

    work: Training | None
    read: Sequence[int] = ()
    note: str = ""


def steps_of_training(graph: Graph, described: Sequence[Described]) -> list[Step]:
    """Returns what each call does in one step of training; its work is `None` where somebody's gradient is unknown.

    Args:
        graph: the model.
        described: what each of its calls is made of.

    Example: 10 inputs to 4 to 3; no gradient goes towards what is fed.

    >>> import keras, keras_cnnstats as cnnstats
    >>> dense = keras.layers.Dense
    >>> rows = cnnstats.analyze(keras.Sequential([keras.Input((10,)), dense(4), dense(3)])).rows
    >>> [(row.training.forward.macs, row.training.inputs.macs, row.training.weights.macs) for row in rows]
    [(40, 0, 40), (12, 12, 12)]
    """
    live = _live(graph, described)
    arrived = [0] * len(graph.tensors)
    for number in graph.outputs:
        arrived[number] += live[number]
    learned: set[int] = set()
    found: list[Step] = []
    for call, each in zip(reversed(graph.calls), reversed(described), strict=True):
        samples, outputs, inputs = graph.samples(call), call.outputs, call.inputs
        if each.primitives is not None and not any(map(arrived.__getitem__, outputs)):
            found.append(_forward(each, samples))
            continue
        reached = each
        if len(outputs) > 1:
            reached = each.reached(tuple([place for place, number in enumerate(outputs) if arrived[number]]))
        step = _step(call, reached, tuple(map(live.__getitem__, inputs)), samples)
        done = step.work
        if call.weights:
            changed = _changed(call, reached)
            again = sum([weight.size for weight in changed if weight.key in learned]) if learned else 0
            learned.update([weight.key for weight in changed])
            if done is not None and again:
                done = done._replace(weights=done.weights.plus(_added(again)))
        met = 0
        for place in step.read:
            number = inputs[place]
            if arrived[number]:
                met += (product(graph.tensors[number].shape[1:]) or 0) * samples
            arrived[number] += 1
        if done is not None and met:
            done = done._replace(inputs=done.inputs.plus(_added(met)))
        found.append(step if done is step.work else step._replace(work=done))
    return found[::-1]


def _added(values: int) -> Work:
    """Gradients that meet: one addition for each value of all but the first."""
    return Work(arithmetic=values, hlo=values) if values else NO_WORK


def _live(graph: Graph, described: Sequence[Described]) -> list[bool]:
    """For each tensor, whether it depends on something that training changes, and a gradient finds the way back."""
    sloped = [spec.dtype.startswith(WITH_SLOPE) for spec in graph.tensors]
    live = [False] * len(sloped)
    for call, each in zip(graph.calls, described, strict=True):
        trained = any(weight.trainable for weight in call.weights) if call.weights else False
        if (trained or any(map(live.__getitem__, call.inputs))) and _is_reached(each.facts, trained):
            for number in call.outputs:
                live[number] = sloped[number]
    return live


def _is_reached(facts: Sequence[Facts], trained: bool) -> bool:
    """Whether a gradient of what a call makes gets anywhere."""
    for each in reversed(facts):
        if trained and each.learned:
            return True
        if not each.passes:
            return False
    return True


def _forward(each: Described, samples: int) -> Step:
    """The work of a call whose gradients nobody needs."""
    key = "forward", samples
    if key not in each.memory:
        pairs = zip(each.primitives or (), each.facts, strict=True)
        each.memory[key] = Step(_total([facts.step(primitive, (), (), samples) for primitive, facts in pairs]))
    step: Step = each.memory[key]
    return step


def _step(call: Call, each: Described, fed: tuple[bool, ...], samples: int) -> Step:
    """What a call does that a gradient arrives at: asked once for all that are made of the same, over equal weights."""
    if any(fed) and not all(fed):
        return _Row(call, each, fed, samples).step()
    weights = call.weights
    named = tuple([(weight.name, weight.size, weight.trainable) for weight in weights]) if weights else ()
    key = "step", fed, samples, named
    if key not in each.memory:
        each.memory[key] = _Row(call, each, fed, samples).step()
    step: Step = each.memory[key]
    return step


def _changed(call: Call, each: Described) -> list[Weight]:
    """The weights that a call has a gradient for: those that are kept for other calls are not among them."""
    changed = [weight for weight in call.weights if weight.trainable]
    if changed and Kept.kind in each.kinds:
        pairs = zip(each.kinds, each.facts, strict=True)
        kept = [weight.name for kind, facts in pairs if kind == Kept.kind for weight in facts.learned]
        return [weight for weight in changed if weight.name not in kept]
    return changed


def _total(parts: Sequence[Training | None]) -> Training | None:
    total = NO_TRAINING
    for part in parts:
        if part is None:
            return None
        if part is not NO_TRAINING:
            total = part if total is NO_TRAINING else total.plus(part)
    return total


class _Row:
    """One call that a gradient arrives at.

    Attributes:
        learns: whether training changes weights of it.
    """

    def __init__(self, call: Call, described: Described, fed: tuple[bool, ...], samples: int) -> None:
        self.call = call
        self.primitives = described.primitives
        self.facts = described.facts
        self.fed = fed
        self.samples = samples
        self.trained = sum([weight.size for weight in call.weights if weight.trainable])
        self.learns = self.trained > 0

    def step(self) -> Step:
        """What the call does; the work is `None` where the gradient of a part is unknown, or which parts need one."""
        if not self.primitives:
            return Step(None if self.primitives is None else NO_TRAINING, self._all_fed())
        learning = self._learning() if self.learns else [()] * len(self.facts)
        if learning is None:
            return Step(None, self._all_fed(), "which of its weights are trained cannot be told")
        if self._is_mixed():
            return Step(None, self._all_fed(), "only some of its inputs need a gradient, and which of them what reads")
        parts: list[Training | None] = []
        carrying: list[bool] = []
        read: list[int] = []
        first = self._first_reached()
        for index, (primitive, facts) in enumerate(zip(self.primitives, self.facts, strict=True)):
            learns = learning[index] if index >= first else ()
            towards = self._towards(index, facts, carrying) if index >= first and facts.passes else ()
            read += _inputs(index, facts, towards)
            parts.append(facts.step(primitive, towards, learns, self.samples))
            carrying.append(bool(towards or learns))
        return Step(_total(parts), read, self._unknown(parts) if None in parts else "")

    def _unknown(self, parts: Sequence[Training | None]) -> str:
        """Which gradient is unknown, where the forward pass is not."""
        pairs = zip(self.primitives or (), self.facts, parts, strict=True)
        kinds = [primitive.kind for primitive, facts, part in pairs if part is None and facts.work is not None]
        if not kinds:
            return ""
        if kinds[0] == Measured.kind:
            return "only its forward pass was counted"
        return f"nobody has written out the gradient of its {kinds[0]}"

    def _all_fed(self) -> list[int]:
        """The places of all inputs that need a gradient."""
        return [place for place, is_fed in enumerate(self.fed) if is_fed]

    def _learning(self) -> list[tuple[str, ...]] | None:
        """For each primitive the names of its weights that are trained; `None` where these cannot be told."""
        among = [each.source for facts in self.facts for each in facts.sources if each.weight]
        arguments = [self.call.weights[place] for place in among if place is not None and place >= 0]
        own = self.trained - sum([weight.size for weight in arguments if weight.trainable])
        asked = [(place, each) for place, facts in enumerate(self.facts) for each in facts.learned]
        learning: list[list[str]] = [[] for _ in self.facts]
        if own == sum([each.size for _, each in asked]):
            for place, each in asked:
                learning[place].append(each.name)
            return [tuple(names) for names in learning]
        for name in dict.fromkeys([each.name for _, each in asked]):
            mine, theirs = [(place, each) for place, each in asked if each.name == name], self._called(name)
            if [each.size for _, each in mine] != [weight.size for weight in theirs]:
                return None
            for (place, each), weight in zip(mine, theirs, strict=True):
                if weight.trainable:
                    learning[place].append(name)
                    own -= each.size
        return None if own else [tuple(names) for names in learning]

    def _called(self, name: str) -> list[Weight]:
        """The weights of a name, or those of a name that ends like it."""
        exact = [weight for weight in self.call.weights if weight.name == name]
        return exact or [weight for weight in self.call.weights if is_called(weight.name, name)]

    def _is_mixed(self) -> bool:
        """Whether only some of several inputs need a gradient, and nothing says which part of the row reads which."""
        fed = self.fed
        if len(fed) < 2 or len(self.facts) < 2 or all(fed) or not any(fed) or self.facts[0].sources:
            return False
        sloped = [spec.dtype.startswith(WITH_SLOPE) for spec in self.call.specs]
        return sloped != list(fed) and sum([facts.work is not NO_WORK for facts in self.facts]) > 1

    def _first_reached(self) -> int:
        """The first primitive that a gradient arrives at, coming from the end."""
        for index in range(len(self.facts) - 1, 0, -1):
            if not self.facts[index].passes:
                return index
        return 0

    def _towards(self, index: int, facts: Facts, carrying: list[bool]) -> tuple[int, ...]:
        """Places of the maps that the primitive reads and that need a gradient."""
        if facts.sources:
            return tuple([place for place, each in enumerate(facts.sources) if self._is_needed(each, carrying)])
        if index:
            return _FIRST if carrying[-1] else ()
        return tuple(self._all_fed())

    def _is_needed(self, each: Map, carrying: list[bool]) -> bool:
        """Whether what a primitive reads needs a gradient."""
        if each.source is None:
            return False
        if each.source < 0:
            return carrying[each.source]
        if each.weight:
            return self.call.weights[each.source].trainable
        return self.fed[each.source]


def _inputs(index: int, facts: Facts, towards: tuple[int, ...]) -> Sequence[int]:
    """The inputs of the call among the maps that a primitive sends a gradient to."""
    if not facts.sources:
        return () if index else towards
    maps = [facts.sources[place] for place in towards]
    return [each.source for each in maps if each.source is not None and each.source >= 0 and not each.weight]
