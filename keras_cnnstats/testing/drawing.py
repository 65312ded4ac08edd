"""Drawing step by step: a tensor, a family of kinds that go on from it, and one of them."""

from keras_cnnstats.testing.code import is_chain
from keras_cnnstats.testing.kinds.registry import KINDS, Kind
from keras_cnnstats.testing.pen import Pen
from keras_cnnstats.testing.records import FORMS, Architecture, tensors_of
from keras_cnnstats.testing.rewriting import pruned

MOST_OUTPUTS = 3


def go_on(pen: Pen) -> None:
    """Takes one more step, or several where a kind is a whole block."""
    x = pen.latest(lambda number: any(_fits(pen, number, each) for each in KINDS))
    if x is None:
        return
    fitting = [each for each in KINDS if _fits(pen, x, each)]
    family = pen.either(*dict.fromkeys(each.family for each in fitting))
    pen.either(*[each for each in fitting if each.family == family]).draw(pen, x)


def _fits(pen: Pen, number: int, each: Kind) -> bool:
    return each.dtypes in pen.dtype_of(number) and len(pen.shape(number)) in each.ranks


def finished(pen: Pen, most_outputs: int = 1) -> Architecture:
    """Returns what was drawn: what nobody reads are its outputs, beginning with the last."""
    read = {number for step in pen.steps for number in tensors_of(step)}
    made = reversed(range(len(pen.inputs), pen.count))
    ends = [number for number in made if pen.is_tensor(number) and number not in read]
    assert ends
    whole = Architecture(inputs=pen.inputs, steps=tuple(pen.steps), outputs=tuple(ends[:most_outputs]), dtype=pen.dtype)
    architecture = pruned(whole)
    forms = [form for form in FORMS if form != "sequential" or is_chain(architecture)]
    form = pen.either(*forms) if pen.depth or pen.maybe(4) else "functional"
    return Architecture(
        inputs=architecture.inputs,
        steps=architecture.steps,
        outputs=architecture.outputs,
        form=form,
        dtype="" if pen.depth else pen.dtype,
    )
