"""fvcore, PyTorch's FlopCounterMode and ultralytics-thop: all three run the model on one image."""

from typing import Any

from benchmarks.speed.peers import Peer, Ready


def flop_counter(model: Any) -> Ready:
    """The counter that comes with PyTorch."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    image = _image(model)

    def run() -> int:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(image)
        return int(counter.get_total_flops())

    return run


def fvcore(model: Any) -> Ready:
    """Its total alone, and none of its tables."""
    from fvcore.nn import FlopCountAnalysis

    image = _image(model)

    def run() -> int:
        analysis = FlopCountAnalysis(model, image).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        return int(analysis.total())

    return run


def thop(model: Any) -> Ready:
    """It knows PyTorch's own layers; of Keras' it counts next to nothing, but calls them all."""
    from thop import profile

    image = _image(model)
    return lambda: int(profile(model, inputs=(image,), verbose=False)[0])


def _image(model: Any) -> Any:
    import torch

    model.eval()
    return torch.zeros((1, *model.input_shape[1:]))


PEERS = (
    Peer("FlopCounterMode", "`model(image)` inside PyTorch's counter, without gradients", flop_counter),
    Peer("fvcore", "`FlopCountAnalysis(model, image).total()`", fvcore),
    Peer("ultralytics-thop", "`profile(model, (image,))`; it knows no layers of Keras", thop),
)
