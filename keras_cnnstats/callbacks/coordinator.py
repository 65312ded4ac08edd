"""Of several processes that train one model together, one writes and speaks."""

import json
import os

import keras


def is_coordinator() -> bool:
    """Whether this process is the one; it is where it trains alone.

    >>> is_coordinator()
    True
    """
    if keras.backend.backend() == "jax":
        import jax

        return bool(jax.process_index() == 0)
    if keras.backend.backend() == "torch":
        import torch

        distributed = torch.distributed
        return not (distributed.is_available() and distributed.is_initialized()) or distributed.get_rank() == 0
    return _is_chief()


def _is_chief() -> bool:
    """What TensorFlow's strategies for several workers read from the environment."""
    try:
        setting = json.loads(os.environ.get("TF_CONFIG") or "{}")
        task = setting.get("task", {})
        kind, index = task.get("type", "chief"), int(task.get("index", 0))
        has_chief = "chief" in setting.get("cluster", {})
    except (ValueError, AttributeError, TypeError):  # TensorFlow itself will say so
        return True
    return kind == "chief" or (kind == "worker" and index == 0 and not has_chief)
