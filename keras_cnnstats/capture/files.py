"""Models of configurations as Keras 2 wrote them, and as Keras 3 still writes them into HDF5."""

from collections.abc import Mapping
from typing import Any

from keras.src.legacy.saving import saving_options, saving_utils
from keras.src.saving.serialization_lib import SafeModeScope


def model_of_legacy(configuration: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> Any:
    """Returns the model of a configuration that names no modules."""
    with saving_options.keras_option_scope(use_legacy_config=True), SafeModeScope(True):
        return saving_utils.model_from_config(_with_tuples(configuration), custom_objects=dict(custom_objects))


def _with_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("class_name") == "__tuple__":
            return tuple(_with_tuples(item) for item in value["items"])
        return {key: _with_tuples(item) for key, item in value.items()}
    return [_with_tuples(item) for item in value] if isinstance(value, list) else value
