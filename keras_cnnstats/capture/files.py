"""Models of configurations: shared layers stay shared, and Keras' safe mode holds whatever the process has set."""

from collections.abc import Mapping
from typing import Any

from keras.src.legacy.saving import saving_options, saving_utils
from keras.src.saving.serialization_lib import ObjectSharingScope, SafeModeScope, deserialize_keras_object


def model_of_configuration(configuration: Mapping[str, Any], custom_objects: Mapping[str, Any]) -> Any:
    """Returns what a configuration describes.

    Keras 2 named no modules in it, and Keras 3 names none where it writes HDF5.
    """
    given = dict(custom_objects)
    if "module" in configuration or "registered_name" in configuration:
        with SafeModeScope(True), ObjectSharingScope():
            return deserialize_keras_object(configuration, custom_objects=given, safe_mode=True)
    with saving_options.keras_option_scope(use_legacy_config=True), SafeModeScope(True), ObjectSharingScope():
        return saving_utils.model_from_config(_with_tuples(configuration), custom_objects=given)


def _with_tuples(value: Any) -> Any:
    if isinstance(value, dict):
        if value.get("class_name") == "__tuple__":
            return tuple(_with_tuples(item) for item in value["items"])
        return {key: _with_tuples(item) for key, item in value.items()}
    return [_with_tuples(item) for item in value] if isinstance(value, list) else value
