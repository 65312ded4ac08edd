"""What PyTorch computes for a configuration: outputs and gradients, as its own functions give them."""

from typing import Any

import numpy as np

from tests.layers.configurations import Configuration
from tests.layers.running import Values, upstream, weights_like


def torch_values(configuration: Configuration) -> Values:
    """The values in float64, channels last and kernels as Keras has them, though PyTorch has it otherwise."""
    import torch

    layer = configuration.built("float64")
    arrays = [configuration.numbers(), *weights_like(layer, configuration.seed)]
    x, *weights = (torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in arrays)
    y = _computed(torch, configuration, x.movedim(-1, 1), weights).movedim(1, -1)
    back = torch.tensor(upstream(tuple(y.shape)), dtype=torch.float64)
    gradients = torch.autograd.grad(y, [x, *weights], back)
    return Values(y.detach().numpy(), [gradient.numpy() for gradient in gradients])


def _computed(torch: Any, configuration: Configuration, x: Any, weights: list[Any]) -> Any:
    """The output, channels first."""
    functional = torch.nn.functional
    rank, arguments, name = configuration.rank, configuration.arguments, configuration.layer
    if "Pooling" in name:
        size, strides = arguments["pool_size"], arguments.get("strides")
        if arguments.get("padding") == "same":
            padding: Any = (size - 1) // 2
        else:
            padding = arguments.get("padding", 0) if arguments.get("padding") != "valid" else 0
        if "Max" in name:
            return getattr(functional, f"max_pool{rank}d")(x, size, strides, padding)
        return getattr(functional, f"avg_pool{rank}d")(x, size, strides, padding, count_include_pad=False)
    if name == "PixelShuffle":
        return functional.pixel_shuffle(x, arguments["upscale_factor"])
    if name == "PixelUnshuffle":
        return functional.pixel_unshuffle(x, arguments["downscale_factor"])
    if name == "BicubicUpSampling2D":
        size = arguments["size"]
        factors = tuple(map(float, (size, size) if isinstance(size, int) else size))
        aligned = arguments.get("align_corners", False)
        return functional.interpolate(x, scale_factor=factors, mode="bicubic", align_corners=aligned)
    if name == "StableSoftmax":
        last = x.movedim(1, -1)
        if isinstance(arguments.get("axis"), list):
            return last.flatten(1, 2).softmax(1).reshape(last.shape).movedim(-1, 1)
        return last.softmax(arguments.get("axis", -1)).movedim(-1, 1)
    y = _convolved(functional, configuration, x, weights)
    activation = arguments.get("activation")
    return getattr(torch, activation)(y) if activation else y


def _convolved(functional: Any, configuration: Configuration, x: Any, weights: list[Any]) -> Any:
    rank, arguments, name = configuration.rank, configuration.arguments, configuration.layer
    padding = arguments.get("padding", 0)
    padding = 0 if padding == "valid" else padding
    bias = weights[-1] if arguments.get("use_bias", True) else None
    strides, dilation = arguments.get("strides", 1), arguments.get("dilation_rate", 1)
    convolution = getattr(functional, f"conv{rank}d")
    kernel = _kernel(weights[0])
    if name.endswith("Transpose"):
        behind = arguments.get("output_padding") or 0
        return functional.conv_transpose2d(x, kernel, bias, strides, padding, behind, dilation=dilation)
    if name == "ReferenceDepthwiseConv2D":
        return convolution(x, _by_channel(weights[0]), bias, strides, padding, dilation, groups=x.shape[1])
    if name == "ReferenceSeparableConv2D":
        depthwise = convolution(x, _by_channel(weights[0]), None, strides, padding, dilation, groups=x.shape[1])
        return convolution(depthwise, _kernel(weights[1]), bias)
    y = convolution(x, kernel, bias, strides, padding, dilation, arguments.get("groups", 1))
    return functional.pixel_shuffle(y, arguments["upscale_factor"]) if name == "SubPixelConv2D" else y


def _kernel(kernel: Any) -> Any:
    """`(*taps, in, out)` as `(out, in, *taps)`; transposed, `(*taps, out, in)` as `(in, out, *taps)`."""
    return kernel.movedim(-1, 0).movedim(-1, 1)


def _by_channel(kernel: Any) -> Any:
    """`(*taps, channels, multiplier)` as `(channels * multiplier, 1, *taps)`."""
    return kernel.movedim((-2, -1), (0, 1)).flatten(0, 1).unsqueeze(1)


def stored(values: Values) -> dict[str, np.ndarray]:
    """The values under the names of the fixture."""
    return {"output": values.output, **{f"gradient{i}": each for i, each in enumerate(values.gradients)}}
