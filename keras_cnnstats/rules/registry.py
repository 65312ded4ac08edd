"""Where rules are kept and found: by the class of a layer and its bases, or by the public function of an operation."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

from keras_cnnstats.errors import RuleError
from keras_cnnstats.graph import Call
from keras_cnnstats.primitives.base import Primitive

Rule = Callable[[Call], Sequence[Primitive]]
T = TypeVar("T")


class RuleGapError(Exception):  # no error: what a rule says when it cannot tell
    """Raised by a rule that cannot tell the cost of a call; the row is unknown, with this reason."""


class Found(NamedTuple):
    """A rule, and how it was found.

    Attributes:
        rule: the rule; `None` where there is none.
        source: `rule`, `inherited` or `unknown`.
        note: what the user should know of it.
        remedy: what to do where there is none.
        is_certain: whether the rule is of the very `call` that runs; a layer that writes its own is followed first.
    """

    rule: Rule | None
    source: str
    note: str = ""
    remedy: str = ""
    is_certain: bool = False


_RULES: dict[Any, Rule] = {}

_OVERRIDES: ContextVar[Mapping[Any, Rule] | None] = ContextVar("overrides", default=None)
"""The rules of the analysis that is under way: rules ask for those of layers inside their own, and hand nothing on."""

_WORKING = ("call", "convolution_op")
"""Methods that a layer does its work in, and that Keras invites subclasses to write anew."""


def rule(*targets: Any) -> Callable[[Rule], Rule]:
    """Registers a function as the rule of layer classes or of functions of `keras.ops`.

    The rule takes a call (`call.layer`, `call.input`, `call.output`, ...) and returns the primitives that the layer is
    made of, in order.

    Args:
        *targets: subclasses of `keras.layers.Layer`, or functions of `keras.ops`.

    Raises:
        RuleError: a target has a rule already, or is neither a class nor a function.

    Example: a layer that doubles its input costs one multiplication per element.

    >>> import keras, keras_cnnstats as cnnstats
    >>> from keras_cnnstats.primitives import Cost, Elementwise
    >>> class Double(keras.layers.Layer):
    ...     def call(self, x):
    ...         return 2 * x
    >>> @cnnstats.rule(Double)
    ... def double(call):
    ...     return [Elementwise(cost=Cost(arithmetic=1), elements=call.output.elements)]
    >>> model = keras.Sequential([keras.Input((4, 4, 3)), Double()])
    >>> cnnstats.analyze(model).totals.flops
    48
    """

    def register(function: Rule) -> Rule:
        for target in targets:
            if not callable(target):
                raise RuleError(f"rule: expected a layer class or a function of keras.ops. Received: {target!r}.")
            if target in _RULES:
                raise RuleError(
                    f"rule: `{_name(target)}` has a rule already, `{_name(_RULES[target])}`. "
                    "To use another one for one analysis, pass analyze(model, rules={...})."
                )
        _RULES.update(dict.fromkeys(targets, function))
        return function

    return register


def _name(target: Any) -> str:
    return getattr(target, "__name__", repr(target))


@contextmanager
def overridden(rules: Mapping[Any, Rule] | None) -> Iterator[None]:
    """Puts the rules of one analysis before the others, for whoever looks one up meanwhile."""
    token = _OVERRIDES.set(rules)
    try:
        yield
    finally:
        _OVERRIDES.reset(token)


def find(target: Any, overrides: Mapping[Any, Rule] | None = None) -> Found:
    """Returns the rule of a layer class or of a function of `keras.ops`, with the overrides of one analysis first.

    Args:
        target: the class or function.
        overrides: those overrides; by default the ones of the analysis that is under way.
    """
    overrides = _OVERRIDES.get() if overrides is None else overrides
    if getattr(target, "__module__", "").startswith("keras_cnnstats.layers"):
        # Who does not use the reference layers does not wait for their rules.
        import_module("keras_cnnstats.rules.reference")
    for rules in (overrides or {}, _RULES):
        if target in rules:
            return Found(rules[target], "rule", is_certain=True)
    if isinstance(target, type):
        for base in target.__mro__[1:]:
            for rules in (overrides or {}, _RULES):
                if base in rules:
                    return _inherited(target, base, rules[base])
    return Found(
        None, "unknown", f"no rule for `{_name(target)}`", f"write a rule with @cnnstats.rule({_name(target)})"
    )


def _inherited(target: type, base: type, found: Rule) -> Found:
    own = [name for name in _WORKING if getattr(target, name, None) is not getattr(base, name, None)]
    note = f"counted as the `{base.__name__}` it is a subclass of"
    if own:
        note += f"; it writes its own `{own[0]}`, which may cost something else"
    return Found(found, "inherited", note, is_certain=not own)


def is_known(target: Any) -> bool:
    """Returns whether a rule is of the very `call` that runs, so that nobody has to look inside."""
    return find(target).is_certain


def entry(table: Mapping[Any, T], target: type) -> T:
    """Returns what a table of layer classes says of one of them, or of a subclass of one.

    Raises:
        KeyError: neither the class nor a base of it is in the table.

    >>> entry({int: "whole", float: "real"}, bool)
    'whole'
    """
    for base in target.__mro__:
        if base in table:
            return table[base]
    raise KeyError(target)


def wrapped(call: Call, layer: Any, target: Any = None) -> Sequence[Primitive]:
    """Returns the primitives of a layer or operation inside another one.

    Args:
        call: the call, with the tensors that the inner one reads and makes.
        layer: the inner one.
        target: what its rule is looked up by, if not its class.

    Raises:
        RuleGapError: the layer inside has no rule, or writes its own `call`, of which the rule knows nothing.
    """
    target = target or type(layer)
    found = find(target)
    if found.rule is None or not found.is_certain:
        raise RuleGapError(f"the layer inside: {found.note}")
    return found.rule(call._replace(layer=layer, target=target))


def registered() -> tuple[Any, ...]:
    """All classes and functions that have a rule."""
    return tuple(_RULES)
