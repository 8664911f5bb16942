"""Saving and loading, and the names that files may use."""

from typing import Any

from ..io.names import (
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from ..io.objects import UnregisteredError, deserialize, serialize
from ..nn.saving import load_model, load_weights, save_model, save_weights

__all__ = [
    "CustomObjectScope", "UnregisteredError", "custom_object_scope", "deserialize_keras_object", "get_custom_objects",
    "get_registered_name", "get_registered_object", "load_model", "load_weights", "register_keras_serializable", "save_model",
    "save_weights", "serialize_keras_object",
]  # fmt: skip

CustomObjectScope = custom_object_scope


def serialize_keras_object(obj: Any) -> Any:
    """An object, function or nested value as plain data; see ``io.objects.serialize``."""
    return serialize(obj)


def deserialize_keras_object(config: Any, custom_objects: Any = None, safe_mode: bool = True) -> Any:
    """What ``serialize_keras_object`` made the data from; see ``io.objects.deserialize``."""
    if not safe_mode:
        raise ValueError(
            "deserialize_keras_object: safe_mode=False would run code, and data holds none here. Leave it out."
        )
    return deserialize(config, custom_objects)
