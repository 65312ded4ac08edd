"""The referee of PyTorch: what its counter of FLOPs says of the operations that a call dispatches to."""

from collections.abc import Sequence
from math import prod
from typing import Any

import keras

from keras_cnnstats.measure.counts import CannotMeasureError
from keras_cnnstats.verification import Term
from keras_cnnstats.verify.calls import Runnable
from keras_cnnstats.verify.figures import FIRST_STEP, Figures, products_of_einsum

NAME = "PyTorch's FlopCounterMode"
CONVENTION = "2macs"

_MISCOUNTED = {
    "vectors": "it has no formula for products with a vector",
    "groups": "it takes the gradients of a grouped convolution for those of one without groups",
}
_MULTIPLIED = "it has no formula for an Einsum that sums nothing up, and is a product of values"
_FLAT = (
    "PyTorch goes on with zeros behind a rounding or a sign, which have no slope, and computes all gradients from them"
)
_STEPS = frozenset({"ceil", "floor", "round", "sign", "trunc"})
_AGAIN = "Keras runs the first step of a recurrence once more, for the shapes of what it makes"


def count_each(calls: Sequence[Runnable]) -> list[Figures | str]:
    """Returns what PyTorch counts for each call, or why there is no figure."""
    return [count_whole(call) for call in calls]


def count_whole(call: Runnable) -> Figures | str:
    """Returns what PyTorch counts for a call or a model, or why there is no figure.

    It has formulas for contractions alone, and none for the fused kernel of attention: that runs step by step here.
    """
    try:
        figures = _counted_somewhere(call)
        if call.longer is not None:
            # All work of a recurrence is in its steps: what one step more does not add to is a step that is run again.
            each = _counted_somewhere(call.longer).contractions - figures.contractions
            again = Term(FIRST_STEP, figures.contractions - call.steps * each, _AGAIN)
            figures = figures._replace(terms=(*figures.terms, again))
    except CannotMeasureError as reason:
        return str(reason)
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
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


def _counted_somewhere(call: Runnable) -> Figures:
    try:
        return _counted(call, "meta")
    except CannotMeasureError:
        raise
    except Exception:
        # The weights that a module of PyTorch has itself stay on the device that they are on.
        return _counted(call, str(keras.ops.zeros(()).device))


def _counted(call: Runnable, device: str) -> Figures:
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    aten = torch.ops.aten
    mended = {
        "vectors": {aten.mv: _of_vectors, aten.dot: _of_vectors},
        "groups": {aten.convolution_backward: _of_gradients},
    }
    raw = FlopCounterMode(display=False)
    counters = {name: FlopCounterMode(display=False, custom_mapping=mapping) for name, mapping in mended.items()}
    # Its hooks on modules need gradients; without them it only loses their names.
    with torch.enable_grad(), keras.device(device), FakeTensorMode(allow_non_fake_inputs=True):
        tensors = [torch.empty(spec.shape, dtype=getattr(torch, spec.dtype), device=device) for spec in call.specs]
        with sdpa_kernel(SDPBackend.MATH), raw, counters["vectors"], counters["groups"], _watch(raw) as watch:
            made: list[Any] = call.run(tensors)
    total: int = raw.get_total_flops()
    terms = [Term(name, total - counters[name].get_total_flops(), reason) for name, reason in _MISCOUNTED.items()]
    terms.append(Term("einsum", -2 * watch.products, _MULTIPLIED))
    return Figures(total, None, tuple(terms), shapes=tuple(tuple(each.shape) for each in made))


def _watch(counter: Any) -> Any:
    """What sees the functions that are called: of operations that they are made of, an Einsum leaves no trace."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Watch(TorchFunctionMode):
        products = 0

        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name, before = getattr(function, "__name__", ""), counter.get_total_flops()
            made = function(*args, **(kwargs or {}))
            if name in _STEPS and made.requires_grad:
                raise CannotMeasureError(_FLAT)
            if function is torch.einsum and counter.get_total_flops() == before:
                equation, *factors = args
                towards = sum(factor.requires_grad for factor in factors)
                self.products += (1 + towards) * products_of_einsum(equation, [factor.shape for factor in factors])
            return made

    return Watch()


def _of_vectors(first: Sequence[int], *_: Any, **__: Any) -> int:
    """A product and an addition for each value of the first factor."""
    return 2 * prod(first)


def _of_gradients(back: Sequence[int], x: Sequence[int], kernel: Sequence[int], *arguments: Any, **_: Any) -> int:
    """A convolution's products, once for each of the gradients towards the map and the kernel that is wanted."""
    transposed, wanted = arguments[-4], arguments[-1]
    products: int = prod(x if transposed else back) * prod(kernel[1:])
    gradients: int = sum(wanted[:2])
    return 2 * products * gradients
