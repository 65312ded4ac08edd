"""The referee of PyTorch: what its counter of FLOPs says of the operations that a call dispatches to."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any, NamedTuple

from keras_cnnstats.measure.counts import CannotMeasureError
from keras_cnnstats.measure.fakes import run_without_values
from keras_cnnstats.verification import Term
from keras_cnnstats.verify.calls import Runnable
from keras_cnnstats.verify.figures import FIRST_STEP, Figures, products_of_einsum
from keras_cnnstats.verify.reasons import FLAT, of_error

NAME = "PyTorch's FlopCounterMode"
CONVENTION = "2macs"

_MISCOUNTED = {
    "vectors": "it has no formula for products with a vector",
    "groups": "it takes the gradients of a grouped convolution for those of one without groups",
}
_MULTIPLIED = "it has no formula for an Einsum that sums nothing up, and is a product of values"
_STEPS = frozenset({"ceil", "floor", "round", "sign", "trunc"})
_AGAIN = "Keras runs the first step of a recurrence once more, for the shapes of what it makes"
_PLACES = "it counts products of places, sizes, constants and random numbers"


def count_each(calls: Sequence[Runnable]) -> list[Figures | str]:
    """Returns what PyTorch counts for each call, or why there is no figure."""
    return [count_whole(call) for call in calls]


def count_whole(call: Runnable) -> Figures | str:
    """Returns what PyTorch counts for a call or a model, or why there is no figure.

    It has formulas for contractions alone, and none for the fused kernel of attention: that runs step by step here.
    """
    try:
        figures = _counted(call)
        if call.longer is not None:
            # All work of a recurrence is in its steps: what one step more does not add to is a step that is run again.
            each = _counted(call.longer).contractions - figures.contractions
            again = Term(FIRST_STEP, figures.contractions - call.steps * each, _AGAIN)
            figures = figures._replace(terms=(*figures.terms, again))
    except CannotMeasureError as reason:
        return str(reason)
    except Exception as error:
        return of_error(error)
    return figures


def count_training(step: Runnable, learned: Sequence[int]) -> Figures | str:
    """Returns what PyTorch counts for a step of training, or why there is no figure.

    Args:
        step: the model, called as training calls it.
        learned: which of its tensors are the weights that training changes.
    """
    import torch

    def run(tensors: Sequence[Any]) -> list[Any]:
        weights = [tensors[place].requires_grad_() for place in learned]
        # Each output is weighed, so that no gradient is a constant.
        made = step.run(tensors)
        parts = [(each * each).sum().float() for each in made if each.is_floating_point()]
        found = torch.autograd.grad(torch.stack(parts).sum(), weights, allow_unused=True)
        return [*made, *[each for each in found if each is not None]]

    return count_whole(step._replace(run=run))


def _counted(call: Runnable) -> Figures:
    made, seen = run_without_values(call.run, call.specs, call.held, _counters)
    total: int = seen.raw.get_total_flops()
    terms = [Term(name, total - seen.mended[name].get_total_flops(), reason) for name, reason in _MISCOUNTED.items()]
    terms += [Term("einsum", -2 * seen.watch.products, _MULTIPLIED), Term("places", seen.watch.places, _PLACES)]
    return Figures(total, None, tuple(terms), shapes=tuple(tuple(each.shape) for each in made))


class _Counters(NamedTuple):
    """What counts a call: PyTorch's counter, the same with formulas that are mended, and what sees the functions."""

    raw: Any
    mended: Mapping[str, Any]
    watch: Any


@contextmanager
def _counters(fed: Sequence[Any]) -> Iterator[_Counters]:
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    aten = torch.ops.aten
    formulas = {
        "vectors": {aten.mv: _of_vectors, aten.dot: _of_vectors},
        "groups": {aten.convolution_backward: _of_gradients},
    }
    raw = FlopCounterMode(display=False)
    mended = {name: FlopCounterMode(display=False, custom_mapping=mapping) for name, mapping in formulas.items()}
    vectors, groups, watch = mended["vectors"], mended["groups"], _watch(raw, fed)
    # Its hooks on modules need gradients; without them it only loses their names.
    with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH), raw, vectors, groups, watch:
        yield _Counters(raw, mended, watch)


def _watch(counter: Any, fed: Sequence[Any]) -> Any:
    """What sees the functions that are called: of operations that they are made of, an Einsum leaves no trace.

    Args:
        counter: what counts beside it.
        fed: the tensors that are fed; what is made of none of them are places and constants.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    class Watch(TorchFunctionMode):
        products = places = 0

        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name, before = getattr(function, "__name__", ""), counter.get_total_flops()
            made = function(*args, **(kwargs or {}))
            if not any(hasattr(each, "is_fed") for each in _tensors((args, kwargs))):
                self.places += counter.get_total_flops() - before
                return made
            _mark(made)
            if name in _STEPS and made.requires_grad:
                raise CannotMeasureError(FLAT)
            if function is torch.einsum and counter.get_total_flops() == before:
                equation, *factors = args
                towards = sum(factor.requires_grad for factor in factors)
                self.products += (1 + towards) * products_of_einsum(equation, [factor.shape for factor in factors])
            return made

    _mark(fed)
    return Watch()


def _mark(made: Any) -> None:
    for each in _tensors(made):
        each.is_fed = True


def _tensors(values: Any) -> list[Any]:
    import torch
    from torch.utils import _pytree

    return [each for each in _pytree.tree_leaves(values) if isinstance(each, torch.Tensor)]


def _of_vectors(first: Sequence[int], *_: Any, **__: Any) -> int:
    """A product and an addition for each value of the first factor."""
    return 2 * prod(first)


def _of_gradients(back: Sequence[int], x: Sequence[int], kernel: Sequence[int], *arguments: Any, **_: Any) -> int:
    """A convolution's products, once for each of the gradients towards the map and the kernel that is wanted."""
    transposed, wanted = arguments[-4], arguments[-1]
    products: int = prod(x if transposed else back) * prod(kernel[1:])
    gradients: int = sum(wanted[:2])
    return 2 * products * gradients
