"""Budgets, held against rows: those of an earlier sweep too, for which no model is built again."""

from collections.abc import Mapping

from keras_cnnstats.budgets import LIMITS, Finding
from keras_cnnstats.sweeping.columns import Values

HELD: Mapping[str, tuple[str, str]] = {
    "max_params": ("params", ""),
    "max_trainable_params": ("trainable_params", ""),
    "max_macs": ("macs", "unknown_rows"),
    "max_flops": ("flops", "unknown_rows"),
    "max_train_flops": ("train_flops", "unknown_train_rows"),
    "max_weight_memory": ("param_bytes", ""),
    "max_activation_memory": ("peak_activation_bytes", ""),
    "max_inference_memory": ("inference_bytes", ""),
    "max_training_memory": ("training_bytes", ""),
    "min_receptive_field": ("rf", ""),
    "max_unexplained": ("unexplained", ""),
    "max_unknown": ("unknown_rows", ""),
}
"""The column that each budget is held against, and that of the rows of which it is unknown."""


def keeps(row: Values, allowed: Mapping[str, int]) -> bool:
    """Returns whether a model keeps all budgets for certain."""
    return all(_finding(row, name, amount).is_kept for name, amount in allowed.items())


def _finding(row: Values, name: str, amount: int) -> Finding:
    column, unknown = HELD[name]
    return Finding(LIMITS[name], amount, row[column], row[unknown] if unknown else 0)
