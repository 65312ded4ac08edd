"""What was made of a layer's weights since it was built: they were quantised, or a low-rank product was added."""

from math import prod
from typing import Any

import keras
from keras import layers

from keras_cnnstats.primitives import Adaptation

_AS_BUILT = Adaptation()
_ZERO_POINTS = ("kernel_zero", "embeddings_zero", "reverse_embeddings_zero")


def is_plain(layer: Any) -> bool:
    """Returns whether a layer has one dtype policy, which quantises nothing: asked of it, it would take long to say."""
    return type(layer._dtype_policy) is keras.DTypePolicy


def adapted(layer: Any) -> tuple[str, ...]:
    """Returns what was made of the weights of a layer, or of layers inside it, since it was built, in words."""
    inside = layer._flatten_layers() if layer._layers else (layer,)
    found: dict[str, None] = {}
    for each in inside:
        if not is_plain(each) and each.quantization_mode:
            found["quantised"] = None
        if getattr(each, "lora_enabled", False):
            found["low rank"] = None
    return tuple(found)


def adaptation(layer: Any) -> Adaptation:
    """Returns what was made of a layer's weights since it was built, as far as its work depends on it."""
    mode = "" if is_plain(layer) else mode_of(layer)
    rank = layer.lora_rank if getattr(layer, "lora_enabled", False) else 0
    if not mode and not rank:
        return _AS_BUILT
    zeros = [getattr(layer, name) for name in _ZERO_POINTS if hasattr(layer, name)]
    return Adaptation(
        mode=mode,
        inputs=_quantised_inputs(layer) if mode in ("int8", "int4") else "",
        bits=_bits(layer, mode),
        packed=prod(packed(layer)[0][0].shape) if _bits(layer, mode) == 4 else 0,
        rows=layer.g_idx.shape[0] if zeros else 0,
        groups=layer.embeddings_scale.shape[-1] if zeros and hasattr(layer, "embeddings_scale") else 0,
        has_float_zeros=any("float" in zero.dtype for zero in zeros),
        is_restored=bool(zeros) or (mode == "int4" and isinstance(layer, layers.EinsumDense)),
        has_scale=isinstance(layer, layers.ReversibleEmbedding),
        rank=rank,
        is_scaled=bool(rank) and layer.lora_alpha != layer.lora_rank,
        width=_thin(layer).shape[-1] if rank else 0,
        dtype=layer.compute_dtype,
    )


def _thin(layer: Any) -> Any:
    """The second of the two thin matrices, which has the kernel's last axis."""
    return layer.lora_kernel_b if hasattr(layer, "lora_kernel_b") else layer.lora_embeddings_b


def mode_of(layer: Any) -> str:
    """Returns the quantisation that a layer computes with: before it is calibrated none."""
    mode = getattr(layer, "quantization_mode", None) or ""
    return "" if mode in ("gptq", "awq") and hasattr(layer, "_kernel") else mode


def inner_layers(layer: Any, cls: type) -> list[Any]:
    """Returns the layers of a class inside a layer, in the order in which it made them."""
    return [each for each in layer._flatten_layers(include_self=False) if isinstance(each, cls)]


def _bits(layer: Any, mode: str) -> int:
    if mode == "gptq":
        policy = layer.dtype_policy
        return int((policy[layer.path] if hasattr(policy, "default_policy") else policy).weight_bits)
    return {"int8": 8, "int4": 4, "awq": 4}.get(mode, 0)


def _quantised_inputs(layer: Any) -> str | None:
    """The dtype that the inputs are quantised to; `None` where the quantiser is not Keras' own."""
    quantizer = getattr(layer, "inputs_quantizer", None)
    if quantizer is None:
        return ""
    return str(quantizer.output_dtype) if type(quantizer) is keras.quantizers.AbsMaxQuantizer else None


# The variables of quantised layers


def roles(layer: Any) -> dict[int, tuple[int, bool]]:
    """Returns of the variables of quantised layers the parameters that each stands for, and whether it is state."""
    found: dict[int, tuple[int, bool]] = {}
    for each in layer._flatten_layers():
        if getattr(each, "quantization_mode", None) and hasattr(each, "variable_serialization_spec"):
            found.update({id(variable): (prod(variable.shape), True) for variable in _state(each)})
            found.update({id(variable): (rows * columns, False) for variable, rows, columns in packed(each)})
    return found


def _state(layer: Any) -> list[Any]:
    """The variables of a layer that are its quantiser's: those that it has not got without being quantised."""
    spec = layer.variable_serialization_spec
    names = [name for name in spec.get(layer.quantization_mode, ()) if name not in spec.get(None, ())]
    return [getattr(layer, name) for name in names if hasattr(layer, name)]


def packed(layer: Any) -> list[tuple[Any, int, int]]:
    """Returns the variables that hold quantised weights in a shape of their own, with the kernel's rows and columns."""
    mode = mode_of(layer)
    if mode in ("gptq", "awq") and hasattr(layer, "quantized_kernel"):
        return [(layer.quantized_kernel, layer.g_idx.shape[0], layer.kernel_scale.shape[0])]
    if mode != "int4":
        return []
    if hasattr(layer, "_kernel") and hasattr(layer, "kernel_scale"):
        return [(layer._kernel, layer._kernel.shape[0], layer.kernel_scale.shape[-1])]
    found = []
    if hasattr(layer, "_embeddings"):
        found.append((layer._embeddings, layer.input_dim, layer.output_dim))
    if hasattr(layer, "reverse_embeddings"):
        found.append((layer.reverse_embeddings, layer.output_dim, layer.input_dim))
    return found
